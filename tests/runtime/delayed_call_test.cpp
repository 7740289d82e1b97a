#include <wring/runtime/clock.hpp>
#include <wring/runtime/error.hpp>

#include <gtest/gtest.h>
#include <limits>
#include <memory>
#include <stdexcept>

namespace wring {
namespace {

using namespace std::chrono_literals;

class DelayedCallTest : public ::testing::Test {
 protected:
    auto count() {
        return [this] { ++calls_; };
    }
    Clock clock_;
    int calls_ = 0;
};

template <class E, class F>
std::string textOf(F function) {
    try {
        function();
    } catch (const E& error) {
        return error.what();
    }
    return "nothing was thrown";
}

TEST_F(DelayedCallTest, runsOnceWithItsArguments) {
    std::string seen;
    auto call = clock_.callLater(
        1s,
        [&](int number, const std::unique_ptr<std::string>& text) {
            seen += *text + std::to_string(number);
        },
        7, std::make_unique<std::string>("n"));
    EXPECT_EQ(call->getTime(), clock_.now() + 1s);
    EXPECT_TRUE(call->active());
    clock_.advance(10s);
    clock_.advance(10s);
    EXPECT_EQ(seen, "n7");
    EXPECT_FALSE(call->active());
}

TEST_F(DelayedCallTest, cancelKeepsItFromRunningAndReleasesTheFunction) {
    auto token = std::make_shared<int>(1);
    auto call = clock_.callLater(1s, [this, token] { ++calls_; });
    EXPECT_EQ(token.use_count(), 2);
    call->cancel();
    EXPECT_EQ(token.use_count(), 1);
    EXPECT_FALSE(call->active());
    clock_.advance(2s);
    EXPECT_EQ(calls_, 0);
}

TEST_F(DelayedCallTest, theFunctionIsReleasedWhenItHasRun) {
    auto token = std::make_shared<int>(1);
    auto call = clock_.callLater(1s, [token] {});
    clock_.advance(1s);
    EXPECT_EQ(token.use_count(), 1);
}

TEST_F(DelayedCallTest, droppingTheHandleDoesNotCancel) {
    clock_.callLater(1s, count());
    clock_.advance(1s);
    EXPECT_EQ(calls_, 1);
}

TEST_F(DelayedCallTest, aCancelledCallSaysSo) {
    auto call = clock_.callLater(1s, count());
    call->cancel();
    const std::string text = "Tried to cancel an already-cancelled event.";
    EXPECT_EQ(textOf<AlreadyCancelled>([&] { call->cancel(); }), text);
    EXPECT_EQ(textOf<AlreadyCancelled>([&] { call->delay(1s); }), text);
    EXPECT_EQ(textOf<AlreadyCancelled>([&] { call->reset(1s); }), text);
}

TEST_F(DelayedCallTest, aCallThatHasRunSaysSo) {
    auto call = clock_.callLater(1s, count());
    clock_.advance(1s);
    const std::string text = "Tried to cancel an already-called event.";
    EXPECT_EQ(textOf<AlreadyCalled>([&] { call->cancel(); }), text);
    EXPECT_EQ(textOf<AlreadyCalled>([&] { call->delay(1s); }), text);
    EXPECT_EQ(textOf<AlreadyCalled>([&] { call->reset(1s); }), text);
}

TEST_F(DelayedCallTest, itCountsAsCalledBeforeItsFunctionRuns) {
    Ref<IDelayedCall> call;
    call = clock_.callLater(1s, [&] {
        EXPECT_FALSE(call->active());
        EXPECT_THROW(call->cancel(), AlreadyCalled);
        ++calls_;
    });
    clock_.advance(1s);
    EXPECT_EQ(calls_, 1);
}

TEST_F(DelayedCallTest, delayMovesItRelativeToItsTime) {
    const Time start = clock_.now();
    auto call = clock_.callLater(2s, count());
    clock_.advance(1s);
    call->delay(2s);
    EXPECT_EQ(call->getTime(), start + 4s);
    call->delay(-3s);
    EXPECT_EQ(call->getTime(), start + 1s);
    clock_.advance(0s);
    EXPECT_EQ(calls_, 1);
}

TEST_F(DelayedCallTest, delayIntoThePastMakesItDue) {
    auto call = clock_.callLater(1s, count());
    call->delay(-1h);
    clock_.advance(0s);
    EXPECT_EQ(calls_, 1);
}

TEST_F(DelayedCallTest, resetMovesItRelativeToNow) {
    const Time start = clock_.now();
    auto call = clock_.callLater(2s, count());
    clock_.advance(1s);
    call->reset(5s);
    EXPECT_EQ(call->getTime(), start + 6s);
    clock_.advance(4s);
    EXPECT_EQ(calls_, 0);
    call->reset(1ms);
    clock_.advance(1ms);
    EXPECT_EQ(calls_, 1);
}

TEST_F(DelayedCallTest, anImpossibleDelayIsRefusedAtOnce) {
    using Seconds = std::chrono::duration<double>;
    EXPECT_THROW(clock_.callLater(-1ns, count()), std::invalid_argument);
    EXPECT_THROW(clock_.callLater(Seconds(-0.5), count()), std::invalid_argument);
    EXPECT_THROW(clock_.callLater(Seconds(std::numeric_limits<double>::quiet_NaN()), count()),
                 std::invalid_argument);
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
}

TEST_F(DelayedCallTest, whatIsTooFarAheadNeverRuns) {
    auto call = clock_.callLater(
        std::chrono::duration<double>(std::numeric_limits<double>::infinity()), count());
    EXPECT_EQ(call->getTime(), never);
    clock_.advance(std::chrono::hours(24 * 365 * 100));
    EXPECT_EQ(calls_, 0);
    EXPECT_TRUE(call->active());
    call->delay(1h);
    EXPECT_EQ(call->getTime(), never);
    call->reset(0s);
    clock_.advance(0s);
    EXPECT_EQ(calls_, 1);
}

TEST_F(DelayedCallTest, oneCallMayCancelAnotherThatIsDue) {
    auto second = Ref<IDelayedCall>();
    clock_.callLater(1s, [&] { second->cancel(); });
    second = clock_.callLater(1s, count());
    clock_.advance(1s);
    EXPECT_EQ(calls_, 0);
    EXPECT_FALSE(second->active());
}

}  // namespace
}  // namespace wring
