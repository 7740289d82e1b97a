#include <wring/net/reconnecting_client_factory.hpp>

#include <wring/net/errors.hpp>
#include <wring/runtime/clock.hpp>

#include <gtest/gtest.h>
#include <cmath>
#include <vector>

namespace wring {
namespace {

using namespace std::chrono_literals;

/// A connector that counts.
class FakeConnector final : public IConnector {
 public:
    explicit FakeConnector(ClientFactory& factory) : factory_(factory) {}
    void connect() override {
        ++connects;
        state_ = State::connecting;
        factory_.startedConnecting(*this);
    }
    void stopConnecting() override {
        ++stops;
        fail();
    }
    void disconnect() override {}
    State state() const noexcept override { return state_; }
    const Destination& getDestination() const noexcept override { return destination_; }

    void fail() {
        state_ = State::disconnected;
        factory_.clientConnectionFailed(*this, Failure::of<ConnectionRefusedError>());
    }
    void succeed() { state_ = State::connected; }
    void lose() {
        state_ = State::disconnected;
        factory_.clientConnectionLost(*this, Failure::of<ConnectionLost>());
    }
    int connects = 0;
    int stops = 0;

 private:
    ClientFactory& factory_;
    Destination destination_{"example.com", 80};
    State state_ = State::disconnected;
};

struct Client final : ReconnectingClientFactory {
    using ReconnectingClientFactory::ReconnectingClientFactory;
    Ref<IProtocol> buildProtocol(const Address&) override { return nullptr; }
};

double seconds(Duration length) { return std::chrono::duration<double>(length).count(); }

class ReconnectingClientFactoryTest : public ::testing::Test {
 protected:
    ReconnectingClientFactoryTest() {
        options_.clock = &clock_;
        options_.jitter = 0;
        make();
    }
    void make() {
        client_ = makeRef<Client>(options_);
        connector_ = makeRef<FakeConnector>(*client_);
    }
    /// The delays after so many failures in a row.
    std::vector<double> delays(int count) {
        std::vector<double> all;
        connector_->connect();
        for (int i = 0; i < count; ++i) {
            connector_->fail();
            all.push_back(seconds(client_->delay()));
            clock_.advance(client_->delay());
        }
        return all;
    }

    Clock clock_;
    ReconnectOptions options_;
    Ref<Client> client_;
    Ref<FakeConnector> connector_;
};

TEST_F(ReconnectingClientFactoryTest, theFirstRetryComesAfterTheInitialDelayTimesTheFactor) {
    connector_->connect();
    connector_->fail();
    EXPECT_EQ(client_->retries(), 1u);
    clock_.advance(2718281827ns);
    EXPECT_EQ(connector_->connects, 1);
    clock_.advance(1us);
    EXPECT_EQ(connector_->connects, 2);
}

TEST_F(ReconnectingClientFactoryTest, eachDelayIsLongerUntilTheLongest) {
    options_.initialDelay = 1s;
    options_.factor = 10;
    options_.maxDelay = 500s;
    make();
    EXPECT_EQ(delays(4), (std::vector<double>{10, 100, 500, 500}));
    EXPECT_EQ(connector_->connects, 5);
}

TEST_F(ReconnectingClientFactoryTest, aLostConnectionIsMadeAgain) {
    connector_->connect();
    connector_->succeed();
    connector_->lose();
    EXPECT_EQ(clock_.getDelayedCalls().size(), 1u);
    clock_.advance(3s);
    EXPECT_EQ(connector_->connects, 2);
}

TEST_F(ReconnectingClientFactoryTest, theJitterOfASeedIsAlwaysTheSame) {
    options_.jitter = 0.119626565582;
    options_.seed = 42;
    make();
    std::vector<double> first = delays(5);
    make();
    EXPECT_EQ(delays(5), first);
    options_.seed = 43;
    make();
    EXPECT_NE(delays(5), first);
}

TEST_F(ReconnectingClientFactoryTest, withoutASeedTheJitterIsAnotherOneEachTime) {
    options_.jitter = 0.5;
    make();
    std::vector<double> first = delays(5);
    make();
    EXPECT_NE(delays(5), first);
}

TEST_F(ReconnectingClientFactoryTest, delaysDeviateFromTheirMeanByTheJitter) {
    options_.jitter = 0.1;
    options_.factor = 1;
    options_.seed = 7;
    make();
    constexpr int count = 2000;
    double sum = 0, squares = 0;
    connector_->connect();
    for (int i = 0; i < count; ++i) {
        client_->resetDelay();
        connector_->fail();
        double delay = seconds(client_->delay());
        sum += delay;
        squares += delay * delay;
        clock_.advance(client_->delay());
    }
    double mean = sum / count;
    EXPECT_NEAR(mean, 1.0, 0.01);
    EXPECT_NEAR(std::sqrt(squares / count - mean * mean), 0.1, 0.01);
}

TEST_F(ReconnectingClientFactoryTest, theNextDelayGrowsFromTheOneWithItsJitter) {
    options_.jitter = 0.2;
    options_.factor = 2;
    options_.seed = 1;
    make();
    std::vector<double> withJitter = delays(2);
    options_.initialDelay =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(withJitter[0]));
    options_.jitter = 0;
    make();
    double next = delays(1)[0];
    EXPECT_NE(withJitter[0], 2.0);
    EXPECT_NEAR(next, 2 * withJitter[0], 1e-6);
    EXPECT_NEAR(withJitter[1], next, 0.9 * next);  // four deviations and more
}

TEST_F(ReconnectingClientFactoryTest, itGivesUpAfterTheRetriesItMayMake) {
    options_.maxRetries = 2;
    make();
    delays(3);
    EXPECT_EQ(connector_->connects, 3);
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
}

TEST_F(ReconnectingClientFactoryTest, resetDelayBeginsAnew) {
    options_.maxRetries = 3;
    make();
    std::vector<double> first = delays(3);
    client_->resetDelay();
    EXPECT_EQ(client_->retries(), 0u);
    EXPECT_EQ(client_->delay(), Duration(1s));
    connector_->fail();
    EXPECT_EQ(seconds(client_->delay()), first[0]);
    EXPECT_EQ(clock_.getDelayedCalls().size(), 1u);
}

TEST_F(ReconnectingClientFactoryTest, stopTryingCancelsAPendingRetry) {
    connector_->connect();
    connector_->fail();
    client_->stopTrying();
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
    EXPECT_FALSE(client_->continueTrying());
    client_->retry();
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
    EXPECT_EQ(connector_->stops, 0);
}

TEST_F(ReconnectingClientFactoryTest, stopTryingStopsAnAttemptAndLeavesAConnectionAlone) {
    connector_->connect();
    client_->stopTrying();
    EXPECT_EQ(connector_->stops, 1);
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
    client_->resetDelay();
    connector_->connect();
    connector_->succeed();
    client_->stopTrying();
    EXPECT_EQ(connector_->stops, 1);
    EXPECT_EQ(connector_->state(), IConnector::State::connected);
    connector_->lose();
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
}

TEST_F(ReconnectingClientFactoryTest, aRetryWithoutAConnectorIsRefused) {
    EXPECT_THROW(client_->retry(), UsageError);
    connector_->connect();
    connector_ = nullptr;
    EXPECT_THROW(client_->retry(), UsageError);
    client_->stopTrying();
    EXPECT_FALSE(client_->continueTrying());
}

TEST_F(ReconnectingClientFactoryTest, aRetryMayNameTheConnector) {
    client_->retry(connector_.get());
    clock_.advance(3s);
    EXPECT_EQ(connector_->connects, 1);
}

TEST_F(ReconnectingClientFactoryTest, aConnectorThatIsConnectedWhenTheDelayIsOverStaysSo) {
    connector_->connect();
    connector_->fail();
    connector_->connect();
    connector_->succeed();
    clock_.advance(10s);
    EXPECT_EQ(connector_->connects, 2);
}

TEST_F(ReconnectingClientFactoryTest, aPendingRetryKeepsTheConnector) {
    connector_->connect();
    connector_->fail();
    ConnectorWatch watch(*connector_);
    connector_ = nullptr;
    EXPECT_TRUE(watch.get());
    client_->stopTrying();
    EXPECT_FALSE(watch.get());
}

}  // namespace
}  // namespace wring
