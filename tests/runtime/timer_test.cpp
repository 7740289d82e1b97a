#include <wring/runtime/timer.hpp>

#include <gtest/gtest.h>
#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <vector>

namespace wring {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t anyOrder = std::numeric_limits<std::uint64_t>::max();
constexpr Time at(Duration since) { return Time(since); }

struct Bell : Timer {
    explicit Bell(std::function<void()> ring = [] {})
        : Timer(&Bell::onDue), ring_(std::move(ring)) {}
    std::function<void()> ring_;
    static void onDue(Timer& timer) noexcept { static_cast<Bell&>(timer).ring_(); }
};

class TimerTest : public ::testing::Test {
 protected:
    Bell& bell(int id) {
        return *bells_.emplace_back(std::make_unique<Bell>([this, id] { rung_.push_back(id); }));
    }
    void runAll(Time now) {
        while (queue_.runFirst(now, anyOrder)) {
        }
    }
    TimerQueue queue_;
    std::vector<std::unique_ptr<Bell>> bells_;
    std::vector<int> rung_;
};

TEST_F(TimerTest, anEmptyQueueIsNeverDue) {
    EXPECT_TRUE(queue_.empty());
    EXPECT_EQ(queue_.next(), never);
    EXPECT_FALSE(queue_.runFirst(never, anyOrder));
}

TEST_F(TimerTest, timersRunInOrderOfTimeAndNotBefore) {
    queue_.arm(bell(3), at(30ms));
    queue_.arm(bell(1), at(10ms));
    queue_.arm(bell(2), at(20ms));
    EXPECT_EQ(queue_.next(), at(10ms));
    EXPECT_FALSE(queue_.runFirst(at(10ms) - 1ns, anyOrder));
    runAll(at(20ms));
    EXPECT_EQ(rung_, (std::vector{1, 2}));
    EXPECT_EQ(queue_.size(), 1u);
    runAll(at(30ms));
    EXPECT_EQ(rung_, (std::vector{1, 2, 3}));
    EXPECT_TRUE(queue_.empty());
}

TEST_F(TimerTest, equalTimesRunInOrderOfArming) {
    for (int i = 0; i < 100; ++i) queue_.arm(bell(i), at(1s));
    queue_.arm(*bells_[0], at(1s));  // armed again: now the last
    runAll(at(1s));
    std::vector<int> expected;
    for (int i = 1; i < 100; ++i) expected.push_back(i);
    expected.push_back(0);
    EXPECT_EQ(rung_, expected);
}

TEST_F(TimerTest, armingAgainMovesATimerBothWays) {
    Bell& moved = bell(1);
    queue_.arm(bell(2), at(20ms));
    queue_.arm(moved, at(10ms));
    queue_.arm(moved, at(30ms));
    EXPECT_EQ(queue_.size(), 2u);
    EXPECT_EQ(queue_.next(), at(20ms));
    EXPECT_EQ(moved.due(), at(30ms));
    queue_.arm(moved, at(5ms));
    EXPECT_EQ(queue_.next(), at(5ms));
    runAll(at(1s));
    EXPECT_EQ(rung_, (std::vector{1, 2}));
    EXPECT_FALSE(moved.isArmed());
}

TEST_F(TimerTest, aCancelledTimerDoesNotRun) {
    Bell& first = bell(1);
    queue_.arm(first, at(1ms));
    queue_.arm(bell(2), at(2ms));
    queue_.cancel(first);
    queue_.cancel(first);
    EXPECT_FALSE(first.isArmed());
    runAll(at(1s));
    EXPECT_EQ(rung_, std::vector{2});
}

TEST_F(TimerTest, aHandlerMayCancelArmAndDestroy) {
    Bell& victim = bell(9);
    auto doomed = std::make_unique<Bell>();
    Bell again([&] { rung_.push_back(7); });
    doomed->ring_ = [&] {
        EXPECT_FALSE(doomed->isArmed());
        queue_.cancel(victim);
        queue_.arm(again, at(5ms));
        doomed.reset();
    };
    queue_.arm(*doomed, at(1ms));
    queue_.arm(victim, at(2ms));
    runAll(at(10ms));
    EXPECT_EQ(rung_, std::vector{7});
    EXPECT_EQ(doomed, nullptr);
}

TEST_F(TimerTest, whatIsArmedInAPhaseWaitsForTheNext) {
    Bell inner([&] { rung_.push_back(2); });
    Bell outer([&] {
        rung_.push_back(1);
        queue_.arm(inner, at(0ms));
    });
    queue_.arm(outer, at(1ms));
    const std::uint64_t order = queue_.order();
    while (queue_.runFirst(at(1ms), order)) {
    }
    EXPECT_EQ(rung_, std::vector{1});
    runAll(at(1ms));
    EXPECT_EQ(rung_, (std::vector{1, 2}));
}

TEST_F(TimerTest, aHundredThousandTimersComeSortedWithThirdsCancelledAndMovedSlow) {
    constexpr int count = 100'000;
    std::mt19937 random(7);
    std::vector<std::unique_ptr<Timer>> timers;
    static std::vector<Time> times;
    times.clear();
    auto onDue = [](Timer& timer) noexcept { times.push_back(timer.due()); };
    for (int i = 0; i < count; ++i) {
        timers.push_back(std::make_unique<Timer>(onDue));
        queue_.arm(*timers.back(), at(Duration(random() % 1'000'000)));
    }
    std::vector<Time> expected;
    for (std::size_t i = 0; i < timers.size(); ++i) {
        if (i % 3 == 0) queue_.cancel(*timers[i]);
        if (i % 3 == 1) queue_.arm(*timers[i], at(Duration(random() % 1'000'000)));
        if (i % 3 != 0) expected.push_back(timers[i]->due());
    }
    std::size_t visited = 0;
    queue_.forEach([&](Timer&) { ++visited; });
    EXPECT_EQ(visited, expected.size());
    runAll(at(1s));
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(times, expected);
}

TEST_F(TimerTest, addingToATimeStopsAtNever) {
    EXPECT_EQ(after(at(1s), Duration::max()), never);
    EXPECT_EQ(after(at(1s), 1s), at(2s));
    EXPECT_EQ(after(never, 1ns), never);
    EXPECT_EQ(after(at(-1s), 3s), at(2s));
}

TEST_F(TimerTest, aDelayIsANumberAndNotNegative) {
    EXPECT_EQ(toDelay(1500us), 1'500'000ns);
    EXPECT_EQ(toDelay(std::chrono::duration<double>(0.25)), 250ms);
    EXPECT_EQ(toDelay(std::chrono::hours(1'000'000'000)), Duration::max());
    EXPECT_EQ(toDelay(std::chrono::duration<double>(1e300)), Duration::max());
    using Seconds = std::chrono::duration<double>;
    EXPECT_EQ(toDelay(Seconds(std::numeric_limits<double>::infinity())), Duration::max());
    EXPECT_THROW(toDelay(Seconds(std::numeric_limits<double>::quiet_NaN())), std::invalid_argument);
    EXPECT_THROW(toDelay(Seconds(-std::numeric_limits<double>::infinity())), std::invalid_argument);
    EXPECT_THROW(toDelay(-1ns), std::invalid_argument);
}

TEST(TimerDeathTest, anArmedTimerMustNotBeDestroyed) {
    EXPECT_DEATH(
        {
            TimerQueue queue;
            Bell bell;
            queue.arm(bell, at(1s));
        },
        "destroyed while armed");
}

}  // namespace
}  // namespace wring
