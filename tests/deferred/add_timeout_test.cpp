#include <wring/deferred/sleep.hpp>
#include <wring/deferred/start.hpp>
#include <wring/runtime/clock.hpp>
#include <wring/tests/deferred/support.hpp>

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::Boom;

/// What the end of a chain came to, in a word.
std::string word(const Result<int>& result) {
    if (result) return std::to_string(*result);
    return result.error().className();
}

class AddTimeout : public testing::QuietTest {
 protected:
    /// Notes what comes out at this place of the chain.
    void watch(Deferred<int> deferred) {
        deferred.addBoth([this](Result<int> result) { ends_.push_back(word(result)); });
    }
    void expectEnd(const std::string& end) { EXPECT_EQ(ends_, std::vector<std::string>{end}); }

    Clock clock_;
    std::vector<std::string> ends_;
};

TEST_F(AddTimeout, aResultThatComesInTimeIsPassedOn) {
    Deferred<int> deferred;
    watch(deferred.addTimeout(10s, clock_));
    deferred.callback(1);
    clock_.advance(20s);
    expectEnd("1");
}

TEST_F(AddTimeout, aFailureThatComesInTimeIsPassedOn) {
    Deferred<int> deferred;
    watch(deferred.addTimeout(10s, clock_));
    deferred.errback(Failure::of<CancelledError>());
    expectEnd("CancelledError");
}

TEST_F(AddTimeout, oneThatHasFiredIsNotWaitedFor) {
    watch(succeed(3).addTimeout(0s, clock_));
    expectEnd("3");
    clock_.advance(1s);
}

TEST_F(AddTimeout, itReturnsTheSameDeferred) {
    Deferred<int> deferred;
    Deferred<int> returned = deferred.addTimeout(1s, clock_);
    EXPECT_TRUE(returned == deferred);
}

TEST_F(AddTimeout, whenTheTimeIsOverItFailsWithTimeoutError) {
    Deferred<int> deferred;
    watch(deferred.addTimeout(10s, clock_));
    clock_.advance(10s - 1ns);
    EXPECT_TRUE(ends_.empty());
    clock_.advance(1ns);
    expectEnd("TimeoutError");
}

TEST_F(AddTimeout, aNegativeTimeIsOverAtOnce) {
    Deferred<int> deferred;
    watch(deferred.addTimeout(-5s, clock_));
    clock_.advance(0s);
    expectEnd("TimeoutError");
}

TEST_F(AddTimeout, exactlyOneLateResultIsSwallowed) {
    Deferred<int> deferred;
    watch(deferred.addTimeout(1s, clock_));
    clock_.advance(1s);
    deferred.callback(5);
    EXPECT_THROW(deferred.callback(6), AlreadyCalledError);
    expectEnd("TimeoutError");
}

TEST_F(AddTimeout, cancellingByHandIsNotATimeout) {
    Deferred<int> deferred;
    int calls = 0;
    watch(deferred.addTimeout(10s, clock_, [&](Result<int> result, Duration) {
        ++calls;
        return result;
    }));
    deferred.cancel();
    clock_.advance(20s);
    expectEnd("CancelledError");
    EXPECT_EQ(calls, 0);
}

TEST_F(AddTimeout, whatTheCancellerFailsWithIsPassedOn) {
    Deferred<int> deferred([](Deferred<int>& asked) { asked.errback(Boom("stopped")); });
    std::string message;
    deferred.addTimeout(1s, clock_).addErrback([&](const Failure& failure) {
        message = failure.getErrorMessage();
        return 0;
    });
    clock_.advance(1s);
    EXPECT_EQ(message, "stopped");
}

TEST_F(AddTimeout, whatTheCancellerSucceedsWithIsPassedOn) {
    Deferred<int> deferred([](Deferred<int>& asked) { asked.callback(7); });
    watch(deferred.addTimeout(1s, clock_));
    clock_.advance(1s);
    expectEnd("7");
}

TEST_F(AddTimeout, anErrbackBeforeItMaySwallowTheCancellation) {
    Deferred<int> deferred;
    deferred.addErrback([](const Failure&) { return 8; });
    watch(deferred.addTimeout(1s, clock_));
    clock_.advance(1s);
    expectEnd("8");
}

TEST_F(AddTimeout, callbacksAddedBeforeAreCovered) {
    Deferred<int> deferred;
    Deferred<int> inner;
    deferred.addCallback([&](int) { return inner; });
    watch(deferred.addTimeout(10s, clock_));
    deferred.callback(0);
    EXPECT_TRUE(ends_.empty());
    clock_.advance(10s);
    expectEnd("TimeoutError");
}

TEST_F(AddTimeout, callbacksAddedAfterwardsAreNot) {
    Deferred<int> deferred;
    Deferred<int> inner;
    deferred.addTimeout(10s, clock_);
    watch(deferred.addCallback([&](int) { return inner; }));
    deferred.callback(0);
    clock_.advance(20s);
    EXPECT_TRUE(ends_.empty());
    inner.callback(4);
    expectEnd("4");
}

TEST_F(AddTimeout, ofTwoTheEarlierOneCounts) {
    for (auto [first, second] : {std::pair{10s, 2s}, std::pair{2s, 10s}}) {
        ends_.clear();
        Deferred<int> deferred;
        deferred.addTimeout(first, clock_);
        watch(deferred.addTimeout(second, clock_));
        clock_.advance(2s);
        expectEnd("TimeoutError");
        clock_.advance(20s);
    }
}

TEST_F(AddTimeout, theFunctionGetsWhatCameAndTheLimit) {
    Deferred<int> deferred;
    Duration limit{};
    watch(deferred.addTimeout(3s, clock_, [&](Result<int> result, Duration given) -> Result<int> {
        limit = given;
        EXPECT_TRUE(!result && result.error().check<CancelledError>());
        return 9;
    }));
    clock_.advance(3s);
    EXPECT_EQ(limit, Duration(3s));
    expectEnd("9");
}

TEST_F(AddTimeout, theFunctionIsCalledForAValueToo) {
    Deferred<int> deferred([](Deferred<int>& asked) { asked.callback(20); });
    watch(
        deferred.addTimeout(1s, clock_, [](Result<int> result, Duration) { return *result + 1; }));
    clock_.advance(1s);
    expectEnd("21");
}

TEST_F(AddTimeout, whatTheFunctionThrowsIsTheResult) {
    Deferred<int> deferred;
    std::string message;
    deferred.addTimeout(1s, clock_, [](Result<int>, Duration) -> int { throw Boom("from it"); })
        .addErrback([&](const Failure& failure) {
            message = failure.getErrorMessage();
            return 0;
        });
    clock_.advance(1s);
    EXPECT_EQ(message, "from it");
}

TEST_F(AddTimeout, theFunctionMayReturnADeferred) {
    Deferred<int> deferred;
    Deferred<int> later;
    watch(deferred.addTimeout(1s, clock_, [&](Result<int>, Duration) { return later; }));
    clock_.advance(1s);
    EXPECT_TRUE(ends_.empty());
    later.callback(2);
    expectEnd("2");
}

TEST_F(AddTimeout, aCancellerThatThrowsIsLogged) {
    Deferred<int> deferred([](Deferred<int>&) { throw Boom("canceller"); });
    watch(deferred.addTimeout(1s, clock_));
    clock_.advance(1s);
    ASSERT_EQ(messages().size(), 1u);
    EXPECT_NE(messages()[0].find("canceller"), std::string::npos);
    EXPECT_TRUE(ends_.empty());
}

TEST_F(AddTimeout, droppingTheDeferredEndsTheTimer) {
    { Deferred<int>().addTimeout(1s, clock_); }
    clock_.advance(1s);
    EXPECT_TRUE(messages().empty());
}

TEST_F(AddTimeout, aPausedDeferredIsCancelledAndGoesOnLater) {
    Deferred<int> deferred;
    watch(deferred.addTimeout(1s, clock_));
    deferred.pause();
    clock_.advance(1s);
    EXPECT_TRUE(ends_.empty());
    deferred.unpause();
    expectEnd("TimeoutError");
}

Task<int> sleepLong(Clock* clock) {
    co_await sleepFor(1h, *clock);
    co_return 1;
}

Task<int> refuseToEnd(Clock* clock) {
    auto slept = co_await outcome(sleepFor(1h, *clock));
    co_return slept ? 1 : 2;
}

TEST_F(AddTimeout, aCoroutineThatIsCancelledTimesOut) {
    watch(start(sleepLong(&clock_)).addTimeout(1min, clock_));
    clock_.advance(1min);
    expectEnd("TimeoutError");
}

TEST_F(AddTimeout, aCoroutineThatGivesAValueAllTheSameSucceeds) {
    watch(start(refuseToEnd(&clock_)).addTimeout(1min, clock_));
    clock_.advance(1min);
    expectEnd("2");
}

}  // namespace
}  // namespace wring
