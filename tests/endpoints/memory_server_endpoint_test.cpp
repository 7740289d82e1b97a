#include <wring/endpoints/memory_server_endpoint.hpp>

#include <wring/deferred/start.hpp>
#include <wring/endpoints/memory_client_endpoint.hpp>
#include <wring/net/io_pump.hpp>
#include <wring/net/stream_pair.hpp>
#include <wring/runtime/simulation.hpp>
#include <wring/tests/support/streams.hpp>

#include <memory>
#include <stdexcept>

namespace wring {
namespace {

using testing::IOPump;
using testing::MemoryClientEndpoint;
using testing::MemoryConnection;
using testing::MemoryPort;
using testing::MemoryServerEndpoint;
using testing::Record;
using testing::Recorder;

/// Counts its users, and can refuse to build or to start.
class CountedFactory final : public Factory {
 public:
    explicit CountedFactory(Record* record) : record_(record) {}
    void startFactory() override {
        if (failsToStart) throw std::runtime_error("no start");
    }
    void stopFactory() override {
        ++stops;
        if (failsToStop) throw std::runtime_error("no stop");
    }
    Ref<IProtocol> buildProtocol(const Address& address) override {
        from = address.format();
        if (refuses) return nullptr;
        return makeRef<Recorder>(record_);
    }
    std::string from;
    int stops = 0;
    bool refuses = false;
    bool failsToStart = false;
    bool failsToStop = false;

 private:
    Record* record_;
};

/// What is known of a Deferred's end: "" while it has none.
template <class T>
std::shared_ptr<std::string> watch(Deferred<T> deferred) {
    auto seen = std::make_shared<std::string>();
    deferred.addBoth(
        [seen](Result<T> result) { *seen = result ? "done" : result.error().className(); });
    return seen;
}

class MemoryServerEndpointTest : public ::testing::Test {
 protected:
    Ref<MemoryPort> listen() {
        watch(endpoint_->listen(factory_));
        return endpoint_->ports().back();
    }

    Record record_;
    Ref<CountedFactory> factory_ = makeRef<CountedFactory>(&record_);
    Ref<MemoryServerEndpoint> endpoint_ = makeRef<MemoryServerEndpoint>(Address::loopback4(8080));
};

TEST_F(MemoryServerEndpointTest, writesDownWhoListens) {
    auto end = watch(endpoint_->listen(factory_));
    EXPECT_EQ(*end, "done");
    ASSERT_EQ(endpoint_->ports().size(), 1u);
    ASSERT_EQ(endpoint_->factories().size(), 1u);
    EXPECT_EQ(endpoint_->factories()[0].get(), factory_.get());
    Ref<MemoryPort> port = endpoint_->ports()[0];
    EXPECT_EQ(port->factory().get(), factory_.get());
    EXPECT_TRUE(port->isListening());
    EXPECT_FALSE(port->stopped().isSet());
    EXPECT_EQ(port->getHost(), Address::loopback4(8080));
    EXPECT_EQ(factory_->numPorts(), 1);
}

TEST_F(MemoryServerEndpointTest, failsToListenUntilItIsToSucceed) {
    endpoint_->failWith(CannotListenError("127.0.0.1", "8080", EADDRINUSE));
    EXPECT_EQ(*watch(endpoint_->listen(factory_)), "CannotListenError");
    EXPECT_EQ(endpoint_->factories().size(), 1u);
    EXPECT_TRUE(endpoint_->ports().empty());
    EXPECT_EQ(factory_->numPorts(), 0);
    endpoint_->succeed();
    EXPECT_EQ(*watch(endpoint_->listen(factory_)), "done");
}

TEST_F(MemoryServerEndpointTest, failsWithWhatTheFactoryThrows) {
    factory_->failsToStart = true;
    auto end = watch(endpoint_->listen(factory_));
    EXPECT_NE(end->find("runtime_error"), std::string::npos);
    EXPECT_TRUE(endpoint_->ports().empty());
}

TEST_F(MemoryServerEndpointTest, aClientIsServedByWhatTheFactoryBuilds) {
    Ref<MemoryPort> port = listen();
    auto client = port->accept(Address::loopback4(5));
    EXPECT_EQ(factory_->from, "127.0.0.1:5");
    EXPECT_EQ(client->transport().getHost(), port->getHost());
    EXPECT_EQ(client->transport().getPeer(), Address::loopback4(5));
    client->receive("hello");
    EXPECT_EQ(record_.received, "hello");
    EXPECT_EQ(port->connections(), 1u);
    client->lose();
    EXPECT_EQ(port->connections(), 0u);
    EXPECT_EQ(port->accepted().size(), 1u);
}

TEST_F(MemoryServerEndpointTest, aClientThatTheFactoryRefusesHasNoConnection) {
    Ref<MemoryPort> port = listen();
    factory_->refuses = true;
    EXPECT_FALSE(port->accept());
    EXPECT_EQ(port->connections(), 0u);
}

TEST_F(MemoryServerEndpointTest, aClientWhoseProtocolThrowsIsLost) {
    Ref<MemoryPort> port = listen();
    record_.onMade = [](Recorder&) { throw std::runtime_error("not today"); };
    EXPECT_THROW(port->accept(), std::runtime_error);
    EXPECT_EQ(record_.lost, 1);
    EXPECT_EQ(port->connections(), 0u);
}

TEST_F(MemoryServerEndpointTest, aPortThatWasStoppedAcceptsNobodyUntilItListensAgain) {
    Ref<MemoryPort> port = listen();
    auto client = port->accept();
    EXPECT_EQ(*watch(port->stopListening()), "done");
    EXPECT_EQ(*watch(port->stopListening()), "done");
    EXPECT_EQ(port->stops(), 2);
    EXPECT_EQ(factory_->stops, 1);
    EXPECT_TRUE(port->stopped().isSet());
    EXPECT_TRUE(client->isOpen());
    EXPECT_THROW(port->accept(), UsageError);
    port->startListening();
    port->startListening();
    EXPECT_EQ(factory_->numPorts(), 1);
    EXPECT_TRUE(port->accept());
}

TEST_F(MemoryServerEndpointTest, aStopCanBeHeld) {
    Ref<MemoryPort> port = listen();
    port->holdStopping();
    auto first = watch(port->stopListening());
    auto second = watch(port->stopListening());
    EXPECT_EQ(*first + *second, "");
    EXPECT_FALSE(port->isListening());
    EXPECT_FALSE(port->stopped().isSet());
    EXPECT_EQ(factory_->numPorts(), 1);
    EXPECT_THROW(port->startListening(), UsageError);
    port->finishStopping();
    EXPECT_EQ(*first + *second, "donedone");
    EXPECT_EQ(factory_->stops, 1);
    EXPECT_THROW(port->finishStopping(), UsageError);
}

TEST_F(MemoryServerEndpointTest, aStopThatIsCancelledStopsAllTheSame) {
    Ref<MemoryPort> port = listen();
    port->holdStopping();
    Deferred<> stopping = port->stopListening();
    auto end = watch(stopping);
    stopping.cancel();
    EXPECT_EQ(*end, "CancelledError");
    port->finishStopping();
    EXPECT_TRUE(port->stopped().isSet());
}

TEST_F(MemoryServerEndpointTest, aStopFailsWithWhatTheFactoryThrows) {
    Ref<MemoryPort> port = listen();
    factory_->failsToStop = true;
    EXPECT_NE(watch(port->stopListening())->find("runtime_error"), std::string::npos);
    EXPECT_TRUE(port->stopped().isSet());
}

TEST_F(MemoryServerEndpointTest, aDrainWaitsForTheConnections) {
    Ref<MemoryPort> port = listen();
    auto first = port->accept(), second = port->accept();
    auto end = watch(port->drain(std::chrono::seconds(3)));
    EXPECT_FALSE(port->isListening());
    EXPECT_EQ(port->drainLimit(), std::chrono::seconds(3));
    first->lose();
    EXPECT_EQ(*end, "");
    second->lose();
    EXPECT_EQ(*end, "done");
}

TEST_F(MemoryServerEndpointTest, aDrainThatIsCancelledAbortsWhatIsLeft) {
    Ref<MemoryPort> port = listen();
    auto client = port->accept();
    Deferred<> draining = port->drain(std::chrono::seconds(3));
    auto end = watch(draining);
    draining.cancel();
    EXPECT_EQ(*end, "CancelledError");
    EXPECT_TRUE(client->reason()->check<ConnectionAborted>());
    draining.cancel();
    EXPECT_EQ(*watch(port->drain(Duration::zero())), "done") << "nothing is left";
}

TEST_F(MemoryServerEndpointTest, theTestMayEndTheLimitOfADrain) {
    Ref<MemoryPort> port = listen();
    port->accept();
    auto end = watch(port->drain(std::chrono::seconds(3)));
    port->abortConnections();
    EXPECT_EQ(*end, "done");
    EXPECT_EQ(record_.lost, 1);
}

TEST_F(MemoryServerEndpointTest, aPortMayGoBeforeItsConnections) {
    auto client = listen()->accept();
    endpoint_ = nullptr;
    client->receive("still");
    client->lose();
    EXPECT_EQ(record_.received, "still");
}

TEST_F(MemoryServerEndpointTest, aPumpJoinsAServerAndAClient) {
    Record clientRecord;
    auto dial = makeRef<MemoryClientEndpoint>(Address::loopback4(8080));
    record_.onData = [](Recorder& self, std::string_view text) { self.transport().write(text); };
    clientRecord.onMade = [](Recorder& self) { self.transport().write("echo"); };
    Ref<MemoryPort> port = listen();
    watch(dial->connect(factory<Recorder>(&clientRecord)));
    Ref<MemoryConnection> server = port->accept();
    IOPump pump(server, dial->attempts()[0]->succeed());
    EXPECT_TRUE(pump.flush());
    EXPECT_EQ(clientRecord.received, "echo");
    pump.client().transport().loseConnection();
    pump.flush();
    EXPECT_EQ(port->connections(), 0u);
}

Task<> greet(Stream stream, std::string* got) {
    Bytes chunk = co_await stream.read();
    *got = chunk.text();
}

Task<> say(Stream stream) { co_await stream.write("x"); }

TEST_F(MemoryServerEndpointTest, aCoroutineServesASimulatedConnection) {
    std::string got;
    Simulation world;
    SimulatedHost& host = world.addHost();
    watch(endpoint_->listen(serve(greet, &got)));
    Ref<MemoryPort> port = endpoint_->ports()[0];
    host.reactor().callWhenRunning([&] {
        auto ends = testing::socketPair(host, host);
        port->accept(std::move(ends.near));
        start(say(Stream(std::move(ends.far))));
    });
    world.runFor(std::chrono::seconds(1));
    EXPECT_EQ(got, "x");
    port->stopListening();
    EXPECT_THROW(port->accept(testing::socketPair(host, host).near), UsageError);
}

}  // namespace
}  // namespace wring
