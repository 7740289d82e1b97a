#include <wring/deferred/condition.hpp>
#include <wring/deferred/start.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/runtime/clock.hpp>
#include <wring/tests/deferred/ending.hpp>
#include <wring/tests/deferred/support.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::Ending;
using ::testing::IsEmpty;

using NotifyOne = testing::QuietTest;
using NotifyAll = testing::QuietTest;
using CancelledWait = testing::QuietTest;
using ConditionDeathTest = testing::QuietTest;
using ConditionTest = testing::ReactorTest;

using Order = std::vector<int>;

/// Waits once, and notes that.
Deferred<> note(Condition& condition, Order& order, int name) {
    co_await condition.wait();
    order.push_back(name);
}

/// Waits once, calls what it is given, and notes that it did.
Deferred<> callThenNote(Condition& condition, Order& order, int name, std::function<void()> call) {
    co_await condition.wait();
    call();
    order.push_back(name);
}

TEST_F(NotifyOne, wakesTheOneThatHasWaitedLongestBeforeItReturns) {
    Condition condition;
    Order order;
    for (int i = 0; i < 3; ++i) note(condition, order, i);
    condition.notifyOne();
    EXPECT_THAT(order, ElementsAre(0));
    condition.notifyOne();
    EXPECT_THAT(order, ElementsAre(0, 1));
    EXPECT_TRUE(condition.hasWaiters());
    condition.notifyOne();
    EXPECT_FALSE(condition.hasWaiters());
}

TEST_F(NotifyOne, isNotKeptForWhoComesLater) {
    Condition condition;
    Order order;
    condition.notifyOne();
    condition.notifyAll();
    note(condition, order, 0);
    EXPECT_THAT(order, IsEmpty());
    condition.notifyOne();
    EXPECT_THAT(order, ElementsAre(0));
}

TEST_F(NotifyOne, calledByWhoIsWokenWakesTheNextOneAfterIt) {
    Condition condition;
    Order order;
    callThenNote(condition, order, 0, [&] { condition.notifyOne(); });
    note(condition, order, 1);
    condition.notifyOne();
    EXPECT_THAT(order, ElementsAre(0, 1));
}

Deferred<> passOn(Condition& condition, testing::StackDepth& depth, int& woken) {
    co_await condition.wait();
    ++woken;
    depth.note();
    condition.notifyOne();
}

TEST_F(NotifyOne, tenThousandWhoWakeTheNextUseNoMoreStackThanOne) {
    Condition condition;
    testing::StackDepth depth;
    int woken = 0;
    for (int i = 0; i < 10'000; ++i) passOn(condition, depth, woken);
    condition.notifyOne();
    EXPECT_EQ(woken, 10'000);
    EXPECT_LT(depth.bytes(), 4096u);
}

TEST_F(NotifyAll, wakesAllWhoWaitInOrder) {
    Condition condition;
    Order order;
    for (int i = 0; i < 3; ++i) note(condition, order, i);
    condition.notifyAll();
    EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST_F(NotifyAll, whoWaitsAgainMeanwhileIsNotMeant) {
    Condition condition;
    Order order;
    callThenNote(condition, order, 0, [&] { note(condition, order, 2); });
    note(condition, order, 1);
    condition.notifyAll();
    EXPECT_THAT(order, ElementsAre(0, 1));
    condition.notifyAll();
    EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST_F(NotifyAll, calledByWhoIsWokenWakesThoseWhoCameSinceAtTheEnd) {
    Condition condition;
    Order order;
    callThenNote(condition, order, 0, [&] {
        note(condition, order, 2);
        condition.notifyAll();
    });
    note(condition, order, 1);
    condition.notifyAll();
    EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST_F(NotifyAll, whoIsWokenMayDestroyItAndTheOthersAreWokenAllTheSame) {
    auto condition = std::make_unique<Condition>();
    Order order;
    callThenNote(*condition, order, 0, [&] { condition.reset(); });
    note(*condition, order, 1);
    condition->notifyAll();
    EXPECT_EQ(condition, nullptr);
    EXPECT_THAT(order, ElementsAre(0, 1));
}

TEST_F(NotifyAll, whoIsWokenMayMakeAnotherOneInItsPlace) {
    auto condition = std::make_unique<Condition>();
    Order order;
    callThenNote(*condition, order, 0, [&] {
        condition = std::make_unique<Condition>();
        note(*condition, order, 1);
        condition->notifyOne();
    });
    note(*condition, order, 2);
    condition->notifyAll();
    EXPECT_THAT(order, ElementsAre(1, 0, 2));
}

/// A list of jobs, and who waits for one.
struct Jobs {
    std::vector<int> pending;
    Condition changed;

    void add(int job) {
        pending.push_back(job);
        changed.notifyOne();
    }
    int take() {
        int job = pending.front();
        pending.erase(pending.begin());
        return job;
    }
};

Deferred<> work(Jobs& jobs, Order& done, int count) {
    for (int i = 0; i < count; ++i) {
        while (jobs.pending.empty()) co_await jobs.changed.wait();
        done.push_back(jobs.take());
    }
}

TEST_F(NotifyOne, withALoopAroundTheWaitNoWakeUpIsLost) {
    Jobs jobs;
    Order done;
    jobs.add(0);
    work(jobs, done, 3);
    work(jobs, done, 3);
    for (int job = 1; job < 6; ++job) jobs.add(job);
    EXPECT_THAT(done, ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_FALSE(jobs.changed.hasWaiters());
}

TEST_F(NotifyAll, whoFindsTheStateChangedBackWaitsAgain) {
    Jobs jobs;
    Order done;
    Ending<void> first(work(jobs, done, 1));
    Ending<void> second(work(jobs, done, 1));
    jobs.pending.push_back(1);
    jobs.changed.notifyAll();
    EXPECT_EQ(first.text(), "value");
    EXPECT_EQ(second.text(), "waiting");
    jobs.add(2);
    EXPECT_THAT(done, ElementsAre(1, 2));
}

TEST_F(CancelledWait, itLeavesTheLineAndTheOthersKeepTheirPlaces) {
    for (int victim = 0; victim < 3; ++victim) {
        Condition condition;
        Order order;
        Order expected = {0, 1, 2};
        expected.erase(expected.begin() + victim);
        std::vector<Ending<void>> ends;
        for (int i = 0; i < 3; ++i) ends.emplace_back(note(condition, order, i));
        ends[static_cast<std::size_t>(victim)].cancel();
        EXPECT_EQ(ends[static_cast<std::size_t>(victim)].text(), "CancelledError");
        condition.notifyAll();
        EXPECT_EQ(order, expected);
    }
}

TEST_F(CancelledWait, aNotificationGoesToTheNextOne) {
    Jobs jobs;
    Order done;
    Ending<void> first(work(jobs, done, 1));
    Ending<void> second(work(jobs, done, 1));
    first.cancel();
    jobs.add(1);
    EXPECT_EQ(second.text(), "value");
}

Deferred<std::string> endsOfTwoWaits(Condition& condition) {
    auto first = co_await outcome(condition.wait());
    auto second = co_await outcome(condition.wait());
    std::string text = first ? "notified" : first.error().className();
    co_return text + (second ? ", notified" : ", " + second.error().className());
}

TEST_F(CancelledWait, oneThatWasNotifiedBeforeEndsWellAndTheNextWaitSaysSo) {
    Condition condition;
    Order order;
    std::optional<Ending<std::string>> victim;
    callThenNote(condition, order, 0, [&] { victim->cancel(); });
    victim.emplace(endsOfTwoWaits(condition));
    condition.notifyAll();
    EXPECT_EQ(victim->value(), "notified, CancelledError");
}

TEST_F(CancelledWait, oneThatWasNotNotifiedYetIsLeftOut) {
    Condition condition;
    Order order;
    std::optional<Ending<void>> victim;
    callThenNote(condition, order, 0, [&] {
        victim->cancel();
        condition.notifyOne();
    });
    victim.emplace(note(condition, order, 1));
    note(condition, order, 2);
    condition.notifyOne();
    EXPECT_EQ(victim->text(), "CancelledError");
    EXPECT_THAT(order, ElementsAre(0, 2));
}

TEST_F(CancelledWait, afterItEndedNothingHappens) {
    Condition condition;
    Order order;
    Ending<void> end(note(condition, order, 0));
    condition.notifyOne();
    end.cancel();
    EXPECT_EQ(end.text(), "value");
}

Task<> waitOnce(Condition& condition) { co_await condition.wait(); }

TEST_F(CancelledWait, aTimeoutLeavesTheLine) {
    Condition condition;
    Clock clock;
    Ending<void> end(start(withTimeout(5s, waitOnce(condition), clock)));
    clock.advance(5s);
    EXPECT_EQ(end.text(), "TimeoutError");
    EXPECT_FALSE(condition.hasWaiters());
}

TEST_P(ConditionTest, itWaitsAcrossTurnsOfTheReactor) {
    run([](Reactor& reactor) -> Task<> {
        Jobs jobs;
        Order done;
        reactor.callLater(0ms, [&jobs] { jobs.add(1); });
        co_await work(jobs, done, 1);
        EXPECT_THAT(done, ElementsAre(1));
        auto late = co_await outcome(withTimeout(1ms, waitOnce(jobs.changed)));
        EXPECT_TRUE(late.error().check<TimeoutError>());
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, ConditionTest, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

TEST_F(ConditionDeathTest, destroyingOneThatIsWaitedForEndsTheProcess) {
    EXPECT_DEATH(
        {
            auto condition = std::make_unique<Condition>();
            Order order;
            note(*condition, order, 0);
            condition.reset();
        },
        "a Condition was destroyed while");
}

}  // namespace
}  // namespace wring
