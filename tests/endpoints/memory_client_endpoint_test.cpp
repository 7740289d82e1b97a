#include <wring/endpoints/memory_client_endpoint.hpp>

#include <wring/deferred/start.hpp>
#include <wring/endpoints/connect_protocol.hpp>
#include <wring/net/stream_pair.hpp>
#include <wring/runtime/simulation.hpp>
#include <wring/tests/support/streams.hpp>

#include <stdexcept>

namespace wring {
namespace {

using testing::MemoryAttempt;
using testing::MemoryClientEndpoint;
using testing::MemoryConnection;
using testing::Record;
using testing::Recorder;

/// A factory whose every step a test decides.
class ClientsFactory final : public Factory {
 public:
    enum class Build { protocol, nothing, error };
    explicit ClientsFactory(Record* record) : record_(record) {}
    Ref<IProtocol> buildProtocol(const Address&) override {
        if (build == Build::error) throw std::runtime_error("nothing to build");
        if (build == Build::nothing) return nullptr;
        return makeRef<Recorder>(record_);
    }
    void startFactory() override {
        if (failsToStart) throw std::runtime_error("no start");
    }
    Build build = Build::protocol;
    bool failsToStart = false;

 private:
    Record* record_;
};

class MemoryClientEndpointTest : public ::testing::Test {
 protected:
    /// Begins an attempt, whose end is written into end_.
    void connect() { watch(endpoint_->connect(factory_)); }
    template <class T>
    void watch(Deferred<T> deferred) {
        cancel_ = [deferred] { deferred.cancel(); };
        deferred.addBoth([this](Result<T> result) {
            end_ = result ? "connected" : result.error().className();
            text_ = result ? "" : result.error().getErrorMessage();
            madeBefore_ = record_.made;
        });
    }
    MemoryAttempt& attempt() { return *endpoint_->attempts().back(); }
    void expectOver(const std::string& end) {
        EXPECT_EQ(end_, end);
        EXPECT_EQ(factory_->numPorts(), 0);
        EXPECT_FALSE(attempt().isPending());
        EXPECT_EQ(endpoint_->pending(), 0u);
        EXPECT_THROW(attempt().succeed(), UsageError);
        EXPECT_THROW(attempt().fail(), UsageError);
    }

    Record record_;
    Ref<ClientsFactory> factory_ = makeRef<ClientsFactory>(&record_);
    Ref<MemoryClientEndpoint> endpoint_ = makeRef<MemoryClientEndpoint>(Address::loopback4(80));
    std::function<void()> cancel_;
    std::string end_;
    std::string text_;
    int madeBefore_ = -1;
};

TEST_F(MemoryClientEndpointTest, writesDownEachAttemptAndDecidesNothing) {
    connect();
    connect();
    EXPECT_EQ(end_, "");
    EXPECT_EQ(endpoint_->attempts().size(), 2u);
    EXPECT_EQ(endpoint_->pending(), 2u);
    EXPECT_EQ(attempt().factory().get(), factory_.get());
    EXPECT_TRUE(attempt().isPending());
    EXPECT_EQ(factory_->numPorts(), 2);
    endpoint_->attempts()[0]->fail();
    EXPECT_EQ(endpoint_->pending(), 1u);
}

TEST_F(MemoryClientEndpointTest, anAttemptSucceedsWithTheProtocolOfTheFactory) {
    connect();
    Ref<MemoryConnection> connection = attempt().succeed();
    EXPECT_EQ(end_, "connected");
    EXPECT_EQ(madeBefore_, 1) << "who waits goes on after connectionMade()";
    EXPECT_EQ(connection->transport().getPeer(), Address::loopback4(80));
    connection->receive("data");
    EXPECT_EQ(record_.received, "data");
    EXPECT_EQ(factory_->numPorts(), 1);
    connection->lose();
    expectOver("connected");
}

TEST_F(MemoryClientEndpointTest, anAttemptFailsAsTheTestSays) {
    connect();
    attempt().fail();
    expectOver("ConnectionRefusedError");
    connect();
    attempt().fail(DNSLookupError(0, "resolve", "no such name"));
    expectOver("DNSLookupError");
}

TEST_F(MemoryClientEndpointTest, anAttemptThatIsCancelledKnowsIt) {
    connect();
    cancel_();
    EXPECT_TRUE(attempt().isCancelled());
    EXPECT_NE(text_.find("127.0.0.1:80"), std::string::npos);
    expectOver("ConnectingCancelledError");
}

TEST_F(MemoryClientEndpointTest, aCancelAfterTheEndChangesNothing) {
    connect();
    auto connection = attempt().succeed();
    cancel_();
    EXPECT_FALSE(attempt().isCancelled());
    EXPECT_TRUE(connection->isOpen());
    EXPECT_EQ(end_, "connected");
}

TEST_F(MemoryClientEndpointTest, aCancelMayComeAfterTheEndpointHasGone) {
    connect();
    endpoint_ = nullptr;
    cancel_();
    EXPECT_EQ(end_, "ConnectingCancelledError");
    EXPECT_EQ(factory_->numPorts(), 0);
}

struct Mistake {
    const char* name;
    ClientsFactory::Build build;
    bool throwsWhenMade;
    const char* end;
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

class MemoryAttemptMistakeTest : public MemoryClientEndpointTest,
                                 public ::testing::WithParamInterface<Mistake> {};

TEST_P(MemoryAttemptMistakeTest, isToldToWhoWaits) {
    factory_->build = GetParam().build;
    if (GetParam().throwsWhenMade) {
        record_.onMade = [](Recorder&) { throw ConnectError(0, "greet", "not with me"); };
    }
    connect();
    EXPECT_FALSE(attempt().succeed());
    EXPECT_NE(end_.find(GetParam().end), std::string::npos) << end_;
    EXPECT_EQ(record_.made, record_.lost);
    expectOver(end_);
}

INSTANTIATE_TEST_SUITE_P(
    Factories, MemoryAttemptMistakeTest,
    ::testing::Values(
        Mistake{"noProtocol", ClientsFactory::Build::nothing, false, "NoProtocol"},
        Mistake{"throwsInBuild", ClientsFactory::Build::error, false, "runtime_error"},
        Mistake{"throwsWhenMade", ClientsFactory::Build::protocol, true, "ConnectError"}),
    [](const auto& each) { return std::string(each.param.name); });

TEST_F(MemoryClientEndpointTest, eachAttemptFailsAtOnceUntilTheTestDecides) {
    endpoint_->failWith(Failure::of<NoRouteError>());
    connect();
    expectOver("NoRouteError");
    watch(endpoint_->connectStream());
    EXPECT_EQ(end_, "NoRouteError");
    endpoint_->decide();
    end_.clear();
    connect();
    EXPECT_EQ(end_, "");
    EXPECT_EQ(endpoint_->attempts().size(), 3u);
}

TEST_F(MemoryClientEndpointTest, aFactoryThatCannotStartIsNoAttempt) {
    factory_->failsToStart = true;
    connect();
    EXPECT_NE(end_.find("runtime_error"), std::string::npos);
    EXPECT_TRUE(endpoint_->attempts().empty());
}

TEST_F(MemoryClientEndpointTest, connectsAProtocolThatExists) {
    auto protocol = makeRef<Recorder>(&record_);
    Ref<IProtocol> plain = protocol;
    watch(connectProtocol(endpoint_, plain));
    auto connection = attempt().succeed();
    EXPECT_EQ(connection->protocol().get(), protocol.get());
    EXPECT_EQ(record_.made, 1);
}

TEST_F(MemoryClientEndpointTest, theTwoKindsOfAttemptsAreNotMixedUp) {
    Simulation world;
    SimulatedHost& host = world.addHost();
    connect();
    EXPECT_THROW(attempt().succeed(testing::streamPair(host).near), UsageError);
    watch(endpoint_->connectStream());
    EXPECT_FALSE(attempt().factory());
    EXPECT_THROW(attempt().succeed(), UsageError);
    EXPECT_TRUE(attempt().isPending());
    cancel_();
    EXPECT_EQ(end_, "ConnectingCancelledError");
    EXPECT_TRUE(attempt().isCancelled());
}

Task<> talk(Ref<IStreamClientEndpoint> endpoint, std::string* got) {
    Stream stream = co_await endpoint->connectStream();
    co_await stream.write("ping");
    Bytes chunk = co_await stream.read();
    *got = chunk.text();
}

Task<> answer(Stream stream) {
    Bytes chunk = co_await stream.read();
    co_await stream.write("answer to " + std::string(chunk.text()));
}

TEST_F(MemoryClientEndpointTest, aCoroutineTalksOverAPairOfStreams) {
    std::string got;
    Simulation world;
    SimulatedHost& here = world.addHost();
    SimulatedHost& there = world.addHost();
    auto ends = testing::streamPair(here, there);
    there.reactor().callWhenRunning([&] { start(answer(std::move(ends.far))); });
    here.reactor().callWhenRunning([&] {
        start(talk(endpoint_, &got));
        attempt().succeed(std::move(ends.near));
    });
    world.runFor(std::chrono::seconds(1));
    EXPECT_EQ(got, "answer to ping");
    EXPECT_EQ(world.violations(), std::vector<std::string>{});
}

}  // namespace
}  // namespace wring
