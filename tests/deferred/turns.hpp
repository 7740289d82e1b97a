#pragma once

#include <wring/deferred/event.hpp>
#include <wring/deferred/held.hpp>
#include <wring/deferred/start.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/runtime/clock.hpp>
#include <wring/tests/deferred/ending.hpp>
#include <wring/tests/deferred/support.hpp>

#include <gmock/gmock.h>

/// What a lock and a semaphore with one token have in common. L has locked().
namespace wring::testing {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Notes = std::vector<std::string>;

template <class L>
class Turns : public QuietTest {};
template <class L>
class TurnsDeathTest : public QuietTest {};

TYPED_TEST_SUITE_P(Turns);
TYPED_TEST_SUITE_P(TurnsDeathTest);

/// Takes its turn, and ends it at once.
template <class L>
Deferred<> takeTurn(L& lock, Notes& notes, std::string name) {
    Held held = co_await lock.acquire();
    notes.push_back(name);
}

/// Takes its turn, which lasts until the event.
template <class L>
Deferred<> turnUntil(L& lock, Event& event, Notes& notes, std::string name) {
    Held held = co_await lock.acquire();
    notes.push_back(name + " has it");
    co_await event.wait();
    notes.push_back(name + " goes on");
}

TYPED_TEST_P(Turns, itIsFreeAtFirst) {
    TypeParam lock;
    EXPECT_FALSE(lock.locked());
}

TYPED_TEST_P(Turns, aFreeOneIsAcquiredAtOnceAndHeldUntilTheEndOfTheHeld) {
    TypeParam lock;
    Ending<Held> mine(lock.acquire());
    EXPECT_EQ(mine.text(), "value");
    EXPECT_TRUE(mine.value());
    EXPECT_TRUE(lock.locked());
    mine.drop();
    EXPECT_FALSE(lock.locked());
}

TYPED_TEST_P(Turns, aHeldGivesBackOnceHoweverOftenItIsTold) {
    TypeParam lock;
    Held first = lock.tryAcquire();
    first.release();
    EXPECT_FALSE(first);
    Held second = lock.tryAcquire();
    first.release();
    EXPECT_TRUE(second);
    EXPECT_TRUE(lock.locked());
}

TYPED_TEST_P(Turns, aHeldThatWasMovedFromHoldsNothing) {
    TypeParam lock;
    Held first = lock.tryAcquire();
    Held second = std::move(first);
    first.release();
    EXPECT_TRUE(lock.locked());
    second = Held();
    EXPECT_FALSE(lock.locked());
}

TYPED_TEST_P(Turns, tryAcquireGivesNothingWhileSomebodyHasIt) {
    TypeParam lock;
    Held held = lock.tryAcquire();
    EXPECT_TRUE(held);
    EXPECT_FALSE(lock.tryAcquire());
    held.release();
    EXPECT_TRUE(lock.tryAcquire());
}

TYPED_TEST_P(Turns, thoseWhoWaitGetTheirTurnsInOrderBeforeReleaseReturns) {
    TypeParam lock;
    Notes notes;
    Held held = lock.tryAcquire();
    for (const char* name : {"a", "b", "c"}) takeTurn(lock, notes, name);
    EXPECT_THAT(notes, IsEmpty());
    held.release();
    EXPECT_THAT(notes, ElementsAre("a", "b", "c"));
    EXPECT_FALSE(lock.locked());
}

TYPED_TEST_P(Turns, itIsNeverFreeWhileItIsHandedOn) {
    TypeParam lock;
    Held held = lock.tryAcquire();
    std::vector<bool> seen;
    for (int i = 0; i < 2; ++i) {
        lock.acquire().addCallback([&](Held mine) {
            seen.push_back(lock.locked());
            mine.release();
            // The next one has it already, though it did not go on yet.
            seen.push_back(static_cast<bool>(lock.tryAcquire()));
        });
    }
    held.release();
    EXPECT_THAT(seen, ElementsAre(true, false, true, true));
}

TYPED_TEST_P(Turns, plainReleaseEndsWhatWasDetachedAndTheFirstWhoWaitsHasIt) {
    TypeParam lock;
    lock.acquire().addCallback([](Held held) { held.detach(); });
    EXPECT_TRUE(lock.locked());
    Ending<Held> next(lock.acquire());
    Ending<Held> last(lock.acquire());
    lock.release();
    EXPECT_EQ(next.text(), "value");
    EXPECT_EQ(last.text(), "waiting");
    EXPECT_TRUE(lock.locked());
    next.value().detach();
    lock.release();
    EXPECT_EQ(last.text(), "value");
}

TYPED_TEST_P(Turns, anEmptyHeldDetachesNothing) {
    TypeParam lock;
    Held held = lock.tryAcquire();
    held.detach();
    held.detach();
    held.release();
    EXPECT_TRUE(lock.locked());
    lock.release();
    EXPECT_FALSE(lock.locked());
}

TYPED_TEST_P(Turns, aCancelledOneLeavesTheLineAndTheOthersKeepTheirPlaces) {
    for (std::size_t victim : {0u, 1u, 2u}) {
        TypeParam lock;
        Notes notes;
        Notes expected = {"0", "1", "2"};
        expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(victim));
        Held held = lock.tryAcquire();
        std::vector<Ending<void>> turns;
        for (int i = 0; i < 3; ++i) turns.emplace_back(takeTurn(lock, notes, std::to_string(i)));
        turns[victim].cancel();
        EXPECT_EQ(turns[victim].text(), "CancelledError");
        held.release();
        EXPECT_EQ(notes, expected);
    }
}

TYPED_TEST_P(Turns, cancellingAnAcquireFailsItWithCancelledError) {
    TypeParam lock;
    Held held = lock.tryAcquire();
    Ending<Held> waiting(lock.acquire());
    waiting.cancel();
    EXPECT_EQ(waiting.text(), "CancelledError");
    held.release();
    EXPECT_FALSE(lock.locked());
}

TYPED_TEST_P(Turns, cancellingWhoHasItHasNoEffect) {
    TypeParam lock;
    Ending<Held> mine(lock.acquire());
    Ending<Held> next(lock.acquire());
    mine.cancel();
    EXPECT_EQ(mine.text(), "value");
    EXPECT_EQ(next.text(), "waiting");
    mine.drop();
    next.cancel();
    EXPECT_TRUE(next.value());
    EXPECT_TRUE(lock.locked());
}

TYPED_TEST_P(Turns, aTurnThatNobodyWantsAnyMorePassesToTheNext) {
    TypeParam lock;
    Held held = lock.tryAcquire();
    static_cast<void>(lock.acquire());
    static_cast<void>(lock.acquire());
    Ending<Held> last(lock.acquire());
    held.release();
    EXPECT_EQ(last.text(), "value");
    last.drop();
    EXPECT_FALSE(lock.locked());
}

TYPED_TEST_P(Turns, aTurnThatIsNeverTakenEndsWithItsLastHandle) {
    TypeParam lock;
    std::optional<Deferred<Held>> unused = lock.acquire();
    EXPECT_TRUE(lock.locked());
    unused.reset();
    EXPECT_FALSE(lock.locked());
}

TYPED_TEST_P(Turns, anAcquireThatIsFiredByHandIsNotWaitingAnyMore) {
    TypeParam lock;
    Held held = lock.tryAcquire();
    Deferred<Held> odd = lock.acquire();
    odd.addErrback([](const Failure&) { return Held(); });
    Ending<Held> next(lock.acquire());
    odd.errback(Boom());
    held.release();
    EXPECT_TRUE(next.value());
}

TYPED_TEST_P(Turns, tenThousandWhoGiveItBackAtOnceUseNoMoreStackThanOne) {
    TypeParam lock;
    StackDepth depth;
    int turns = 0;
    Held held = lock.tryAcquire();
    for (int i = 0; i < 10'000; ++i) {
        lock.acquire().addCallback([&](Held) {
            ++turns;
            depth.note();
        });
    }
    held.release();
    EXPECT_EQ(turns, 10'000);
    EXPECT_LT(depth.bytes(), 4096u);
}

TYPED_TEST_P(Turns, whoIsHandedItAndGivesItBackGoesOnBeforeTheNextOne) {
    TypeParam lock;
    Notes notes;
    Held held = lock.tryAcquire();
    for (std::string name : {"a", "b"}) {
        lock.acquire().addCallback([&notes, name](Held mine) {
            notes.push_back(name);
            mine.release();
            notes.push_back(name + " after release");
        });
    }
    held.release();
    EXPECT_THAT(notes, ElementsAre("a", "a after release", "b", "b after release"));
}

template <class L>
Deferred<> twoTurns(L& lock, Notes& notes) {
    for (const char* name : {"first", "again"}) {
        Held held = co_await lock.acquire();
        notes.push_back(name);
    }
}

TYPED_TEST_P(Turns, whoComesAgainStandsInLineBehindTheOthers) {
    TypeParam lock;
    Notes notes;
    Held held = lock.tryAcquire();
    twoTurns(lock, notes);
    takeTurn(lock, notes, "other");
    held.release();
    EXPECT_THAT(notes, ElementsAre("first", "other", "again"));
}

TYPED_TEST_P(Turns, whoIsHandedItMayCancelTheNextOne) {
    TypeParam lock;
    Notes notes;
    Held held = lock.tryAcquire();
    std::optional<Ending<void>> victim;
    lock.acquire().addCallback([&](Held) { victim->cancel(); });
    victim.emplace(takeTurn(lock, notes, "victim"));
    takeTurn(lock, notes, "last");
    held.release();
    EXPECT_EQ(victim->text(), "CancelledError");
    EXPECT_THAT(notes, ElementsAre("last"));
}

TYPED_TEST_P(Turns, whoIsHandedItMayDestroyItAndTheOthersStillGetTheirTurns) {
    auto lock = std::make_unique<TypeParam>();
    Notes notes;
    Held held = lock->tryAcquire();
    lock->acquire().addCallback([&](Held) { lock.reset(); });
    takeTurn(*lock, notes, "after");
    held.release();
    EXPECT_EQ(lock, nullptr);
    EXPECT_THAT(notes, ElementsAre("after"));
}

TYPED_TEST_P(Turns, whoIsHandedItByAPlainReleaseMayDestroyItToo) {
    auto lock = std::make_unique<TypeParam>();
    lock->tryAcquire().detach();
    lock->acquire().addCallback([&](Held) { lock.reset(); });
    Ending<Held> next(lock->acquire());
    lock->release();
    EXPECT_EQ(lock, nullptr);
    EXPECT_EQ(next.text(), "value");
}

TYPED_TEST_P(Turns, whoHoldsItAndWhoWaitsMayOutliveIt) {
    auto lock = std::make_unique<TypeParam>();
    Held held = lock->tryAcquire();
    Ending<Held> next(lock->acquire());
    lock.reset();
    EXPECT_EQ(next.text(), "waiting");
    held.release();
    EXPECT_EQ(next.text(), "value");
}

TYPED_TEST_P(Turns, whoWaitsForOneThatCannotComeBackFailsQuietlyWithCancelledError) {
    auto lock = std::make_unique<TypeParam>();
    lock->tryAcquire().detach();
    Ending<Held> waiting(lock->acquire());
    static_cast<void>(lock->acquire());
    lock.reset();
    EXPECT_EQ(waiting.text(), "CancelledError");
    EXPECT_THAT(this->messages(), IsEmpty());
}

template <class L>
Deferred<Held> acquireWithin(L& lock, Clock& clock) {
    co_return co_await withTimeout(5s, lock.acquire(), clock);
}

TYPED_TEST_P(Turns, aTimeoutEndsTheWaitAndTheNextTurnIsSomebodyElses) {
    TypeParam lock;
    Clock clock;
    Held held = lock.tryAcquire();
    Ending<Held> hasty(acquireWithin(lock, clock));
    Ending<Held> patient(lock.acquire());
    clock.advance(5s);
    EXPECT_EQ(hasty.text(), "TimeoutError");
    held.release();
    EXPECT_EQ(patient.text(), "value");
}

TYPED_TEST_P(Turns, aTurnThatComesInTimeIsKeptWhenTheTimeIsOver) {
    TypeParam lock;
    Clock clock;
    Held held = lock.tryAcquire();
    Ending<Held> hasty(acquireWithin(lock, clock));
    clock.advance(4s);
    held.release();
    clock.advance(9s);
    EXPECT_EQ(hasty.text(), "value");
    EXPECT_TRUE(lock.locked());
}

TYPED_TEST_P(Turns, aCoroutineThatIsCancelledInItsTurnGivesItBack) {
    TypeParam lock;
    Event event;
    Notes notes;
    Ending<void> mine(turnUntil(lock, event, notes, "mine"));
    Ending<void> next(turnUntil(lock, event, notes, "next"));
    mine.cancel();
    EXPECT_EQ(mine.text(), "CancelledError");
    EXPECT_THAT(notes, ElementsAre("mine has it", "next has it"));
    event.set();
    EXPECT_EQ(next.text(), "value");
}

TYPED_TEST_P(Turns, aCoroutineThatWasCancelledBeforeItWaitsTakesNoPlace) {
    TypeParam lock;
    Event event;
    Notes notes;
    Held held = lock.tryAcquire();
    auto body = [](TypeParam& wanted, Event& first, Notes& out) -> Deferred<> {
        static_cast<void>(co_await outcome(first.wait()));
        auto got = co_await outcome(wanted.acquire());
        out.push_back(got ? "value" : got.error().className());
    };
    Ending<void> end(body(lock, event, notes));
    end.cancel();
    EXPECT_THAT(notes, ElementsAre("CancelledError"));
    held.release();
    EXPECT_FALSE(lock.locked());
}

REGISTER_TYPED_TEST_SUITE_P(
    Turns, itIsFreeAtFirst, aFreeOneIsAcquiredAtOnceAndHeldUntilTheEndOfTheHeld,
    aHeldGivesBackOnceHoweverOftenItIsTold, aHeldThatWasMovedFromHoldsNothing,
    tryAcquireGivesNothingWhileSomebodyHasIt, thoseWhoWaitGetTheirTurnsInOrderBeforeReleaseReturns,
    itIsNeverFreeWhileItIsHandedOn, plainReleaseEndsWhatWasDetachedAndTheFirstWhoWaitsHasIt,
    anEmptyHeldDetachesNothing, aCancelledOneLeavesTheLineAndTheOthersKeepTheirPlaces,
    cancellingAnAcquireFailsItWithCancelledError, cancellingWhoHasItHasNoEffect,
    aTurnThatNobodyWantsAnyMorePassesToTheNext, aTurnThatIsNeverTakenEndsWithItsLastHandle,
    anAcquireThatIsFiredByHandIsNotWaitingAnyMore,
    tenThousandWhoGiveItBackAtOnceUseNoMoreStackThanOne,
    whoIsHandedItAndGivesItBackGoesOnBeforeTheNextOne, whoComesAgainStandsInLineBehindTheOthers,
    whoIsHandedItMayCancelTheNextOne, whoIsHandedItMayDestroyItAndTheOthersStillGetTheirTurns,
    whoIsHandedItByAPlainReleaseMayDestroyItToo, whoHoldsItAndWhoWaitsMayOutliveIt,
    whoWaitsForOneThatCannotComeBackFailsQuietlyWithCancelledError,
    aTimeoutEndsTheWaitAndTheNextTurnIsSomebodyElses, aTurnThatComesInTimeIsKeptWhenTheTimeIsOver,
    aCoroutineThatIsCancelledInItsTurnGivesItBack,
    aCoroutineThatWasCancelledBeforeItWaitsTakesNoPlace);

TYPED_TEST_P(TurnsDeathTest, plainReleaseOfAFreeOneEndsTheProcess) {
    TypeParam lock;
    EXPECT_DEATH(lock.release(), "release\\(\\) of a Deferred");
}

TYPED_TEST_P(TurnsDeathTest, plainReleaseOfWhatAHeldHasEndsTheProcess) {
    TypeParam lock;
    Held held = lock.tryAcquire();
    EXPECT_TRUE(lock.locked());
    EXPECT_DEATH(lock.release(), "release\\(\\) of a Deferred");
}

REGISTER_TYPED_TEST_SUITE_P(TurnsDeathTest, plainReleaseOfAFreeOneEndsTheProcess,
                            plainReleaseOfWhatAHeldHasEndsTheProcess);

}  // namespace wring::testing
