#include <wring/deferred/sleep.hpp>
#include <wring/deferred/start.hpp>
#include <wring/runtime/clock.hpp>
#include <wring/tests/deferred/support.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

using SleepTest = testing::ReactorTest;
using ClockSleep = testing::QuietTest;
using SleepDeathTest = testing::QuietTest;

using Notes = std::vector<std::string>;

Deferred<> sleeper(Clock& clock, Duration delay, Notes& notes, std::string name) {
    auto result = co_await outcome(sleepFor(delay, clock));
    notes.push_back(name + (result ? "" : " " + result.error().className()));
}

TEST_F(ClockSleep, endsWhenTheTimeHasCome) {
    Clock clock;
    Notes notes;
    Deferred<> running = sleeper(clock, 10s, notes, "woke");
    clock.advance(9s);
    EXPECT_FALSE(running.called());
    clock.advance(1s);
    EXPECT_TRUE(running.called());
    EXPECT_THAT(notes, ElementsAre("woke"));
}

TEST_F(ClockSleep, endsInOrderOfTimeThenOfAsking) {
    Clock clock;
    Notes notes;
    sleeper(clock, 2s, notes, "c");
    sleeper(clock, 1s, notes, "a");
    sleeper(clock, 1s, notes, "b");
    clock.advance(5s);
    EXPECT_THAT(notes, ElementsAre("a", "b", "c"));
}

TEST_F(ClockSleep, forNoTimeStillWaitsForTheClock) {
    Clock clock;
    Notes notes;
    Deferred<> running = sleeper(clock, 0s, notes, "woke");
    EXPECT_FALSE(running.called());
    clock.advance(0s);
    EXPECT_TRUE(running.called());
}

TEST_F(ClockSleep, cancelledWhileWaitingEndsAtOnceAndDisarmsTheTimer) {
    Clock clock;
    Notes notes;
    Deferred<> running = sleeper(clock, 10s, notes, "woke");
    running.cancel();
    EXPECT_TRUE(running.called());
    clock.advance(20s);
    EXPECT_THAT(notes, ElementsAre("woke CancelledError"));
}

TEST_F(ClockSleep, cancellingAfterItsEndHasNoEffect) {
    Clock clock;
    Notes notes;
    Deferred<> running = sleeper(clock, 1s, notes, "woke");
    clock.advance(1s);
    running.cancel();
    EXPECT_THAT(notes, ElementsAre("woke"));
}

TEST_F(ClockSleep, aNegativeDelayIsRefused) {
    Clock clock;
    EXPECT_THROW(static_cast<void>(sleepFor(-1s, clock)), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(sleepFor(std::chrono::duration<double>(0.0 / 0.0), clock)),
                 std::invalid_argument);
}

TEST_F(ClockSleep, forEverEndsByCancelOnly) {
    Clock clock;
    Notes notes;
    Deferred<> running = sleeper(clock, Duration::max(), notes, "woke");
    clock.advance(std::chrono::hours(24 * 365));
    EXPECT_FALSE(running.called());
    running.cancel();
    EXPECT_THAT(notes, ElementsAre("woke CancelledError"));
}

/// Time that has no room for timers.
class FullClock : public Clock {
 public:
    void arm(Timer&, Time) override { throw std::bad_alloc(); }
};

Deferred<> sleepOnce(IReactorTime& time, Clock& clock, Notes& notes) {
    try {
        co_await sleepFor(1s, time);
    } catch (const std::bad_alloc&) {
        notes.push_back("no memory");
    }
    co_await sleepFor(1s, clock);
    notes.push_back("went on");
}

TEST_F(ClockSleep, oneThatCannotBeArmedThrowsAndTheCoroutineGoesOn) {
    FullClock full;
    Clock clock;
    Notes notes;
    Deferred<> running = sleepOnce(full, clock, notes);
    clock.advance(1s);
    EXPECT_TRUE(running.isReady());
    EXPECT_THAT(notes, ElementsAre("no memory", "went on"));
}

TEST_F(SleepDeathTest, withoutAReactorEndsTheProcess) {
    EXPECT_DEATH(static_cast<void>(sleepFor(1s)), "needs a running reactor");
}

TEST_P(SleepTest, takesAtLeastThatLongOnTheReactor) {
    run([](Reactor& reactor) -> Task<> {
        Time before = reactor.now();
        co_await sleepFor(2ms);
        EXPECT_GE(reactor.now() - before, 2ms);
    });
}

TEST_P(SleepTest, endsInALaterTurn) {
    run([](Reactor& reactor) -> Task<> {
        auto turn = reactor.turns();
        co_await sleepFor(0ms);
        EXPECT_GT(reactor.turns(), turn);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, SleepTest, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
