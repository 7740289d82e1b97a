#include <wring/endpoints/connector.hpp>

#include <wring/net/errors.hpp>
#include <wring/runtime/clock.hpp>
#include <wring/tests/endpoints/client_record.hpp>
#include <wring/tests/support/streams.hpp>
#include <wring/tests/support/string_transport.hpp>

#include <gtest/gtest.h>
#include <new>
#include <optional>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using State = IConnector::State;

/// An endpoint whose attempts the test ends.
class FakeEndpoint final : public IStreamClientEndpoint {
 public:
    Deferred<Ref<IProtocol>> connect(Ref<IFactory> factory) override {
        if (throws) throw std::runtime_error("an endpoint's fault");
        ++attempts;
        factory_ = std::move(factory);
        connecting_.emplace([this](Deferred<Ref<IProtocol>>&) { ++cancelled; });
        return *connecting_;
    }
    Deferred<Stream> connectStream() override { return fail<Stream>(Failure::of<UsageError>()); }

    /// As an endpoint does when there is a connection.
    void succeed() {
        Ref<IFactory> factory = std::move(factory_);
        try {
            protocol = factory->buildProtocol(Address::loopback4(1));
        } catch (...) {
            return connecting_->errback();
        }
        if (!protocol) return connecting_->errback(Failure::of<NoProtocol>());
        transport = makeRef<StringTransport>();
        protocol->makeConnection(transport);
        connecting_->callback(protocol);
    }
    void refuse() {
        factory_ = nullptr;
        connecting_->errback(Failure::of<ConnectionRefusedError>());
    }
    /// As an endpoint does that finds no memory for a transport.
    void buildAndFail() {
        Ref<IFactory> factory = std::move(factory_);
        factory->buildProtocol(Address::loopback4(1));
        connecting_->errback(std::bad_alloc());
    }
    /// As a transport does when its connection ends.
    void lose(const Failure& reason) {
        transport->disconnect();
        Ref<IProtocol> last = std::move(protocol);
        last->connectionLost(reason);
        last->lost().set();
    }
    /// The factory that it was given stays here until one of these.
    bool isAsked() const noexcept { return static_cast<bool>(factory_); }
    void forget() { factory_ = nullptr; }

    bool throws = false;
    int attempts = 0;
    int cancelled = 0;
    Ref<IProtocol> protocol;
    Ref<StringTransport> transport;

 private:
    Ref<IFactory> factory_;
    std::optional<Deferred<Ref<IProtocol>>> connecting_;
};

class ConnectorTest : public ::testing::Test {
 protected:
    ~ConnectorTest() override {
        record_.on = nullptr;
        if (connector_ && connector_->state() == State::connecting) connector_->stopConnecting();
        endpoint_->forget();
    }
    void connect() {
        connector_ = connectEndpoint(clock_, endpoint_, Destination("example.com", 80), factory_);
    }
    /// An attempt that the endpoint has begun.
    void begin() {
        connect();
        clock_.advance(0s);
    }
    void establish() {
        begin();
        endpoint_->succeed();
    }
    /// What the factory does when it hears of `event`, the first time.
    void once(std::string event, std::function<void()> reaction) {
        record_.on = [this, event, reaction](const std::string& heard) {
            if (heard != event) return;
            auto held = reaction;  // the next line destroys this function
            record_.on = nullptr;
            held();
        };
    }
    const Strings& events() const { return record_.events; }

    Clock clock_;
    ClientRecord record_;
    Ref<FakeEndpoint> endpoint_ = makeRef<FakeEndpoint>();
    Ref<ClientFactory> factory_ = makeRef<RecordingClientFactory>(record_);
    Ref<IConnector> connector_;
};

TEST_F(ConnectorTest, nothingButTheFactorysStartHappensInsideConnect) {
    connect();
    EXPECT_EQ(events(), (Strings{"start", "connecting"}));
    EXPECT_EQ(connector_->state(), State::connecting);
    EXPECT_EQ(endpoint_->attempts, 0);
    clock_.advance(0s);
    EXPECT_EQ(endpoint_->attempts, 1);
    EXPECT_EQ(record_.connector, connector_.get());
    EXPECT_EQ(connector_->getDestination().format(), "example.com:80");
}

TEST_F(ConnectorTest, aConnectionIsToldFromItsBeginningToItsEndInOrder) {
    establish();
    EXPECT_EQ(connector_->state(), State::connected);
    endpoint_->lose(Failure::of<ConnectionDone>());
    EXPECT_EQ(events(),
              (Strings{"start", "connecting", "build", "made", "lost", "connectionLost", "stop"}));
    EXPECT_EQ(record_.reason, "ConnectionDone: Connection was closed cleanly.");
    EXPECT_EQ(connector_->state(), State::disconnected);
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
}

TEST_F(ConnectorTest, whoWaitsForTheProtocolGoesOnWhenAllHaveBeenTold) {
    establish();
    bool wasSet = true;
    once("stop", [&] { wasSet = record_.protocol->lost().isSet(); });
    endpoint_->lose(Failure::of<ConnectionDone>());
    EXPECT_FALSE(wasSet);
    EXPECT_TRUE(record_.protocol->lost().isSet());
}

TEST_F(ConnectorTest, aFailureIsToldAndStopsTheFactory) {
    begin();
    State inside = State::connected;
    once("connectionFailed", [&] { inside = connector_->state(); });
    endpoint_->refuse();
    EXPECT_EQ(events(), (Strings{"start", "connecting", "connectionFailed", "stop"}));
    EXPECT_EQ(inside, State::disconnected);
    EXPECT_EQ(record_.reason.substr(0, 23), "ConnectionRefusedError:");
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
}

TEST_F(ConnectorTest, anEndpointThatThrowsFailsTheAttempt) {
    endpoint_->throws = true;
    begin();
    EXPECT_EQ(events(), (Strings{"start", "connecting", "connectionFailed", "stop"}));
    EXPECT_NE(record_.reason.find("an endpoint's fault"), std::string::npos);
}

TEST_F(ConnectorTest, connectIsRefusedUnlessDisconnected) {
    connect();
    EXPECT_THROW(connector_->connect(), UsageError);
    clock_.advance(0s);
    endpoint_->succeed();
    EXPECT_THROW(connector_->connect(), UsageError);
    EXPECT_EQ(connector_->state(), State::connected);
    endpoint_->lose(Failure::of<ConnectionDone>());
}

TEST_F(ConnectorTest, aFactoryThatConnectsAgainWhenToldStaysStarted) {
    begin();
    once("connectionFailed", [&] { connector_->connect(); });
    endpoint_->refuse();
    EXPECT_EQ(events(), (Strings{"start", "connecting", "connectionFailed", "connecting"}));
    clock_.advance(0s);
    endpoint_->succeed();
    once("connectionLost", [&] { connector_->connect(); });
    endpoint_->lose(Failure::of<ConnectionLost>());
    EXPECT_EQ(connector_->state(), State::connecting);
    EXPECT_EQ(factory_->numPorts(), 1);
    clock_.advance(0s);
    EXPECT_EQ(endpoint_->attempts, 3);
    endpoint_->refuse();
    EXPECT_EQ(factory_->numPorts(), 0);
    EXPECT_EQ(events().back(), "stop");
}

TEST_F(ConnectorTest, laterItStartsTheFactoryAnew) {
    begin();
    endpoint_->refuse();
    record_.events.clear();
    connector_->connect();
    EXPECT_EQ(events(), (Strings{"start", "connecting"}));
}

TEST_F(ConnectorTest, stopConnectingFailsTheAttemptBeforeItReturns) {
    begin();
    connector_->stopConnecting();
    EXPECT_EQ(events(), (Strings{"start", "connecting", "connectionFailed", "stop"}));
    EXPECT_EQ(record_.reason, "UserError: User aborted connection.");
    EXPECT_EQ(endpoint_->cancelled, 1);
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
}

TEST_F(ConnectorTest, anAttemptThatIsStoppedBeforeItBeganNeverBegins) {
    connect();
    connector_->stopConnecting();
    clock_.advance(100s);
    EXPECT_EQ(endpoint_->attempts, 0);
    EXPECT_EQ(events().back(), "stop");
}

TEST_F(ConnectorTest, startedConnectingMayStopConnecting) {
    once("connecting", [&] { record_.connector->stopConnecting(); });
    begin();
    EXPECT_EQ(events(), (Strings{"start", "connecting", "connectionFailed", "stop"}));
    EXPECT_EQ(connector_->state(), State::disconnected);
    EXPECT_EQ(endpoint_->attempts, 0);
}

TEST_F(ConnectorTest, aConnectionThatComesAfterTheStopIsRefused) {
    class Late final : public IStreamClientEndpoint {
     public:
        Deferred<Ref<IProtocol>> connect(Ref<IFactory> given) override {
            factory = std::move(given);
            return connecting;
        }
        Deferred<Stream> connectStream() override { return {}; }
        Ref<IFactory> factory;
        Deferred<Ref<IProtocol>> connecting;
    };
    auto late = makeRef<Late>();
    connector_ = connectEndpoint(clock_, late, Destination("/a/path"), factory_);
    clock_.advance(0s);
    connector_->stopConnecting();
    EXPECT_FALSE(late->factory->buildProtocol(Address::loopback4(1)));
    EXPECT_EQ(events(), (Strings{"start", "connecting", "connectionFailed", "stop"}));
    EXPECT_EQ(connector_->getDestination().format(), "/a/path");
    late->factory = nullptr;
}

TEST_F(ConnectorTest, stopConnectingIsRefusedUnlessConnecting) {
    establish();
    try {
        connector_->stopConnecting();
        ADD_FAILURE() << "it did not throw";
    } catch (const NotConnectingError& error) {
        EXPECT_STREQ(error.what(),
                     "The Connector was not connecting when it was asked to stop connecting: we're "
                     "not trying to connect.");
    }
    endpoint_->lose(Failure::of<ConnectionDone>());
    EXPECT_THROW(connector_->stopConnecting(), NotConnectingError);
}

TEST_F(ConnectorTest, theTimeOutRunsFromConnectAndEndsTheAttempt) {
    connect();
    clock_.advance(30s - 1ns);
    EXPECT_EQ(connector_->state(), State::connecting);
    clock_.advance(1ns);
    EXPECT_EQ(events(), (Strings{"start", "connecting", "connectionFailed", "stop"}));
    EXPECT_EQ(record_.reason,
              "TimeoutError: The operation timed out: User timeout caused connection failure: "
              "example.com:80.");
    EXPECT_EQ(endpoint_->cancelled, 1);
}

TEST_F(ConnectorTest, onceConnectedThereIsNoTimeOut) {
    establish();
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
    clock_.advance(3600s);
    EXPECT_EQ(connector_->state(), State::connected);
    endpoint_->lose(Failure::of<ConnectionDone>());
}

TEST_F(ConnectorTest, disconnectStopsConnectingOrLosesTheConnection) {
    begin();
    connector_->disconnect();
    EXPECT_EQ(record_.reason, "UserError: User aborted connection.");
    connector_->disconnect();
    EXPECT_EQ(connector_->state(), State::disconnected);
    connector_->connect();
    clock_.advance(0s);
    endpoint_->succeed();
    connector_->disconnect();
    EXPECT_TRUE(endpoint_->transport->disconnecting());
    EXPECT_EQ(connector_->state(), State::connected);
    endpoint_->lose(Failure::of<ConnectionDone>());
}

TEST_F(ConnectorTest, whatBuildProtocolThrowsFailsTheAttempt) {
    record_.build = [](ClientRecord&) -> Ref<IProtocol> {
        throw std::runtime_error("a builder's fault");
    };
    establish();
    EXPECT_EQ(events(), (Strings{"start", "connecting", "build", "connectionFailed", "stop"}));
    EXPECT_NE(record_.reason.find("a builder's fault"), std::string::npos);
}

TEST_F(ConnectorTest, aProtocolThatIsNeverConnectedIsAFailedAttempt) {
    begin();
    endpoint_->buildAndFail();
    EXPECT_EQ(events(), (Strings{"start", "connecting", "build", "connectionFailed", "stop"}));
    EXPECT_EQ(connector_->state(), State::disconnected);
}

TEST_F(ConnectorTest, aConnectionWithoutAProtocolIsClosedInOrderAndLost) {
    record_.build = [](ClientRecord&) { return Ref<IProtocol>(); };
    establish();
    EXPECT_TRUE(endpoint_->transport->disconnecting());
    endpoint_->lose(Failure::of<ConnectionDone>());
    EXPECT_EQ(events(), (Strings{"start", "connecting", "build", "connectionLost", "stop"}));
}

TEST_F(ConnectorTest, aProtocolThatLivesHalfClosedIsToldSo) {
    record_.build = [](ClientRecord& record) -> Ref<IProtocol> {
        return makeRef<HalfCloseClientProtocol>(record);
    };
    establish();
    auto* half = dynamic_cast<IHalfCloseableProtocol*>(endpoint_->protocol.get());
    ASSERT_TRUE(half);
    half->readConnectionLost();
    half->writeConnectionLost();
    endpoint_->lose(Failure::of<ConnectionDone>());
    EXPECT_EQ(events(), (Strings{"start", "connecting", "build", "made", "readLost", "writeLost",
                                 "lost", "connectionLost", "stop"}));
}

TEST_F(ConnectorTest, aProtocolThatDoesNotLiveHalfClosedDoesNotSeemTo) {
    establish();
    EXPECT_EQ(dynamic_cast<IHalfCloseableProtocol*>(endpoint_->protocol.get()), nullptr);
    endpoint_->lose(Failure::of<ConnectionDone>());
}

TEST_F(ConnectorTest, whatTheFactoryThrowsWhenToldOfTheEndIsLogged) {
    CapturedLog log;
    begin();
    once("connectionFailed", [] { throw std::runtime_error("a factory's fault"); });
    endpoint_->refuse();
    EXPECT_TRUE(log.has("a factory's fault"));
    EXPECT_EQ(events().back(), "stop");
    EXPECT_EQ(factory_->numPorts(), 0);
}

TEST_F(ConnectorTest, whatConnectionLostThrowsKeepsNobodyFromBeingTold) {
    CapturedLog log;
    establish();
    once("lost", [] { throw std::runtime_error("a protocol's fault"); });
    endpoint_->lose(Failure::of<ConnectionDone>());
    EXPECT_TRUE(log.has("a protocol's fault"));
    EXPECT_EQ(events().back(), "stop");
}

TEST_F(ConnectorTest, whatTheFactoryThrowsAtTheStartIsThrownOn) {
    for (std::string event : {"start", "connecting"}) {
        record_.events.clear();
        once(event, [] { throw std::runtime_error("not today"); });
        EXPECT_THROW(connect(), std::runtime_error);
        EXPECT_EQ(factory_->numPorts(), 0) << event;
        EXPECT_TRUE(clock_.getDelayedCalls().empty()) << event;
    }
    EXPECT_EQ(events(), (Strings{"start", "connecting", "stop"}));
}

TEST_F(ConnectorTest, aNegativeTimeOutIsRefusedAndNothingIsLeft) {
    EXPECT_THROW(connectEndpoint(clock_, endpoint_, Destination("x", 1), factory_, -1s),
                 std::invalid_argument);
    EXPECT_EQ(factory_->numPorts(), 0);
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
}

TEST_F(ConnectorTest, anAttemptAndAConnectionKeepTheConnector) {
    connect();
    ConnectorWatch watch(*connector_);
    connector_ = nullptr;
    clock_.advance(0s);
    ASSERT_TRUE(watch.get());
    endpoint_->succeed();
    ASSERT_TRUE(watch.get());
    EXPECT_EQ(watch.get()->state(), State::connected);
    endpoint_->lose(Failure::of<ConnectionDone>());
    EXPECT_FALSE(watch.get());
    EXPECT_EQ(events().back(), "stop");
}

/// A connector whose time goes before its attempt has begun.
class ConnectorClockTest : public ::testing::Test {
 protected:
    void connect() {
        connector_ = connectEndpoint(*clock_, makeRef<FakeEndpoint>(), Destination("x", 1),
                                     makeRef<RecordingClientFactory>(record_));
    }
    void takeTheTime() {
        for (const Ref<IDelayedCall>& call : clock_->getDelayedCalls()) {
            if (call->active()) call->cancel();
        }
        clock_.reset();
    }

    ClientRecord record_;
    std::optional<Clock> clock_{std::in_place};
    Ref<IConnector> connector_;
};

TEST_F(ConnectorClockTest, anAttemptThatHasNotBegunGoesWithTheTime) {
    connect();
    ConnectorWatch watch(*connector_);
    connector_ = nullptr;
    takeTheTime();
    EXPECT_FALSE(watch.get());
    EXPECT_EQ(record_.events, (Strings{"start", "connecting", "stop"}));
}

TEST_F(ConnectorClockTest, aConnectorThatOutlivesItIsDisconnected) {
    connect();
    takeTheTime();
    EXPECT_EQ(connector_->state(), State::disconnected);
    EXPECT_THROW(connector_->stopConnecting(), NotConnectingError);
    connector_->disconnect();
    EXPECT_EQ(record_.events, (Strings{"start", "connecting", "stop"}));
}

}  // namespace
}  // namespace wring
