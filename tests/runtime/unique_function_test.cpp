#include <wring/runtime/unique_function.hpp>

#include <gtest/gtest.h>
#include <memory>
#include <string>

namespace wring {
namespace {

int twice(int value) { return 2 * value; }

TEST(UniqueFunctionTest, anEmptyOneIsFalse) {
    EXPECT_FALSE(UniqueFunction<void()>());
    EXPECT_FALSE(UniqueFunction<void()>(nullptr));
    EXPECT_TRUE(UniqueFunction<int(int)>(&twice));
}

TEST(UniqueFunctionTest, callsWhatItHolds) {
    EXPECT_EQ(UniqueFunction<int(int)>(&twice)(4), 8);
    int calls = 0;
    UniqueFunction<void()> count = [&] { ++calls; };
    count();
    count();
    EXPECT_EQ(calls, 2);
}

TEST(UniqueFunctionTest, keepsWhatCannotBeCopied) {
    auto number = std::make_unique<int>(7);
    UniqueFunction<int()> first = [number = std::move(number)] { return (*number)++; };
    UniqueFunction<int()> second = std::move(first);
    EXPECT_FALSE(first);  // NOLINT: the state after a move is promised
    EXPECT_EQ(second(), 7);
    EXPECT_EQ(second(), 8) << "what it holds may change";
    static_assert(!std::is_copy_constructible_v<UniqueFunction<int()>>);
}

TEST(UniqueFunctionTest, passesArgumentsWithoutCopyingThem) {
    UniqueFunction<int(std::unique_ptr<int>, int&)> take = [](std::unique_ptr<int> value,
                                                              int& out) {
        out = *value;
        return out + 1;
    };
    int out = 0;
    EXPECT_EQ(take(std::make_unique<int>(4), out), 5);
    EXPECT_EQ(out, 4);
}

TEST(UniqueFunctionTest, ignoresAResultThatNobodyWants) {
    int calls = 0;
    UniqueFunction<void()> function = [&] { return ++calls; };
    function();
    EXPECT_EQ(calls, 1);
}

TEST(UniqueFunctionTest, releasesWhatItHoldsOnceAndWhenAssigned) {
    const long before = detail::poolBlocksInUse();
    auto token = std::make_shared<int>(1);
    {
        UniqueFunction<void()> function = [token] {};
        EXPECT_EQ(token.use_count(), 2);
        EXPECT_EQ(detail::poolBlocksInUse(), before + 1);
        UniqueFunction<void()> moved = std::move(function);
        EXPECT_EQ(token.use_count(), 2);
        moved = [] {};
        EXPECT_EQ(token.use_count(), 1);
        moved = nullptr;
        EXPECT_FALSE(moved);
    }
    EXPECT_EQ(detail::poolBlocksInUse(), before);
}

TEST(UniqueFunctionTest, letsExceptionsThrough) {
    UniqueFunction<void()> function = [] { throw 7; };
    EXPECT_THROW(function(), int);
}

TEST(UniqueFunctionTest, acceptsOnlyWhatCanBeCalledSo) {
    static_assert(std::is_constructible_v<UniqueFunction<int(int)>, decltype(&twice)>);
    static_assert(!std::is_constructible_v<UniqueFunction<int(int)>, int>);
    static_assert(!std::is_constructible_v<UniqueFunction<int(std::string*)>, decltype(&twice)>);
    UniqueFunction<long(int)> wider = &twice;
    EXPECT_EQ(wider(3), 6L);
}

}  // namespace
}  // namespace wring
