#include <wring/endpoints/client_service.hpp>

#include <wring/endpoints/memory_client_endpoint.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/runtime/clock.hpp>
#include <wring/tests/endpoints/service_record.hpp>
#include <wring/tests/support/folder.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <algorithm>
#include <sstream>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;

/// An endpoint whose attempts may go on although they were told to end, as one does that has got
/// its connection already.
class StubbornEndpoint final : public IStreamClientEndpoint {
 public:
    explicit StubbornEndpoint(Ref<IStreamClientEndpoint> real) : real_(std::move(real)) {}
    Deferred<Ref<IProtocol>> connect(Ref<IFactory> factory) override {
        Deferred<Ref<IProtocol>> inner = real_->connect(std::move(factory));
        if (!isStubborn) return inner;
        Deferred<Ref<IProtocol>> outer;
        outer.state()->setCanceller([](auto&) {}, true);
        inner.addBoth(
            [outer](Result<Ref<IProtocol>> result) mutable { outer.callback(std::move(result)); });
        return outer;
    }
    Deferred<Stream> connectStream() override { return real_->connectStream(); }
    bool isStubborn = false;

 private:
    Ref<IStreamClientEndpoint> real_;
};

class ClientServiceTest : public ::testing::Test {
 protected:
    ClientServiceTest() { service_->setClock(clock_); }
    ~ClientServiceTest() override {
        service_ = nullptr;
        for (const auto& each : endpoint_->attempts()) {
            if (each->isPending()) each->fail();
        }
        if (connection_) connection_->lose();
    }

    /// Does what each word says; "Later" is by an attempt that ignores its cancellation.
    void perform(const std::string& words) {
        std::istringstream each(words);
        for (std::string word; each >> word;) performOne(word);
    }
    void performOne(const std::string& word) {
        if (word == "start") service_->startService();
        if (word == "stop") stop();
        if (word == "connected") connection_ = attempt().succeed();
        if (word == "failed") attempt().fail();
        if (word == "lost") connection_->lose();
        if (word == "timer") clock_.advance(delay_);
        if (word == "stubborn") stubborn_->isStubborn = true;
    }
    void stop() {
        ++stops_;
        service_->stopService().addBoth([this](Result<void> result) {
            EXPECT_TRUE(result.has_value());
            ++stopped_;
        });
    }
    MemoryAttempt& attempt() { return *endpoint_->attempts().back(); }
    std::size_t attempts() const { return endpoint_->attempts().size(); }
    void connectionIs(const std::string& what) {
        bool isOpen = connection_ && connection_->isOpen();
        bool isClosing = isOpen && connection_->transport().disconnecting();
        EXPECT_EQ(what, isClosing ? "closing" : isOpen ? "open" : "none");
    }
    void wait(std::optional<unsigned> failures = {}) {
        ends_.emplace_back("waits");
        service_->whenConnected(failures).addBoth(
            [this, at = ends_.size() - 1](const Result<Ref<IProtocol>>& result) {
                bool isOurs = result && (*result).get() == record_.protocol;
                ends_[at] = isOurs ? "connected" : result ? "?" : result.error().className();
            });
    }

    CapturedLog log_;
    Clock clock_;
    Record record_;
    Duration delay_ = 7s;
    std::vector<unsigned> failures_;  // that the policy was told
    Strings ends_;                    // of those who wait to be connected
    int stops_ = 0;
    int stopped_ = 0;
    Ref<MemoryConnection> connection_;
    Ref<MemoryClientEndpoint> endpoint_ = makeRef<MemoryClientEndpoint>();
    Ref<StubbornEndpoint> stubborn_ = makeRef<StubbornEndpoint>(endpoint_);
    Ref<IFactory> factory_ = factory<Recorder>(&record_);
    Ref<ClientService> service_ =
        makeRef<ClientService>(stubborn_, factory_, [this](unsigned failures) {
            failures_.push_back(failures);
            return delay_;
        });
};

/// A cell of the table: what leads to the state, the event, and what is to be seen then.
struct Cell {
    const char* name;
    const char* state;
    const char* event;
    std::size_t attempts;
    std::size_t pending;
    const char* connection;
    std::size_t timers;
    int stopped;  // of those who asked
    bool runs;
    const char* waiter;  // what one who has waited from the beginning was told
};
void PrintTo(const Cell& cell, std::ostream* out) { *out << cell.name; }

class ClientServiceStateTest : public ClientServiceTest,
                               public ::testing::WithParamInterface<Cell> {};

TEST_P(ClientServiceStateTest, followsTheTable) {
    const Cell& cell = GetParam();
    wait();
    perform(cell.state);
    perform(cell.event);
    EXPECT_EQ(attempts(), cell.attempts);
    EXPECT_EQ(endpoint_->pending(), cell.pending);
    connectionIs(cell.connection);
    EXPECT_EQ(clock_.getDelayedCalls().size(), cell.timers);
    EXPECT_EQ(stopped_, cell.stopped);
    EXPECT_EQ(service_->running(), cell.runs);
    EXPECT_EQ(ends_[0], cell.waiter);
}

const char* const disconnecting = "start connected stop";
const char* const stubborn = "stubborn start stop";
const char* const restarting = "start connected stop start";
const char* const stubbornRestart = "stubborn start stop start";

INSTANTIATE_TEST_SUITE_P(
    Table, ClientServiceStateTest,
    ::testing::Values(
        Cell{"InitStart", "", "start", 1, 1, "none", 0, 0, true, "waits"},
        Cell{"InitStop", "", "stop", 0, 0, "none", 0, 1, false, "CancelledError"},
        Cell{"ConnectingStart", "start", "start", 1, 1, "none", 0, 0, true, "waits"},
        Cell{"ConnectingStop", "start", "stop", 1, 0, "none", 0, 1, false, "CancelledError"},
        Cell{"ConnectingConnected", "start", "connected", 1, 0, "open", 0, 0, true, "connected"},
        Cell{"ConnectingFailed", "start", "failed", 1, 0, "none", 1, 0, true, "waits"},
        Cell{"WaitingStart", "start failed", "start", 1, 0, "none", 1, 0, true, "waits"},
        Cell{"WaitingStop", "start failed", "stop", 1, 0, "none", 0, 1, false, "CancelledError"},
        Cell{"WaitingTimer", "start failed", "timer", 2, 1, "none", 0, 0, true, "waits"},
        Cell{"ConnectedStart", "start connected", "start", 1, 0, "open", 0, 0, true, "connected"},
        Cell{"ConnectedStop", "start connected", "stop", 1, 0, "closing", 0, 0, false, "connected"},
        Cell{"ConnectedLost", "start connected", "lost", 1, 0, "none", 1, 0, true, "connected"},
        Cell{"DisconnectingStart", disconnecting, "start", 1, 0, "closing", 0, 0, true,
             "connected"},
        Cell{"DisconnectingStop", disconnecting, "stop", 1, 0, "closing", 0, 0, false, "connected"},
        Cell{"DisconnectingLost", disconnecting, "lost", 1, 0, "none", 0, 1, false, "connected"},
        Cell{"DisconnectingStopLost", disconnecting, "stop lost", 1, 0, "none", 0, 2, false,
             "connected"},
        Cell{"DisconnectingFailed", stubborn, "failed", 1, 0, "none", 0, 1, false,
             "CancelledError"},
        Cell{"DisconnectingConnected", stubborn, "connected", 1, 0, "closing", 0, 0, false,
             "waits"},
        Cell{"DisconnectingConnectedLost", stubborn, "connected lost", 1, 0, "none", 0, 1, false,
             "CancelledError"},
        Cell{"RestartingStart", restarting, "start", 1, 0, "closing", 0, 0, true, "connected"},
        Cell{"RestartingStop", restarting, "stop", 1, 0, "closing", 0, 0, false, "connected"},
        Cell{"RestartingStopLost", restarting, "stop lost", 1, 0, "none", 0, 2, false, "connected"},
        Cell{"RestartingLost", restarting, "lost", 2, 1, "none", 0, 1, true, "connected"},
        Cell{"RestartingFailed", stubbornRestart, "failed", 2, 1, "none", 0, 1, true, "waits"},
        Cell{"RestartingConnected", stubbornRestart, "connected", 1, 0, "closing", 0, 0, true,
             "waits"},
        Cell{"RestartingConnectedLost", stubbornRestart, "connected lost", 2, 1, "none", 0, 1, true,
             "waits"},
        Cell{"StoppedStart", "start stop", "start", 2, 1, "none", 0, 1, true, "CancelledError"},
        Cell{"StoppedStop", "start stop", "stop", 1, 0, "none", 0, 2, false, "CancelledError"}),
    [](const auto& each) { return std::string(each.param.name); });

TEST_F(ClientServiceTest, aDuplicateStartIsLogged) {
    perform("start start");
    EXPECT_TRUE(log_.has("Duplicate ClientService.startService"));
}

TEST_F(ClientServiceTest, waitsLongerWithEachFailureUntilThereIsASuccess) {
    perform("start failed timer failed timer failed timer connected lost timer failed");
    EXPECT_EQ(failures_, (std::vector<unsigned>{1, 2, 3, 1, 2}));
    perform("stop start failed");
    EXPECT_EQ(failures_.back(), 1u);
}

TEST_F(ClientServiceTest, waitsAsLongAsThePolicySays) {
    perform("start failed");
    clock_.advance(delay_ - 1ns);
    EXPECT_EQ(attempts(), 1u);
    clock_.advance(1ns);
    EXPECT_EQ(attempts(), 2u);
}

TEST_F(ClientServiceTest, aPolicyThatThrowsOrIsEarlyDoesNoHarm) {
    delay_ = -1s;
    perform("start failed");
    clock_.advance(0s);
    EXPECT_EQ(attempts(), 2u);
    service_ = makeRef<ClientService>(
        endpoint_, factory_, [](unsigned) -> Duration { throw std::runtime_error("no idea"); });
    service_->setClock(clock_);
    perform("start failed");
    EXPECT_TRUE(log_.has("no idea"));
    clock_.advance(1min);
    EXPECT_EQ(attempts(), 4u);
}

TEST_F(ClientServiceTest, theProtocolHearsOfALossBeforeTheServiceReacts) {
    std::size_t timers = 99;
    record_.onLost = [&](Recorder&) { timers = clock_.getDelayedCalls().size(); };
    perform("start connected lost");
    EXPECT_EQ(timers, 0u);
    EXPECT_EQ(clock_.getDelayedCalls().size(), 1u);
}

TEST_F(ClientServiceTest, theFactoryIsToldThatItIsUsed) {
    auto* counted = dynamic_cast<Factory*>(factory_.get());
    perform("start");
    EXPECT_EQ(counted->numPorts(), 1);
    perform("connected lost");
    EXPECT_EQ(counted->numPorts(), 0);
}

/// A factory that builds nothing, or cannot even begin.
class RefusingFactory final : public Factory {
 public:
    void startFactory() override {
        if (failsToStart) throw std::runtime_error("no start");
    }
    Ref<IProtocol> buildProtocol(const Address&) override {
        if (throws) throw std::runtime_error("nothing to build");
        return nullptr;
    }
    bool throws = false;
    bool failsToStart = false;
};

TEST_F(ClientServiceTest, aRefusalByTheFactoryIsAFailure) {
    auto refusing = makeRef<RefusingFactory>();
    service_ = makeRef<ClientService>(endpoint_, refusing, [](unsigned) { return 1s; });
    service_->setClock(clock_);
    delay_ = 1s;
    std::vector<Strings> told;
    for (int round = 0; round < 3; ++round) {
        ends_.clear();
        refusing->throws = round == 1;
        refusing->failsToStart = round == 2;
        wait(1);
        perform(round == 0 ? "start" : "timer");
        if (round < 2) attempt().succeed();
        told.push_back(ends_);
        EXPECT_EQ(clock_.getDelayedCalls().size(), 1u);
    }
    EXPECT_EQ(told[0], Strings{"NoProtocol"});
    EXPECT_NE(told[1][0].find("runtime_error"), std::string::npos);
    EXPECT_NE(told[2][0].find("runtime_error"), std::string::npos);
}

TEST_F(ClientServiceTest, whoWaitsIsToldInOrderOfTheNextConnection) {
    Strings order;
    for (const char* name : {"first", "second", "third"}) {
        service_->whenConnected().addCallback(
            [&order, name](const Ref<IProtocol>&) { order.emplace_back(name); });
    }
    perform("start failed timer connected");
    EXPECT_EQ(order, (Strings{"first", "second", "third"}));
}

TEST_F(ClientServiceTest, whoAsksWhileThereIsAConnectionIsToldAtOnce) {
    perform("start connected");
    wait();
    wait(1);
    EXPECT_EQ(ends_, (Strings{"connected", "connected"}));
    perform("lost");
    wait();
    EXPECT_EQ(ends_.back(), "waits");
    perform("timer connected");
    EXPECT_EQ(ends_.back(), "connected");
}

TEST_F(ClientServiceTest, aLimitOfFailuresIsCountedFromTheCall) {
    perform("start failed timer");
    wait(1);
    wait(2);
    wait(0);
    wait();
    perform("failed");
    wait(1);
    const std::string refused = "ConnectionRefusedError";
    EXPECT_EQ(ends_, (Strings{refused, "waits", refused, "waits", "waits"}));
    perform("timer failed");
    EXPECT_EQ(ends_, (Strings{refused, refused, refused, "waits", refused}));
    perform("timer connected");
    EXPECT_EQ(ends_[3], "connected");
}

TEST_F(ClientServiceTest, whoAsksWhenItHasStoppedIsRefused) {
    perform("start stop");
    wait();
    EXPECT_EQ(ends_, Strings{"CancelledError"});
    perform("start");
    wait();
    EXPECT_EQ(ends_[1], "waits");
}

TEST_F(ClientServiceTest, whoAsksDuringAStopSurvivesARestartAndNothingElse) {
    perform("start connected stop");
    wait();
    perform("start lost connected");
    EXPECT_EQ(ends_, Strings{"connected"});
    perform("stop");
    wait();
    perform("lost");
    EXPECT_EQ(ends_[1], "CancelledError");
}

TEST_F(ClientServiceTest, whoGivesUpWaitingLeavesTheServiceAlone) {
    perform("start");
    auto waiting = service_->whenConnected();
    std::string end;
    watch(waiting, end);
    wait();
    waiting.cancel();
    EXPECT_EQ(end, "CancelledError");
    perform("connected");
    EXPECT_EQ(ends_, Strings{"connected"});
    auto told = service_->whenConnected();
    told.cancel();
    watch(told, end);
    EXPECT_EQ(end, "fired");
    connectionIs("open");
}

TEST_F(ClientServiceTest, whoIsToldMayCancelTheNextOneOrStopTheService) {
    std::optional<Deferred<Ref<IProtocol>>> second;
    service_->whenConnected().addCallback([&](const Ref<IProtocol>&) {
        second->cancel();
        stop();
        wait();
    });
    second = service_->whenConnected();
    std::string end;
    watch(*second, end);
    perform("start connected");
    EXPECT_EQ(end, "CancelledError");
    connectionIs("closing");
    EXPECT_EQ(ends_, Strings{"waits"});
    perform("lost");
    EXPECT_EQ(ends_, Strings{"CancelledError"});
    EXPECT_EQ(stopped_, 1);
}

TEST_F(ClientServiceTest, whoIsToldOfAStopMayStartOrStopAgain) {
    perform("start connected");
    service_->stopService().addCallback([&] { service_->startService(); });
    perform("lost");
    EXPECT_EQ(attempts(), 2u);
    EXPECT_TRUE(service_->running());
    perform("connected");
    service_->stopService().addCallback([&] { stop(); });
    perform("start lost");
    EXPECT_EQ(attempts(), 2u) << "it was stopped before the new attempt";
    EXPECT_EQ(stopped_, 1);
    EXPECT_FALSE(service_->running());
}

TEST_F(ClientServiceTest, mayBeStoppedFromWithinTheAttempt) {
    record_.onMade = [this](Recorder&) { stop(); };
    perform("start connected");
    connectionIs("closing");
    perform("lost");
    EXPECT_EQ(stopped_, 1);
}

TEST_F(ClientServiceTest, aStopThatIsCancelledGoesOn) {
    perform("start connected");
    auto stopping = service_->stopService();
    std::string end;
    watch(stopping, end);
    stopping.cancel();
    EXPECT_EQ(end, "CancelledError");
    perform("stop lost");
    EXPECT_EQ(stopped_, 1);
    stopping.cancel();
    EXPECT_EQ(end, "CancelledError");
}

TEST_F(ClientServiceTest, destroyedItStops) {
    perform("start");
    wait();
    service_ = nullptr;
    EXPECT_TRUE(attempt().isCancelled());
    EXPECT_EQ(ends_, Strings{"CancelledError"});
}

TEST_F(ClientServiceTest, destroyedItClosesTheConnectionInOrder) {
    perform("start connected");
    service_ = nullptr;
    connectionIs("closing");
    perform("lost");
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
}

TEST_F(ClientServiceTest, destroyedItWaitsForNothingMore) {
    perform("start failed");
    service_ = nullptr;
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
}

class ClientServicePreparationTest : public ClientServiceTest {
 protected:
    ClientServicePreparationTest() {
        service_->setPrepareConnection([this](const Ref<IProtocol>& protocol) {
            EXPECT_EQ(protocol.get(), record_.protocol);
            ++preparations_;
            preparing_ = Deferred<int>();
            return *preparing_;
        });
        wait();
        perform("start connected");
        EXPECT_EQ(ends_, Strings{"waits"}) << "nobody is told before the end of the preparation";
    }
    int preparations_ = 0;
    std::optional<Deferred<int>> preparing_;
};

TEST_F(ClientServicePreparationTest, comesBeforeAnybodyIsTold) {
    preparing_->callback(7);
    EXPECT_EQ(ends_, Strings{"connected"});
    connectionIs("open");
    EXPECT_EQ(preparations_, 1);
    perform("lost timer connected");
    EXPECT_EQ(preparations_, 2);
}

TEST_F(ClientServicePreparationTest, thatFailsIsAFailedAttemptAndClosesTheConnection) {
    wait(1);
    preparing_->errback(std::runtime_error("not this one"));
    EXPECT_EQ(ends_[0], "waits");
    EXPECT_NE(ends_[1].find("runtime_error"), std::string::npos);
    connectionIs("closing");
    EXPECT_EQ(failures_, std::vector<unsigned>{1});
    perform("lost");
    EXPECT_EQ(clock_.getDelayedCalls().size(), 1u) << "the loss counts no second time";
    perform("timer connected");
    preparing_->callback(7);
    EXPECT_EQ(ends_[0], "connected");
}

TEST_F(ClientServicePreparationTest, aLossMeanwhileIsAFailedAttempt) {
    wait(1);
    perform("lost");
    EXPECT_TRUE(preparing_->called());
    EXPECT_EQ(ends_, (Strings{"waits", "ConnectionDone"}));
    EXPECT_EQ(failures_, std::vector<unsigned>{1});
}

TEST_F(ClientServicePreparationTest, aStopCancelsItAndWaitsForTheLoss) {
    perform("stop");
    EXPECT_TRUE(preparing_->called());
    connectionIs("closing");
    EXPECT_EQ(stopped_, 0);
    perform("lost");
    EXPECT_EQ(stopped_, 1);
    EXPECT_EQ(ends_, Strings{"CancelledError"});
}

TEST_F(ClientServicePreparationTest, aStopWaitsForOneThatGoesOn) {
    preparing_->state()->setCanceller([](auto&) {}, true);
    perform("stop lost");
    EXPECT_EQ(stopped_, 0);
    preparing_->callback(7);
    EXPECT_EQ(stopped_, 1);
    EXPECT_EQ(ends_, Strings{"CancelledError"});
}

TEST_F(ClientServiceTest, aPreparationThatThrowsIsAFailedAttempt) {
    service_->setPrepareConnection(
        [](const Ref<IProtocol>&) { throw std::runtime_error("never"); });
    wait(1);
    perform("start connected");
    EXPECT_NE(ends_[0].find("runtime_error"), std::string::npos);
    connectionIs("closing");
}

/// A server on a UNIX socket that can go and come back at its place.
struct RestartingServer {
    explicit RestartingServer(Reactor& reactor)
        : description("unix:" + quoteStringArgument(folder / "server")),
          endpoint(serverFromString(reactor, description)) {}
    Task<> start() { port = co_await endpoint->listen(factory<Recorder>(&served)); }
    /// Loses every connection; nobody listens when this is over.
    Task<> stop() { co_await port->drain(Duration::zero()); }

    Folder folder;
    Record served;
    std::string description;
    Ref<IStreamServerEndpoint> endpoint;
    Ref<IListeningPort> port;
};

using ClientServiceReactorTest = ReactorTest;

TEST_P(ClientServiceReactorTest, comesBackWhenTheServerHasRestarted) {
    run([](Reactor& reactor) -> Task<> {
        RestartingServer server(reactor);
        Record record;
        std::vector<unsigned> failures;
        auto atOnce = [&](unsigned count) {
            failures.push_back(count);
            return Duration::zero();
        };
        auto service = makeRef<ClientService>(clientFromString(reactor, server.description),
                                              factory<Recorder>(&record), atOnce);
        co_await server.start();
        service->startService();
        auto protocol = co_await service->whenConnected();
        EXPECT_EQ(protocol.get(), record.protocol);
        co_await until(reactor, [&] { return server.served.made == 1; });
        co_await server.stop();
        co_await until(reactor, [&] { return failures.size() >= 3; });
        int told = 0;
        service->whenConnected().addCallback([&](const Ref<IProtocol>&) { ++told; });
        EXPECT_EQ(told, 0);
        co_await server.start();
        co_await until(reactor, [&] { return told == 1; });
        co_await until(reactor, [&] { return server.served.made == 2; });
        for (unsigned i = 0; i < failures.size(); ++i) EXPECT_EQ(failures[i], i + 1);
        record.protocol->transport().write("hello");
        co_await until(reactor, [&] { return server.served.received == "hello"; });
        co_await service->stopService();
        EXPECT_EQ(record.lost, 2);
        EXPECT_EQ(told, 1);
        co_await server.port->drain(10s);
    });
}

TEST_P(ClientServiceReactorTest, stopsWhileItWaitsOrConnects) {
    run([](Reactor& reactor) -> Task<> {
        Folder folder;
        Record record;
        std::string nowhere = "unix:" + quoteStringArgument(folder / "nobody");
        auto service =
            makeRef<ClientService>(clientFromString(reactor, nowhere), factory<Recorder>(&record));
        service->startService();
        auto refused = co_await outcome(service->whenConnected(1));
        EXPECT_FALSE(refused);
        co_await service->stopService();
        service->startService();
        co_await service->stopService();
        EXPECT_EQ(record.made, 0);
    });
}

Task<> greet(Ref<IProtocol> protocol, Reactor* reactor) {
    static_cast<Recorder&>(*protocol).transport().write("hello");
    co_await turns(*reactor, 2);
}

TEST_P(ClientServiceReactorTest, preparesByACoroutine) {
    run([](Reactor& reactor) -> Task<> {
        RestartingServer server(reactor);
        co_await server.start();
        Record record;
        auto service = makeRef<ClientService>(clientFromString(reactor, server.description),
                                              factory<Recorder>(&record));
        service->setPrepareConnection(
            [at = &reactor](Ref<IProtocol> protocol) { return greet(std::move(protocol), at); });
        service->startService();
        co_await service->whenConnected();
        co_await until(reactor, [&] { return server.served.received == "hello"; });
        service = nullptr;
        co_await server.port->drain(10s);
        EXPECT_EQ(record.lost, 1);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, ClientServiceReactorTest, ::testing::ValuesIn(bothDrivers()),
                         nameOf);

}  // namespace
}  // namespace wring
