#include <wring/deferred/defer_later.hpp>

#include <wring/deferred/sleep.hpp>
#include <wring/runtime/clock.hpp>
#include <wring/tests/deferred/support.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::Boom;

using DeferLaterReactor = testing::ReactorTest;

class DeferLaterTest : public testing::QuietTest {
 protected:
    /// Notes how `deferred` ends: its value, or the name of the error.
    template <class T>
    void watch(Deferred<T> deferred) {
        deferred.addBoth([this](Result<T> result) {
            if (!result) {
                end_ = result.error().className();
            } else if constexpr (std::is_void_v<T>) {
                end_ = "nothing";
            } else {
                end_ = std::to_string(*result);
            }
        });
    }

    Clock clock_;
    std::string end_;
};

TEST_F(DeferLaterTest, callsTheFunctionWhenTheTimeHasComeAndFiresWithItsValue) {
    watch(deferLater(
        clock_, 2s, [](int a, int b) { return a + b; }, 3, 4));
    clock_.advance(1s);
    EXPECT_EQ(end_, "");
    clock_.advance(1s);
    EXPECT_EQ(end_, "7");
}

TEST_F(DeferLaterTest, withoutAFunctionFiresWithNothing) {
    watch(deferLater(clock_, 1s));
    clock_.advance(1s);
    EXPECT_EQ(end_, "nothing");
}

TEST_F(DeferLaterTest, aFunctionThatReturnsNothingFiresWithNothing) {
    int calls = 0;
    watch(deferLater(clock_, 1s, [&] { ++calls; }));
    clock_.advance(1s);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(end_, "nothing");
}

TEST_F(DeferLaterTest, waitsForTheDeferredThatTheFunctionReturns) {
    Deferred<int> inner;
    watch(deferLater(clock_, 1s, [inner] { return inner; }));
    clock_.advance(1s);
    EXPECT_EQ(end_, "");
    inner.callback(5);
    EXPECT_EQ(end_, "5");
}

Task<int> doubled(Clock& clock, int value) {
    co_await sleepFor(1s, clock);
    co_return 2 * value;
}

TEST_F(DeferLaterTest, startsTheTaskThatTheFunctionReturns) {
    watch(deferLater(clock_, 1s, &doubled, std::ref(clock_), 21));
    clock_.pump({1s, 1s});
    EXPECT_EQ(end_, "42");
}

TEST_F(DeferLaterTest, failsWithWhatTheFunctionThrows) {
    watch(deferLater(clock_, 1s, []() -> int { throw Boom(); }));
    clock_.advance(1s);
    EXPECT_NE(end_.find("Boom"), std::string::npos);
}

TEST_F(DeferLaterTest, cancelledWhileWaitingNeverCallsTheFunction) {
    bool wasCalled = false;
    auto token = std::make_shared<int>(1);
    auto later = deferLater(clock_, 1s, [&wasCalled, token] { wasCalled = true; });
    watch(later);
    later.cancel();
    EXPECT_EQ(end_, "CancelledError");
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
    EXPECT_EQ(token.use_count(), 1);
    clock_.advance(2s);
    EXPECT_FALSE(wasCalled);
}

TEST_F(DeferLaterTest, cancelledAfterTheCallCancelsWhatItReturned) {
    Deferred<> inner;
    auto later = deferLater(clock_, 1s, [inner] { return inner; });
    watch(later);
    clock_.advance(1s);
    later.cancel();
    EXPECT_TRUE(inner.called());
    EXPECT_EQ(end_, "CancelledError");
}

TEST_F(DeferLaterTest, cancelledAfterItsEndHasNoEffect) {
    auto later = deferLater(clock_, 1s, [] { return 1; });
    watch(later);
    clock_.advance(1s);
    later.cancel();
    EXPECT_EQ(end_, "1");
}

TEST_F(DeferLaterTest, aNegativeDelayIsRefused) {
    EXPECT_THROW(deferLater(clock_, -1s), std::invalid_argument);
    EXPECT_THROW(deferLater(clock_, -1s, [] {}), std::invalid_argument);
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
}

TEST_F(DeferLaterTest, oneThatIsNeverDueIsReleasedWithItsClock) {
    auto token = std::make_shared<int>(1);
    {
        Clock clock;
        deferLater(clock, 1s, [token] {});
        EXPECT_EQ(token.use_count(), 2);
    }
    EXPECT_EQ(token.use_count(), 1);
}

TEST_P(DeferLaterReactor, isAwaitedInALaterTurn) {
    run([](Reactor& reactor) -> Task<> {
        auto turn = reactor.turns();
        std::uint64_t seen = co_await deferLater(reactor, 0s, &Reactor::turns, &reactor);
        EXPECT_GT(seen, turn);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, DeferLaterReactor, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
