#include <wring/net/relay.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

namespace wring {
namespace {

using namespace testing;
using RelayTest = ReactorTest;

/// Two connections whose near ends are to be relayed.
struct Ends {
    explicit Ends(Reactor& reactor) : left(reactor), right(reactor) {}
    StreamAndPeer left;
    StreamAndPeer right;
};

Task<> relayBoth(Ends* ends) { co_await relay(ends->left.near, ends->right.near); }

TEST_P(RelayTest, bytesGoBothWaysUntilBothHaveEnded) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends(reactor);
        auto relaying = start(relayBoth(&ends));
        ends.left.far.send("there");
        EXPECT_EQ(co_await receiveText(reactor, &ends.right.far, 5), "there");
        ends.left.far.finishSending();
        co_await until(reactor, [&] {
            ends.right.far.receive();
            return ends.right.far.sawEnd();
        });
        EXPECT_FALSE(relaying.called());
        ends.right.far.send("and back");
        EXPECT_EQ(co_await receiveText(reactor, &ends.left.far, 8), "and back");
        ends.right.far.finishSending();
        co_await relaying;
        co_await until(reactor, [&] {
            ends.left.far.receive();
            return ends.left.far.sawEnd();
        });
    });
}

TEST_P(RelayTest, aSideThatBreaksEndsBothDirectionsWithItsError) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends(reactor);
        auto relaying = start(relayBoth(&ends));
        co_await turns(reactor);
        ends.right.far.reset();
        auto ended = co_await outcome(relaying);
        EXPECT_TRUE(!ended && ended.error().check<ConnectionLost>());
        EXPECT_TRUE(ends.left.near.isOpen());
    });
}

TEST_P(RelayTest, twoSidesThatBreakAtOnceAreOneFailure) {
    CapturedLog log;
    run([](Reactor& reactor) -> Task<> {
        Ends ends(reactor);
        auto relaying = start(relayBoth(&ends));
        co_await turns(reactor);
        ends.left.far.reset();
        ends.right.far.reset();
        auto ended = co_await outcome(relaying);
        EXPECT_TRUE(!ended && ended.error().check<ConnectionLost>());
    });
    EXPECT_EQ(log.lines(), std::vector<std::string>{});
}

TEST_P(RelayTest, aCancelEndsBothDirectionsAndLosesNothing) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends(reactor);
        auto relaying = start(relayBoth(&ends));
        co_await turns(reactor);
        relaying.cancel();
        auto ended = co_await outcome(relaying);
        EXPECT_TRUE(!ended && ended.error().check<CancelledError>());
        ends.left.far.send("still here");
        EXPECT_EQ(co_await readExactText(&ends.left.near, 10), "still here");
    });
}

TEST_P(RelayTest, aCancelAfterTheEndChangesNothing) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends(reactor);
        auto relaying = start(relayBoth(&ends));
        ends.left.far.finishSending();
        ends.right.far.finishSending();
        co_await until(reactor, [&] { return relaying.called(); });
        relaying.cancel();
        EXPECT_TRUE(co_await outcome(relaying));
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, RelayTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
