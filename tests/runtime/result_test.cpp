#include <wring/runtime/result.hpp>

#include <gtest/gtest.h>
#include <memory>
#include <string>

namespace wring {
namespace {

TEST(ResultTest, holdsAValue) {
    Result<std::string> result = std::string("text");
    EXPECT_TRUE(result);
    EXPECT_TRUE(result.has_value());
    EXPECT_EQ(result.value(), "text");
    EXPECT_EQ(*result, "text");
    EXPECT_EQ(result->size(), 4u);
    EXPECT_EQ(std::move(result).value_or("other"), "text");
}

TEST(ResultTest, holdsAFailure) {
    Result<std::string> result = Failure::of<TimeoutError>();
    EXPECT_FALSE(result);
    EXPECT_TRUE(result.error().check<TimeoutError>());
    EXPECT_THROW(result.value(), TimeoutError);
    EXPECT_THROW(std::move(result).value(), TimeoutError);
    EXPECT_EQ(std::move(result).value_or("other"), "other");
}

TEST(ResultTest, movesWhatCannotBeCopied) {
    Result<std::unique_ptr<int>> first = std::make_unique<int>(7);
    Result<std::unique_ptr<int>> second = std::move(first);
    EXPECT_EQ(**second, 7);
    std::unique_ptr<int> taken = std::move(second).value();
    EXPECT_EQ(*taken, 7);
    static_assert(!std::is_copy_constructible_v<Result<std::unique_ptr<int>>>);
    static_assert(std::is_copy_constructible_v<Result<int>>);
}

TEST(ResultTest, assignmentReplacesValueByFailureAndBack) {
    auto token = std::make_shared<int>(1);
    Result<std::shared_ptr<int>> result = token;
    EXPECT_EQ(token.use_count(), 2);
    result = Failure::of<TimeoutError>();
    EXPECT_EQ(token.use_count(), 1);
    EXPECT_FALSE(result);
    result = token;
    EXPECT_EQ(token.use_count(), 2);
    Result<std::shared_ptr<int>> copy = result;
    EXPECT_EQ(token.use_count(), 3);
    copy = result;
    EXPECT_EQ(token.use_count(), 3);
}

TEST(ResultTest, ofVoidIsWellOrAFailure) {
    Result<void> well;
    EXPECT_TRUE(well);
    EXPECT_NO_THROW(well.value());
    Result<void> unwell = Failure::of<CancelledError>();
    EXPECT_FALSE(unwell);
    EXPECT_THROW(unwell.value(), CancelledError);
    EXPECT_TRUE(unwell.error().check<CancelledError>());
}

TEST(ResultDeathTest, takingWhatIsNotThereEndsTheProcess) {
    Result<int> value = 1;
    Result<int> failure = Failure::of<TimeoutError>();
    EXPECT_DEATH(value.error(), "holds a value");
    EXPECT_DEATH(*failure, "holds a failure");
    EXPECT_DEATH(Result<void>().error(), "holds a value");
}

}  // namespace
}  // namespace wring
