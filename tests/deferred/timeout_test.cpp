#include <wring/deferred/event.hpp>
#include <wring/deferred/gather.hpp>
#include <wring/deferred/start.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/runtime/clock.hpp>
#include <wring/tests/deferred/support.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::Boom;
using ::testing::ElementsAre;

using WithTimeout = testing::QuietTest;
using Shield = testing::QuietTest;
using TimeoutTest = testing::ReactorTest;

using Notes = std::vector<std::string>;

Task<int> nap(Clock& clock, Duration length, int value = 1) {
    co_await sleepFor(length, clock);
    co_return value;
}

/// How something ended, once it has.
template <class T>
class End {
 public:
    explicit End(Deferred<T> deferred) : deferred_(std::move(deferred)) {
        deferred_.addBoth([text = text_](auto result) {
            *text = result ? "value" : result.error().className();
        });
    }
    const std::string& operator()() const { return *text_; }
    void cancel() { deferred_.cancel(); }

 private:
    std::shared_ptr<std::string> text_ = std::make_shared<std::string>("running");
    Deferred<T> deferred_;
};

template <class T>
End<T> started(Task<T> task) {
    return End<T>(start(std::move(task)));
}

TEST_F(WithTimeout, aResultInTimeIsGivenAndTheTimerIsGone) {
    Clock clock;
    int value = 0;
    start(withTimeout(5s, nap(clock, 1s, 7), clock)).addCallback([&](int got) { value = got; });
    clock.advance(1s);
    EXPECT_EQ(value, 7);
}

TEST_F(WithTimeout, atTheLimitItFailsWithTimeoutErrorAndNothingElse) {
    Clock clock;
    auto end = started(withTimeout(5s, nap(clock, 9s), clock));
    clock.advance(4s);
    EXPECT_EQ(end(), "running");
    clock.advance(1s);
    EXPECT_EQ(end(), "TimeoutError");
    EXPECT_FALSE(Failure::of<TimeoutError>().check<CancelledError>());
}

TEST_F(WithTimeout, failuresPassThrough) {
    Clock clock;
    Deferred<int> given;
    auto end = started(withTimeout(5s, given, clock));
    given.errback(Failure::of<UsageError>());
    EXPECT_EQ(end(), "UsageError");
}

TEST_F(WithTimeout, aDeferredIsCancelledAtTheLimit) {
    Clock clock;
    int asked = 0;
    Deferred<int> given([&](Deferred<int>&) { ++asked; });
    auto end = started(withTimeout(5s, given, clock));
    clock.advance(5s);
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(end(), "TimeoutError");
}

TEST_F(WithTimeout, theEarlierOfNestedDeadlinesCounts) {
    Clock clock;
    auto outerFirst = started(withTimeout(2s, withTimeout(5s, nap(clock, 9s), clock), clock));
    auto innerFirst = started(withTimeout(5s, withTimeout(2s, nap(clock, 9s), clock), clock));
    clock.advance(2s);
    EXPECT_EQ(outerFirst(), "TimeoutError");
    EXPECT_EQ(innerFirst(), "TimeoutError");
}

Task<std::string> nested(Clock& clock, Duration outer, Duration inner) {
    auto innerBody = [](Clock& time, Duration limit) -> Task<std::string> {
        auto result = co_await outcome(withTimeout(limit, nap(time, 9s), time));
        co_return result ? "value" : result.error().className();
    };
    auto result = co_await outcome(withTimeout(outer, innerBody(clock, inner), clock));
    co_return result ? *result : "outer " + result.error().className();
}

std::string textOf(Clock& clock, Duration outer, Duration inner) {
    std::string text;
    start(nested(clock, outer, inner)).addCallback([&](const std::string& got) { return text = got; });
    clock.advance(4s);
    return text;
}

TEST_F(WithTimeout, onlyTheRegionWhoseDeadlinePassedSaysTimeoutError) {
    Clock clock;
    EXPECT_EQ(textOf(clock, 3s, 1s), "TimeoutError");
    // Felt inside as a cancellation from outside. The body swallows it and gives a result.
    EXPECT_EQ(textOf(clock, 1s, 3s), "CancelledError");
    EXPECT_EQ(textOf(clock, 1s, 1s), "CancelledError");
}

TEST_F(WithTimeout, cancelFromOutsideStaysCancelledError) {
    Clock clock;
    auto end = started(withTimeout(5s, nap(clock, 9s), clock));
    end.cancel();
    EXPECT_EQ(end(), "CancelledError");
    clock.advance(10s);
    EXPECT_EQ(end(), "CancelledError");
}

Task<> napTwice(Clock& clock, Notes& notes) {
    for (int i = 0; i < 3; ++i) {
        auto result = co_await outcome(sleepFor(2s, clock));
        notes.push_back(result ? "slept" : result.error().className());
    }
}

TEST_F(WithTimeout, theRegionCoversAllAwaitsWithinWithOneLimitAndIsFeltByEach) {
    Clock clock;
    Notes notes;
    auto end = started(withTimeout(3s, napTwice(clock, notes), clock));
    clock.pump({1s, 1s, 1s});
    EXPECT_THAT(notes, ElementsAre("slept", "CancelledError", "CancelledError"));
    EXPECT_EQ(end(), "value");
}

TEST_F(WithTimeout, resultAndLimitInTheSameTurnHaveOneOutcome) {
    Clock clock;
    // What was armed first runs first.
    auto limitFirst = started(withTimeout(2s, nap(clock, 2s), clock));
    Deferred<int> given;
    clock.callLater(2s, [&] { given.callback(1); });
    auto resultFirst = started(withTimeout(2s, given, clock));
    clock.advance(2s);
    EXPECT_EQ(limitFirst(), "TimeoutError");
    EXPECT_EQ(resultFirst(), "value");
}

TEST_F(WithTimeout, aResultThatComesAllTheSameIsDelivered) {
    Clock clock;
    Deferred<int> given([](Deferred<int>& asked) { asked.callback(1); });
    auto end = started(withTimeout(2s, given, clock));
    clock.advance(2s);
    EXPECT_EQ(end(), "value");
}

TEST_F(WithTimeout, waitsForTheEndOfWhatItCancelled) {
    Clock clock;
    Deferred<int> cleanUp;
    Deferred<int> given;
    given.addErrback([&](const Failure& failure) {
        return cleanUp.addCallback([failure](int) { return Result<int>(failure); });
    });
    auto end = started(withTimeout(2s, given, clock));
    clock.advance(2s);
    EXPECT_EQ(end(), "running");
    cleanUp.callback(1);
    EXPECT_EQ(end(), "TimeoutError");
}

TEST_F(WithTimeout, gatheredResultsThatItCancelsEndWithTimeoutErrorToo) {
    Clock clock;
    auto gathered =
        started(withTimeout(1s, gatherResults(std::vector{start(nap(clock, 9s))}), clock));
    auto raced = started(withTimeout(1s, race(std::vector{start(nap(clock, 9s))}), clock));
    auto failed = started(withTimeout(
        1s, race(std::vector{start(nap(clock, 9s)), fail<int>(Boom())}), clock));
    clock.advance(1s);
    EXPECT_EQ(gathered(), "TimeoutError");
    EXPECT_EQ(raced(), "TimeoutError");
    EXPECT_EQ(failed(), "FailureGroup");
}

Task<> timeoutThenGoOn(Clock& clock, Notes& notes) {
    auto result = co_await outcome(withTimeout(1s, nap(clock, 9s), clock));
    notes.push_back(result.error().className());
    co_await sleepFor(1s, clock);
    notes.push_back("went on");
}

TEST_F(WithTimeout, whatFollowsTheRegionIsNotCancelled) {
    Clock clock;
    Notes notes;
    auto end = started(timeoutThenGoOn(clock, notes));
    clock.pump({1s, 1s});
    EXPECT_EQ(end(), "value");
    EXPECT_THAT(notes, ElementsAre("TimeoutError", "went on"));
}

TEST_F(WithTimeout, aLimitOfZeroOrLessIsOverAtOnceButNotSynchronously) {
    Clock clock;
    auto zero = started(withTimeout(0s, nap(clock, 1s), clock));
    auto negative = started(withTimeout(-1s, nap(clock, 1s), clock));
    EXPECT_EQ(zero(), "running");
    clock.advance(0s);
    EXPECT_EQ(zero(), "TimeoutError");
    EXPECT_EQ(negative(), "TimeoutError");
}

Task<> shielded(Clock& clock, Duration limit, Duration length, Notes& notes) {
    auto result = co_await outcome(shield(limit, nap(clock, length), clock));
    notes.push_back(result ? "inside done" : "inside " + result.error().className());
    auto next = co_await outcome(sleepFor(1s, clock));
    notes.push_back(next ? "outside done" : "outside " + next.error().className());
}

TEST_F(Shield, protectsUntilItsEndAndTheNextSuspensionOutsideReportsTheCancel) {
    Clock clock;
    Notes notes;
    auto end = started(shielded(clock, 5s, 3s, notes));
    end.cancel();
    EXPECT_EQ(end(), "running");
    clock.advance(3s);
    EXPECT_THAT(notes, ElementsAre("inside done", "outside CancelledError"));
}

TEST_F(Shield, withoutACancelItChangesNothing) {
    Clock clock;
    Notes notes;
    auto end = started(shielded(clock, 1s, 9s, notes));
    clock.pump({9s, 1s});
    EXPECT_THAT(notes, ElementsAre("inside done", "outside done"));
}

TEST_F(Shield, itsLimitCountsFromTheRequest) {
    Clock clock;
    Notes notes;
    auto end = started(shielded(clock, 2s, 20s, notes));
    clock.advance(10s);
    end.cancel();
    clock.advance(1s);
    EXPECT_TRUE(notes.empty());
    clock.advance(1s);
    EXPECT_THAT(notes, ElementsAre("inside CancelledError", "outside CancelledError"));
}

Task<> shieldWhenCancelled(Clock& clock, Event& never, Notes& notes) {
    static_cast<void>(co_await outcome(never.wait()));
    co_await shielded(clock, 2s, 5s, notes);
}

TEST_F(Shield, begunAfterTheRequestItCountsFromItsBeginning) {
    Clock clock;
    Event never;
    Notes notes;
    auto end = started(shieldWhenCancelled(clock, never, notes));
    end.cancel();
    clock.advance(1s);
    EXPECT_TRUE(notes.empty());
    clock.advance(1s);
    EXPECT_THAT(notes, ElementsAre("inside CancelledError", "outside CancelledError"));
}

TEST_F(Shield, withinADeadlineDelaysIt) {
    Clock clock;
    auto end = started(withTimeout(1s, shield(5s, nap(clock, 3s), clock), clock));
    clock.advance(1s);
    EXPECT_EQ(end(), "running");
    clock.advance(2s);
    EXPECT_EQ(end(), "value");
}

TEST_F(Shield, withinADeadlineExpiresLimitAfterIt) {
    Clock clock;
    auto end = started(withTimeout(1s, shield(2s, nap(clock, 9s), clock), clock));
    clock.advance(1s);
    clock.advance(1s);
    EXPECT_EQ(end(), "running");
    clock.advance(1s);
    EXPECT_EQ(end(), "TimeoutError");
}

TEST_F(Shield, aDeadlineWithinItIsFelt) {
    Clock clock;
    auto end = started(shield(9s, withTimeout(1s, nap(clock, 5s), clock), clock));
    clock.advance(1s);
    EXPECT_EQ(end(), "TimeoutError");
}

TEST_F(Shield, aDeferredBehindItIsNotCancelled) {
    Clock clock;
    int asked = 0;
    Deferred<int> given([&](Deferred<int>&) { ++asked; });
    auto end = started(shield(5s, given, clock));
    end.cancel();
    EXPECT_EQ(asked, 0);
    clock.advance(5s);
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(end(), "CancelledError");
}

TEST_F(Shield, oneWithinAnotherProtectsUntilBothLimitsAreOver) {
    Clock clock;
    auto end = started(shield(2s, shield(3s, nap(clock, 60s), clock), clock));
    end.cancel();
    clock.pump({1s, 1s});
    EXPECT_EQ(end(), "running");
    clock.advance(1s);
    EXPECT_EQ(end(), "CancelledError");
}

Task<> shieldAfter(Clock& clock, Duration pause, Duration limit) {
    co_await sleepFor(pause, clock);
    co_await shield(limit, nap(clock, 60s), clock);
}

TEST_F(Shield, oneBegunWithinAnotherAfterTheRequestExpiresToo) {
    Clock clock;
    auto end = started(shield(2s, shieldAfter(clock, 1s, 3s), clock));
    end.cancel();
    clock.pump({1s, 1s, 1s, 1s});
    EXPECT_EQ(end(), "running");
    clock.pump({1s, 1s});
    EXPECT_EQ(end(), "CancelledError");
    clock.advance(60s);
}

TEST_P(TimeoutTest, itsLimitIsTheReactorsTime) {
    run([](Reactor&) -> Task<> {
        Event never;
        auto body = [](Event& event) -> Task<> { co_await event.wait(); };
        auto result = co_await outcome(withTimeout(1ms, body(never)));
        EXPECT_TRUE(result.error().check<TimeoutError>());
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, TimeoutTest, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
