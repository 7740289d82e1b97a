#include <wring/deferred/first_completed.hpp>

#include <wring/deferred/start.hpp>
#include <wring/tests/deferred/ends.hpp>
#include <wring/tests/deferred/support.hpp>

#include <gmock/gmock.h>
#include <memory>

namespace wring {
namespace {

using testing::Boom;
using ::testing::ElementsAre;
using testing::endOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::size_t nobody = 99;

/// Three inputs, and who of them came first.
class FirstCompletedTest : public testing::QuietTest {
 protected:
    Deferred<std::size_t> listen() {
        return firstCompleted(inputs_).addCallback([this](std::size_t index) {
            ++timesFired_;
            return index_ = index;
        });
    }
    std::vector<Deferred<int>> inputs_{Deferred<int>(), Deferred<int>(), Deferred<int>()};
    std::size_t index_ = nobody;
    int timesFired_ = 0;
};

TEST_F(FirstCompletedTest, givesTheIndexOfTheFirstSuccess) {
    listen();
    EXPECT_EQ(index_, nobody);
    inputs_[2].callback(5);
    EXPECT_EQ(index_, 2u);
}

TEST_F(FirstCompletedTest, aFailureCompletesAsWellAndStaysToBeHandled) {
    listen();
    inputs_[1].errback(Boom());
    EXPECT_EQ(index_, 1u);
    EXPECT_THAT(endOf(inputs_[1]), HasSubstr("Boom"));
}

TEST_F(FirstCompletedTest, aFailureThatNobodyHandlesIsReportedAsEver) {
    listen();
    inputs_[1].errback(Boom("unseen"));
    inputs_.clear();
    EXPECT_THAT(messages(), ElementsAre(HasSubstr("unseen")));
}

TEST_F(FirstCompletedTest, ofSeveralThatAreReadyGivesTheLowest) {
    inputs_[1].callback(1);
    inputs_[2].callback(2);
    EXPECT_TRUE(listen().isReady());
    EXPECT_EQ(index_, 1u);
}

TEST_F(FirstCompletedTest, leavesTheResultAndTheOthersAlone) {
    listen();
    inputs_[0].callback(7);
    int seen = 0;
    inputs_[0].addCallback([&](int value) { return seen = value; });
    EXPECT_EQ(seen, 7);
    EXPECT_FALSE(inputs_[1].called());
    inputs_[1].callback(8);
    EXPECT_EQ(endOf(inputs_[1]), "value");
    EXPECT_EQ(timesFired_, 1);
}

TEST_F(FirstCompletedTest, leavesAValueThatCanOnlyBeMoved) {
    std::vector<Deferred<std::unique_ptr<int>>> inputs{succeed(std::make_unique<int>(1))};
    EXPECT_TRUE(firstCompleted(inputs).isReady());
    EXPECT_EQ(endOf(inputs[0]), "value");
}

TEST_F(FirstCompletedTest, waitsForAnInputThatIsPaused) {
    inputs_[0].pause();
    inputs_[0].callback(1);
    listen();
    EXPECT_EQ(timesFired_, 0);
    inputs_[0].unpause();
    EXPECT_EQ(index_, 0u);
}

TEST_F(FirstCompletedTest, waitsForTheDeferredThatAnInputWaitsFor) {
    Deferred<int> inner;
    inputs_[0].addCallback([inner](int) { return inner; });
    listen();
    inputs_[0].callback(1);
    EXPECT_EQ(timesFired_, 0);
    inner.callback(2);
    EXPECT_EQ(index_, 0u);
}

TEST_F(FirstCompletedTest, ofVoidGivesTheIndexToo) {
    std::vector<Deferred<>> inputs(2);
    Deferred<std::size_t> first = firstCompleted(inputs);
    inputs[1].callback();
    EXPECT_EQ(endOf(first), "value");
}

TEST_F(FirstCompletedTest, ofNothingNeverFiresUnlessCancelled) {
    Deferred<std::size_t> first = firstCompleted(std::vector<Deferred<int>>());
    EXPECT_FALSE(first.called());
    first.cancel();
    EXPECT_EQ(endOf(first), "CancelledError");
}

TEST_F(FirstCompletedTest, cancelledItLeavesTheInputsAlone) {
    int asked = 0;
    inputs_[0] = Deferred<int>([&](Deferred<int>&) { ++asked; });
    Deferred<std::size_t> first = listen();
    first.cancel();
    EXPECT_EQ(endOf(first), "CancelledError");
    EXPECT_EQ(asked, 0);
    inputs_[0].callback(1);
    EXPECT_EQ(endOf(inputs_[0]), "value");
    EXPECT_EQ(timesFired_, 0);
}

TEST_F(FirstCompletedTest, cancelledAfterItHasFiredKeepsItsResult) {
    Deferred<std::size_t> first = listen();
    inputs_[0].callback(1);
    first.cancel();
    EXPECT_EQ(endOf(first), "value");
}

TEST_F(FirstCompletedTest, anInputThatIsCancelledHasCompleted) {
    listen();
    inputs_[1].cancel();
    EXPECT_EQ(index_, 1u);
    EXPECT_EQ(endOf(inputs_[1]), "CancelledError");
}

TEST_F(FirstCompletedTest, inputsThatNeverFireAreFreedWithTheirLastHandle) {
    auto resource = std::make_shared<int>(0);
    inputs_[0].addCallback([resource](int value) { return value; });
    Deferred<std::size_t> first = listen();
    inputs_.clear();
    EXPECT_EQ(resource.use_count(), 1);
    EXPECT_FALSE(first.called());
}

Deferred<> takeAll(std::vector<Deferred<int>>& inputs, std::vector<int>& values) {
    while (!inputs.empty()) {
        std::size_t index = co_await firstCompleted(inputs);
        Deferred<int> ended = inputs[index];
        inputs.erase(inputs.begin() + static_cast<std::ptrdiff_t>(index));
        values.push_back(co_await ended);
    }
}

TEST_F(FirstCompletedTest, aLoopTakesResultsInTheOrderInWhichTheyCome) {
    std::vector<Deferred<int>> handles = inputs_;
    std::vector<int> values;
    Deferred<> taking = takeAll(inputs_, values);
    handles[1].callback(1);
    handles[2].callback(2);
    handles[0].callback(0);
    EXPECT_THAT(values, ElementsAre(1, 2, 0));
    EXPECT_EQ(endOf(taking), "value");
}

TEST_F(FirstCompletedTest, cancellingWhoAwaitsItLeavesTheInputsAlone) {
    std::vector<int> values;
    std::vector<Deferred<int>> handles = inputs_;
    Deferred<> taking = takeAll(inputs_, values);
    taking.cancel();
    EXPECT_EQ(endOf(taking), "CancelledError");
    for (const auto& each : handles) EXPECT_FALSE(each.called());
    EXPECT_THAT(messages(), IsEmpty());
}

TEST_F(FirstCompletedTest, whoItWakesMayLetGoOfTheInputs) {
    auto inputs = std::make_unique<std::vector<Deferred<int>>>(inputs_);
    inputs_.clear();
    firstCompleted(*inputs).addCallback([&](std::size_t index) {
        inputs.reset();
        return index_ = index;
    });
    Deferred<int> second = (*inputs)[1];
    second.callback(1);
    EXPECT_EQ(index_, 1u);
    EXPECT_EQ(inputs, nullptr);
}

}  // namespace
}  // namespace wring
