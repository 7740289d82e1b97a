#pragma once

#include <wring/deferred/event.hpp>
#include <wring/deferred/held.hpp>
#include <wring/deferred/start.hpp>
#include <wring/tests/deferred/ending.hpp>
#include <wring/tests/deferred/support.hpp>

#include <gmock/gmock.h>

/// run() of a lock and of a semaphore with one token. L has locked().
namespace wring::testing {

using ::testing::ElementsAre;

using Notes = std::vector<std::string>;

template <class L>
class RunHolding : public QuietTest {};

TYPED_TEST_SUITE_P(RunHolding);

inline int seven() { return 7; }
inline Result<int> resultOfSeven() { return 7; }
inline Task<int> taskOfSeven() { co_return 7; }
inline Deferred<int> deferredSeven() { return succeed(7); }
inline int throwBoom() { throw Boom(); }
inline Result<int> failedResult() { return Failure(Boom()); }
inline Task<int> failingTask() {
    throw Boom();
    co_return 7;
}
inline Deferred<int> failedDeferred() { return fail<int>(Boom()); }

TYPED_TEST_P(RunHolding, itGivesWhatTheFunctionGivesWhateverThatReturns) {
    TypeParam lock;
    std::vector<Ending<int>> ends = {
        Ending<int>(lock.run(seven)), Ending<int>(lock.run(resultOfSeven)),
        Ending<int>(lock.run(taskOfSeven)), Ending<int>(lock.run(deferredSeven))};
    for (const Ending<int>& each : ends) EXPECT_EQ(each.value(), 7);
    EXPECT_FALSE(lock.locked());
}

TYPED_TEST_P(RunHolding, aFailureOfTheFunctionIsPassedOnAndItIsFreeAgain) {
    TypeParam lock;
    std::vector<Ending<int>> ends = {
        Ending<int>(lock.run(throwBoom)), Ending<int>(lock.run(failedResult)),
        Ending<int>(lock.run(failingTask)), Ending<int>(lock.run(failedDeferred))};
    for (const Ending<int>& each : ends) EXPECT_EQ(each.message(), "boom");
    EXPECT_FALSE(lock.locked());
}

TYPED_TEST_P(RunHolding, functionsWithoutAValueAreFineToo) {
    TypeParam lock;
    int calls = 0;
    auto count = [](int* counter) { ++*counter; };
    auto countInTask = [](int* counter) -> Task<> {
        ++*counter;
        co_return;
    };
    auto countAndFire = [](int* counter) {
        ++*counter;
        return succeed();
    };
    auto countWell = [](int* counter) {
        ++*counter;
        return Result<void>();
    };
    EXPECT_EQ(Ending<void>(lock.run(count, &calls)).text(), "value");
    EXPECT_EQ(Ending<void>(lock.run(countInTask, &calls)).text(), "value");
    EXPECT_EQ(Ending<void>(lock.run(countAndFire, &calls)).text(), "value");
    EXPECT_EQ(Ending<void>(lock.run(countWell, &calls)).text(), "value");
    EXPECT_EQ(calls, 4);
}

TYPED_TEST_P(RunHolding, argumentsAreMovedIn) {
    TypeParam lock;
    Held held = lock.tryAcquire();
    auto twice = [](std::unique_ptr<int> value) { return 2 * *value; };
    Ending<int> end(lock.run(twice, std::make_unique<int>(21)));
    EXPECT_EQ(end.text(), "waiting");
    held.release();
    EXPECT_EQ(end.value(), 42);
}

TYPED_TEST_P(RunHolding, itIsHeldUntilTheResultIsThereAndFreeWhenThatIsTold) {
    TypeParam lock;
    Deferred<int> work;
    bool wasLocked = true;
    auto wait = [](Deferred<int> result) { return result; };
    lock.run(wait, work).addCallback([&](int) { wasLocked = lock.locked(); });
    EXPECT_TRUE(lock.locked());
    work.callback(1);
    EXPECT_FALSE(wasLocked);
}

TYPED_TEST_P(RunHolding, oneRunsAfterTheOther) {
    TypeParam lock;
    Event event;
    Notes notes;
    auto work = [](Event& until, Notes& out, std::string name) -> Task<> {
        out.push_back(name + " begins");
        co_await until.wait();
        out.push_back(name + " ends");
    };
    lock.run(work, std::ref(event), std::ref(notes), std::string("a"));
    lock.run(work, std::ref(event), std::ref(notes), std::string("b"));
    EXPECT_THAT(notes, ElementsAre("a begins"));
    event.set();
    EXPECT_THAT(notes, ElementsAre("a begins", "a ends", "b begins", "b ends"));
}

TYPED_TEST_P(RunHolding, cancelledBeforeItsTurnItRunsNothing) {
    TypeParam lock;
    Held held = lock.tryAcquire();
    int calls = 0;
    Ending<int> end(lock.run([&calls] { return ++calls; }));
    end.cancel();
    EXPECT_EQ(end.text(), "CancelledError");
    held.release();
    EXPECT_EQ(calls, 0);
    EXPECT_FALSE(lock.locked());
}

TYPED_TEST_P(RunHolding, cancelledInItsTurnItCancelsTheWork) {
    TypeParam lock;
    Event event;
    int asked = 0;
    auto task = [](Event& until) -> Task<> { co_await until.wait(); };
    auto deferred = [](int* counter) { return Deferred<>([counter](Deferred<>&) { ++*counter; }); };
    Ending<void> first(lock.run(task, std::ref(event)));
    Ending<void> second(lock.run(deferred, &asked));
    first.cancel();
    EXPECT_EQ(first.text(), "CancelledError");
    EXPECT_EQ(second.text(), "waiting");
    second.cancel();
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(second.text(), "CancelledError");
    EXPECT_FALSE(lock.locked());
}

REGISTER_TYPED_TEST_SUITE_P(RunHolding, itGivesWhatTheFunctionGivesWhateverThatReturns,
                            aFailureOfTheFunctionIsPassedOnAndItIsFreeAgain,
                            functionsWithoutAValueAreFineToo, argumentsAreMovedIn,
                            itIsHeldUntilTheResultIsThereAndFreeWhenThatIsTold,
                            oneRunsAfterTheOther, cancelledBeforeItsTurnItRunsNothing,
                            cancelledInItsTurnItCancelsTheWork);

}  // namespace wring::testing
