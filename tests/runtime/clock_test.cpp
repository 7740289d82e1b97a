#include <wring/runtime/clock.hpp>

#include <gtest/gtest.h>
#include <stdexcept>
#include <string>

namespace wring {
namespace {

using namespace std::chrono_literals;

class ClockTest : public ::testing::Test {
 protected:
    auto say(const char* word) {
        return [this, word] { words_ += word; };
    }
    Clock clock_;
    std::string words_;
};

TEST_F(ClockTest, standsStillUntilAdvanced) {
    const Time start = clock_.now();
    EXPECT_EQ(clock_.now(), start);
    clock_.advance(1500ms);
    EXPECT_EQ(clock_.now() - start, 1500ms);
    clock_.pump({1s, 2s});
    EXPECT_EQ(clock_.now() - start, 4500ms);
}

TEST_F(ClockTest, runsWhatIsDueInOrderOfTimeThenOfAsking) {
    clock_.callLater(2s, say("c"));
    clock_.callLater(1s, say("a"));
    clock_.callLater(1s, say("b"));
    clock_.callLater(3s, say("d"));
    clock_.advance(999ms);
    EXPECT_EQ(words_, "");
    clock_.advance(1001ms);
    EXPECT_EQ(words_, "abc");
    clock_.advance(1s);
    EXPECT_EQ(words_, "abcd");
}

TEST_F(ClockTest, callsSeeTheFinalTime) {
    const Time start = clock_.now();
    Time seen;
    clock_.callLater(1s, [&] { seen = clock_.now(); });
    clock_.advance(10s);
    EXPECT_EQ(seen - start, 10s);
}

TEST_F(ClockTest, whatBecomesDueMeanwhileRunsInTheSameAdvance) {
    clock_.callLater(1s, [&] {
        words_ += "a";
        clock_.callLater(0s, say("b"));
        clock_.callLater(1s, say("c"));
    });
    clock_.advance(5s);
    EXPECT_EQ(words_, "ab") << "one second after the fifth is the sixth";
    clock_.advance(1s);
    EXPECT_EQ(words_, "abc");
}

TEST_F(ClockTest, pumpAdvancesOneByOne) {
    clock_.callLater(1s, [&] {
        words_ += "a";
        clock_.callLater(1s, say("b"));
    });
    clock_.pump({1s, 1s});
    EXPECT_EQ(words_, "ab");
}

TEST_F(ClockTest, anExceptionLeavesAdvanceAndTheRestStaysPending) {
    clock_.callLater(1s, [] { throw std::runtime_error("boom"); });
    clock_.callLater(1s, say("later"));
    EXPECT_THROW(clock_.advance(1s), std::runtime_error);
    EXPECT_EQ(words_, "");
    EXPECT_EQ(clock_.getDelayedCalls().size(), 1u);
    clock_.advance(0s);
    EXPECT_EQ(words_, "later");
}

TEST_F(ClockTest, anExceptionLeavesAdvanceAfterANestedAdvance) {
    Clock other;
    other.callLater(1s, say("inner"));
    clock_.callLater(1s, [&] {
        other.advance(1s);
        throw std::runtime_error("outer");
    });
    EXPECT_THROW(clock_.advance(1s), std::runtime_error);
    EXPECT_EQ(words_, "inner");
}

TEST_F(ClockTest, anExceptionPassesThroughNestedAdvances) {
    Clock other;
    other.callLater(1s, [] { throw std::runtime_error("inner"); });
    clock_.callLater(1s, [&] { other.advance(1s); });
    EXPECT_THROW(clock_.advance(1s), std::runtime_error);
}

TEST_F(ClockTest, delayedCallsAreListedEarliestFirst) {
    auto late = clock_.callLater(2s, say("x"));
    auto early = clock_.callLater(1s, say("x"));
    auto cancelled = clock_.callLater(3s, say("x"));
    cancelled->cancel();
    auto calls = clock_.getDelayedCalls();
    ASSERT_EQ(calls.size(), 2u);
    EXPECT_EQ(calls[0], early);
    EXPECT_EQ(calls[1], late);
}

TEST_F(ClockTest, callsThatItNeverReachedAreReleasedWithIt) {
    auto token = std::make_shared<int>(1);
    Ref<IDelayedCall> call;
    {
        Clock clock;
        call = clock.callLater(1s, [token] {});
        EXPECT_EQ(token.use_count(), 2);
    }
    EXPECT_EQ(token.use_count(), 1);
    EXPECT_FALSE(call->active());
}

TEST_F(ClockTest, embeddedTimersRunAndCanBeDisarmed) {
    static int rung;
    rung = 0;
    Timer timer([](Timer&) noexcept { ++rung; });
    clock_.arm(timer, clock_.now() + 1s);
    clock_.disarm(timer);
    clock_.advance(2s);
    EXPECT_EQ(rung, 0);
    clock_.arm(timer, clock_.now() + 1s);
    clock_.advance(1s);
    EXPECT_EQ(rung, 1);
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
}

}  // namespace
}  // namespace wring
