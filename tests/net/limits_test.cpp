#include <wring/net/limit_connections_by_peer.hpp>
#include <wring/net/limit_total_connections_factory.hpp>

#include <wring/tests/net/wrapped.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <memory>

namespace wring {
namespace {

using namespace testing;

class LimitsTest : public ::testing::Test {
 protected:
    /// Connects, and tells whether that was served.
    bool connect(IFactory& factory, const char* host = "10.0.0.1") {
        auto it = std::make_unique<WrappedConnection>(factory, record_, host);
        if (!*it) return false;
        connections_.push_back(std::move(it));
        return true;
    }
    void loseFirst() { connections_.erase(connections_.begin()); }

    Record record_;
    Record overflowRecord_;
    Ref<IFactory> inner_ = factory<Recorder>(&record_);
    std::vector<std::unique_ptr<WrappedConnection>> connections_;
};

TEST_F(LimitsTest, withoutALimitAllConnectionsAreServed) {
    auto limiting = makeRef<LimitTotalConnectionsFactory>(inner_);
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(connect(*limiting));
    EXPECT_EQ(limiting->connectionCount(), 50u);
    EXPECT_FALSE(limiting->connectionLimit());
}

TEST_F(LimitsTest, connectionsOverTheTotalAreRefusedUntilOneEnds) {
    auto limiting = makeRef<LimitTotalConnectionsFactory>(inner_, 2);
    EXPECT_TRUE(connect(*limiting));
    EXPECT_TRUE(connect(*limiting));
    EXPECT_FALSE(connect(*limiting));
    EXPECT_EQ(limiting->connectionCount(), 2u);
    loseFirst();
    EXPECT_TRUE(connect(*limiting));
    EXPECT_FALSE(connect(*limiting));
    limiting->setConnectionLimit(3);
    EXPECT_TRUE(connect(*limiting));
}

TEST_F(LimitsTest, anOverflowFactoryServesTheRestAndTheseCountToo) {
    auto limiting =
        makeRef<LimitTotalConnectionsFactory>(inner_, 1, factory<Recorder>(&overflowRecord_));
    EXPECT_TRUE(connect(*limiting));
    WrappedConnection sorry(*limiting, overflowRecord_);
    EXPECT_EQ(overflowRecord_.made, 1);
    EXPECT_EQ(record_.made, 1);
    EXPECT_EQ(limiting->connectionCount(), 2u);
    loseFirst();
    WrappedConnection another(*limiting, overflowRecord_);
    EXPECT_EQ(overflowRecord_.made, 2);
}

TEST_F(LimitsTest, theOverflowFactoryIsStartedAndStopped) {
    auto overflow = factory<Recorder>(&overflowRecord_);
    auto& counting = dynamic_cast<Factory&>(*overflow);
    auto limiting = makeRef<LimitTotalConnectionsFactory>(inner_, 1, overflow);
    limiting->doStart();
    EXPECT_EQ(counting.numPorts(), 1);
    limiting->doStop();
    EXPECT_EQ(counting.numPorts(), 0);
}

TEST_F(LimitsTest, eachHostHasItsOwnLimit) {
    auto limiting = makeRef<LimitConnectionsByPeer>(inner_);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(connect(*limiting, "10.0.0.1"));
    EXPECT_FALSE(connect(*limiting, "10.0.0.1"));
    EXPECT_TRUE(connect(*limiting, "10.0.0.2"));
    EXPECT_TRUE(connect(*limiting, "::1"));
    EXPECT_EQ(limiting->connectionsFrom("10.0.0.1"), 5u);
    EXPECT_EQ(limiting->connectionsFrom("10.0.0.2"), 1u);
    EXPECT_EQ(limiting->connectionsFrom("10.0.0.3"), 0u);
}

TEST_F(LimitsTest, aHostMayConnectAgainWhenAConnectionOfItsEnds) {
    auto limiting = makeRef<LimitConnectionsByPeer>(inner_, 1);
    EXPECT_TRUE(connect(*limiting));
    EXPECT_FALSE(connect(*limiting));
    loseFirst();
    EXPECT_EQ(limiting->connectionsFrom("10.0.0.1"), 0u);
    EXPECT_TRUE(connect(*limiting));
}

TEST_F(LimitsTest, whatTheWrappedFactoryRefusesDoesNotCount) {
    auto refusing = makeRef<LimitTotalConnectionsFactory>(inner_, 0);
    auto total = makeRef<LimitTotalConnectionsFactory>(refusing, 1);
    auto byPeer = makeRef<LimitConnectionsByPeer>(refusing, 1);
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(connect(*total));
        EXPECT_FALSE(connect(*byPeer));
    }
    refusing->setConnectionLimit(2);
    EXPECT_TRUE(connect(*total));
    EXPECT_TRUE(connect(*byPeer));
}

using LimitsSocketTest = ReactorTest;
TEST_P(LimitsSocketTest, aRealConnectionOverTheLimitIsClosed) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        auto limiting = makeRef<LimitTotalConnectionsFactory>(factory<Recorder>(&record), 1);
        PeerPair first, second;
        limiting->connectionAccepted(Socket(reactor, first.near.release()));
        limiting->connectionAccepted(Socket(reactor, second.near.release()));
        second.far.receive();
        EXPECT_TRUE(second.far.sawEnd());
        EXPECT_EQ(record.made, 1);
        co_await finish(reactor, &record);
    });
}
INSTANTIATE_TEST_SUITE_P(Drivers, LimitsSocketTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
