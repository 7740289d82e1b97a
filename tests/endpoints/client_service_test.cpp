#include <wring/endpoints/client_service.hpp>

#include <wring/endpoints/registry.hpp>
#include <wring/tests/endpoints/client_service_fixture.hpp>
#include <wring/tests/support/folder.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;

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
