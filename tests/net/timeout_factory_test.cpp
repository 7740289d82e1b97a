#include <wring/net/timeout_factory.hpp>

#include <wring/runtime/clock.hpp>
#include <wring/tests/net/wrapped.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;

class TimeoutFactoryTest : public ::testing::Test {
 protected:
    Clock clock_;
    Record record_;
    Ref<TimeoutFactory> timing_ =
        makeRef<TimeoutFactory>(factory<Recorder>(&record_), 10s, &clock_);
};

TEST_F(TimeoutFactoryTest, anIdleConnectionIsLostInOrderWhenThePeriodIsOver) {
    WrappedConnection it(*timing_, record_);
    clock_.advance(10s - 1ns);
    EXPECT_FALSE(it.outside().disconnecting());
    clock_.advance(1ns);
    EXPECT_TRUE(it.outside().disconnecting());
    EXPECT_FALSE(it.outside().isAborted());
}

TEST_F(TimeoutFactoryTest, whateverIsReceivedOrWrittenBeginsThePeriodAnew) {
    WrappedConnection it(*timing_, record_);
    BytesView part[] = {asBytes("a part")};
    for (int i = 0; i < 3; ++i) {
        clock_.advance(9s);
        it.receive("x");
        clock_.advance(9s);
        it.inside().write("y");
        clock_.advance(9s);
        it.inside().writeSequence(part);
    }
    EXPECT_FALSE(it.outside().disconnecting());
    clock_.advance(10s);
    EXPECT_TRUE(it.outside().disconnecting());
}

TEST_F(TimeoutFactoryTest, aLostConnectionLeavesNoTimer) {
    WrappedConnection it(*timing_, record_);
    EXPECT_EQ(clock_.getDelayedCalls().size(), 1u);
    it.lose();
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
    EXPECT_EQ(record_.lost, 1);
}

TEST_F(TimeoutFactoryTest, aDerivedFactoryMayDoSomethingElse) {
    struct Aborting final : TimeoutFactory {
        using TimeoutFactory::TimeoutFactory;
        void timeoutConnection(ProtocolWrapper& connection) override {
            connection.abortConnection();
        }
    };
    auto aborting = makeRef<Aborting>(factory<Recorder>(&record_), 5s, &clock_);
    WrappedConnection it(*aborting, record_);
    clock_.advance(5s);
    EXPECT_TRUE(it.outside().isAborted());
}

// Neither an end nor a reset comes from such a peer.
using TimeoutFactorySocketTest = ReactorTest;
TEST_P(TimeoutFactorySocketTest, aRealPeerThatSaysNothingIsLeft) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        auto timing = makeRef<TimeoutFactory>(factory<Recorder>(&record), 1ms);
        PeerPair ends;
        timing->connectionAccepted(Socket(reactor, ends.near.release()));
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.reason, "ConnectionDone: Connection was closed cleanly.");
        ends.far.receive();
        EXPECT_TRUE(ends.far.sawEnd());
    });
}
INSTANTIATE_TEST_SUITE_P(Drivers, TimeoutFactorySocketTest, ::testing::ValuesIn(bothDrivers()),
                         nameOf);

}  // namespace
}  // namespace wring
