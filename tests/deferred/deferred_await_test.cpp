#include <wring/deferred/start.hpp>
#include <wring/tests/deferred/support.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using testing::Boom;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Awaiting = testing::QuietTest;
using Coroutine = testing::QuietTest;
using Cancelling = testing::QuietTest;

/// What a coroutine noted on its way.
using Notes = std::vector<std::string>;

Deferred<int> addOne(Deferred<int> deferred) { co_return co_await deferred + 1; }

std::string nameOfEnd(Deferred<int> deferred) {
    std::string end = "none";
    deferred.addBoth([&](Result<int> result) {
        end = result ? std::to_string(*result) : result.error().className();
    });
    deferred.cancel();
    return end;
}

TEST_F(Awaiting, aFiredOneGivesTheValueWithoutSuspending) {
    Deferred<int> result = addOne(succeed(1));
    EXPECT_TRUE(result.isReady());
    EXPECT_EQ(nameOfEnd(result), "2");
}

TEST_F(Awaiting, anUnfiredOneWaits) {
    Deferred<int> given;
    Deferred<int> result = addOne(given);
    EXPECT_FALSE(result.called());
    given.callback(1);
    EXPECT_TRUE(result.called());
    EXPECT_EQ(nameOfEnd(result), "2");
}

TEST_F(Awaiting, aFailedOneThrowsTheOriginalException) {
    EXPECT_THAT(nameOfEnd(addOne(fail<int>(Boom()))), ::testing::HasSubstr("Boom"));
    Deferred<int> late;
    Deferred<int> result = addOne(late);
    late.errback(Failure::of<TimeoutError>());
    EXPECT_EQ(nameOfEnd(result), "TimeoutError");
}

TEST_F(Awaiting, aPausedOneWaitsUntilItIsUnpaused) {
    Deferred<int> given = succeed(1);
    given.pause();
    Deferred<int> result = addOne(given);
    EXPECT_FALSE(result.called());
    given.unpause();
    EXPECT_EQ(nameOfEnd(result), "2");
}

TEST_F(Awaiting, oneThatWaitsForAnotherWaitsForIt) {
    Deferred<int> inner;
    Deferred<int> result = addOne(succeed(0).addCallback([&](int) { return inner; }));
    EXPECT_FALSE(result.called());
    inner.callback(1);
    EXPECT_EQ(nameOfEnd(result), "2");
}

TEST_F(Awaiting, twiceThrowsTheSecondTime) {
    Deferred<int> given = succeed(1);
    EXPECT_EQ(nameOfEnd(addOne(given)), "2");
    EXPECT_EQ(nameOfEnd(addOne(given)), "AlreadyAwaitedError");
}

TEST_F(Awaiting, fromTwoCoroutinesGivesTheResultToTheFirst) {
    Deferred<int> given;
    Deferred<int> first = addOne(given);
    Deferred<int> second = addOne(given);
    given.callback(1);
    EXPECT_EQ(nameOfEnd(first), "2");
    EXPECT_EQ(nameOfEnd(second), "AlreadyAwaitedError");
}

Deferred<int> oneAfter(Deferred<> deferred) {
    co_await deferred;
    co_return 1;
}

TEST_F(Awaiting, oneOfVoidTwiceThrowsTheSecondTime) {
    Deferred<> given = succeed();
    EXPECT_EQ(nameOfEnd(oneAfter(given)), "1");
    EXPECT_EQ(nameOfEnd(oneAfter(given)), "AlreadyAwaitedError");
}

TEST_F(Awaiting, theEndOfAChainFromOneOfItsOwnCallbacksWaitsForTheRest) {
    Deferred<int> given;
    Deferred<int> result;
    given.addCallback([&](int value) {
        result = addOne(given);
        EXPECT_FALSE(result.called());
        return value;
    });
    given.addCallback([](int value) { return value * 10; });
    given.callback(1);
    EXPECT_EQ(nameOfEnd(result), "11");
    given = {};
}

TEST_F(Awaiting, aMovedChainFromACallbackOfTheNewOneEndsTheCoroutineOnce) {
    Deferred<int> given;
    Deferred<int> result;
    auto text = given.addCallback([](int value) { return std::to_string(value); });
    text.addCallback([&](const std::string& value) {
        result = addOne(given);
        return value;
    });
    given.addErrback([](const Failure&) { return 7; });
    given.callback(1);
    EXPECT_EQ(nameOfEnd(result), "8");
}

Deferred<int> sum(int count, testing::StackDepth& depth) {
    int total = 0;
    for (int i = 0; i < count; ++i) {
        total += co_await succeed(1);
        depth.note();
    }
    co_return total;
}

TEST_F(Awaiting, anyNumberOfReadyOnesUsesConstantStack) {
    testing::StackDepth depth;
    EXPECT_EQ(nameOfEnd(sum(100'000, depth)), "100000");
    EXPECT_LT(depth.bytes(), 1024u);
}

Deferred<int> sumOfCoroutines(int count, testing::StackDepth& depth) {
    int total = 0;
    for (int i = 0; i < count; ++i) {
        total += co_await addOne(succeed(0));
        depth.note();
    }
    co_return total;
}

TEST_F(Awaiting, anyNumberOfCoroutinesThatEndAtOnceUsesConstantStack) {
    testing::StackDepth depth;
    EXPECT_EQ(nameOfEnd(sumOfCoroutines(100'000, depth)), "100000");
    EXPECT_LT(depth.bytes(), 1024u);
}

Deferred<int> sumOfLate(int count, Deferred<>& next, testing::StackDepth& depth) {
    int total = 0;
    for (int i = 0; i < count; ++i) {
        next = {};
        total += co_await oneAfter(next);
        depth.note();
    }
    co_return total;
}

TEST_F(Awaiting, anyNumberOfCoroutinesThatEndLaterUsesConstantStack) {
    testing::StackDepth depth;
    Deferred<> next;
    Deferred<int> result = sumOfLate(10'000, next, depth);
    while (!result.called()) {
        Deferred<> due = next;
        due.callback();
    }
    EXPECT_EQ(nameOfEnd(result), "10000");
    EXPECT_LT(depth.bytes(), 4096u);
}

Deferred<> noteAround(Notes& notes, Deferred<> deferred) {
    notes.push_back("started");
    co_await deferred;
    notes.push_back("resumed");
}

TEST_F(Coroutine, runsSynchronouslyUntilItsFirstWaitAndGoesOnInWhoFires) {
    Notes notes;
    Deferred<> gate;
    Deferred<> running = noteAround(notes, gate);
    notes.push_back("returned");
    gate.callback();
    notes.push_back("fired");
    EXPECT_THAT(notes, ElementsAre("started", "returned", "resumed", "fired"));
    EXPECT_TRUE(running.isReady());
}

TEST_F(Coroutine, goesOnWithoutAnyHandleToIt) {
    Notes notes;
    Deferred<> gate;
    noteAround(notes, gate);
    gate.callback();
    EXPECT_THAT(notes, ElementsAre("started", "resumed"));
}

Deferred<int> givesFailure() { co_return Failure::of<TimeoutError>(); }
Deferred<int> givesResult() { co_return Result<int>(3); }

TEST_F(Coroutine, mayReturnAFailureOrAResult) {
    EXPECT_EQ(nameOfEnd(givesFailure()), "TimeoutError");
    EXPECT_EQ(nameOfEnd(givesResult()), "3");
}

Deferred<std::string> outcomeOf(Deferred<int> deferred) {
    Result<int> result = co_await outcome(deferred);
    co_return result ? std::to_string(*result) : result.error().className();
}

TEST_F(Coroutine, outcomeGivesTheFailureAsAValue) {
    std::string seen;
    auto keep = [&](const std::string& text) { return seen = text; };
    outcomeOf(fail<int>(Failure::of<TimeoutError>())).addCallback(keep);
    EXPECT_EQ(seen, "TimeoutError");
    outcomeOf(succeed(4)).addCallback(keep);
    EXPECT_EQ(seen, "4");
}

Deferred<> noteEnds(Notes& notes, std::vector<Deferred<int>> gates) {
    for (Deferred<int>& gate : gates) {
        auto result = co_await outcome(gate);
        notes.push_back(result ? std::to_string(*result) : result.error().className());
    }
}

TEST_F(Cancelling, theOneWhoWaitsCancelsWhatItWaitsFor) {
    int asked = 0;
    Deferred<int> given([&](Deferred<int>&) { ++asked; });
    EXPECT_EQ(nameOfEnd(addOne(given)), "CancelledError");
    EXPECT_EQ(asked, 1);
}

TEST_F(Cancelling, theOneWhoWaitsGetsWhatTheCancellerFires) {
    Deferred<int> given([](Deferred<int>& asked) { asked.callback(41); });
    EXPECT_EQ(nameOfEnd(addOne(given)), "42");
}

TEST_F(Cancelling, isFeltAtEverySuspensionPointThatFollows) {
    Notes notes;
    Deferred<> running = noteEnds(notes, {Deferred<int>(), Deferred<int>(), Deferred<int>()});
    running.cancel();
    EXPECT_TRUE(running.isReady());
    EXPECT_THAT(notes, ElementsAre("CancelledError", "CancelledError", "CancelledError"));
}

TEST_F(Cancelling, leavesResultsThatAreThereAlone) {
    Notes notes;
    Deferred<> running = noteEnds(notes, {Deferred<int>(), succeed(1), Deferred<int>()});
    running.cancel();
    EXPECT_THAT(notes, ElementsAre("CancelledError", "1", "CancelledError"));
}

TEST_F(Cancelling, waitsForAnEndThatComesLater) {
    Deferred<int> cleanUp;
    Deferred<int> given;
    given.addErrback([&](const Failure&) { return cleanUp; });
    Deferred<int> result = addOne(given);
    result.cancel();
    EXPECT_FALSE(result.called());
    cleanUp.callback(5);
    EXPECT_EQ(nameOfEnd(result), "6");
}

TEST_F(Cancelling, laterWaitsOfACancelledCoroutineAwaitTheEndToo) {
    Notes notes;
    Deferred<int> cleanUp;
    Deferred<int> slow;
    slow.addErrback([&](const Failure&) { return cleanUp; });
    Deferred<> running = noteEnds(notes, {Deferred<int>(), slow});
    running.cancel();
    EXPECT_THAT(notes, ElementsAre("CancelledError"));
    EXPECT_FALSE(running.called());
    cleanUp.callback(5);
    EXPECT_THAT(notes, ElementsAre("CancelledError", "5"));
    EXPECT_TRUE(running.called());
}

TEST_F(Cancelling, reachesCoroutinesWithinCoroutines) {
    EXPECT_EQ(nameOfEnd(addOne(addOne(addOne(Deferred<int>())))), "CancelledError");
}

TEST_F(Cancelling, aCancellerThatThrowsIsLoggedAndTheWaitGoesOn) {
    Deferred<int> given([](Deferred<int>&) { throw Boom(); });
    Deferred<int> result = addOne(given);
    result.cancel();
    EXPECT_EQ(messages().size(), 1u);
    EXPECT_FALSE(result.called());
    given.callback(1);
    EXPECT_EQ(nameOfEnd(result), "2");
}

TEST_F(Cancelling, aCancellerThatThrowsDoesNotMakeALaterOutcomeThrow) {
    Notes notes;
    Deferred<int> given([](Deferred<int>&) { throw Boom(); });
    Deferred<> running = noteEnds(notes, {Deferred<int>(), given});
    running.cancel();
    given.callback(1);
    EXPECT_THAT(notes, ElementsAre("CancelledError", "1"));
    EXPECT_EQ(messages().size(), 1u);
}

TEST_F(Cancelling, afterTheEndHasNoEffect) {
    Deferred<int> result = addOne(succeed(1));
    result.cancel();
    EXPECT_EQ(nameOfEnd(result), "2");
}

}  // namespace
}  // namespace wring
