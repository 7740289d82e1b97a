#include <wring/runtime/choices.hpp>

#include <gtest/gtest.h>
#include <string_view>

namespace wring {
namespace {

/// What a tape is asked, in an order of its own: 300 answers.
std::vector<std::uint64_t> ask(Choices& choices) {
    std::vector<std::uint64_t> answers;
    for (std::uint32_t i = 1; i <= 100; ++i) {
        answers.push_back(choices.choose(i));
        answers.push_back(choices.happens(i % 7) ? 1 : 0);
        answers.push_back(choices.magnitude(i * 1000));
    }
    return answers;
}

TEST(ChoicesTest, aSeedGivesTheSameChoicesAgainAndAnotherSeedOthers) {
    Choices first(std::uint64_t{7}), again(std::uint64_t{7}), other(std::uint64_t{8});
    const std::vector<std::uint64_t> answers = ask(first);
    EXPECT_EQ(ask(again), answers);
    EXPECT_NE(ask(other), answers);
}

TEST(ChoicesTest, aTapeGivesTheChoicesThatWereWrittenOnIt) {
    Choices recorded(std::uint64_t{7});
    const std::vector<std::uint64_t> answers = ask(recorded);
    Choices replayed(recorded.tape());
    EXPECT_EQ(ask(replayed), answers);
}

TEST(ChoicesTest, afterItsEndATapeSaysZero) {
    Choices choices(Choices::Tape{5, 1});
    EXPECT_EQ(choices.choose(10), 5u);
    EXPECT_TRUE(choices.happens(1000));
    EXPECT_EQ(choices.choose(10), 0u);
    EXPECT_FALSE(choices.happens(2));
    EXPECT_EQ(choices.magnitude(1000), 0u);
}

TEST(ChoicesTest, whatATapeSaysIsBroughtIntoRange) {
    Choices choices(Choices::Tape{12, 3, ~0u, ~0u});
    EXPECT_EQ(choices.choose(10), 2u);
    EXPECT_TRUE(choices.happens(5));
    EXPECT_LE(choices.magnitude(100), 100u);
}

TEST(ChoicesTest, bytesFromOutsideAreATapeOfFourEach) {
    const unsigned char bytes[] = {3, 0, 0, 0, 2, 0, 0, 0, 1};
    Choices choices = Choices::fromBytes(std::as_bytes(std::span(bytes)));
    EXPECT_EQ(choices.choose(4), 3u);
    EXPECT_EQ(choices.choose(4), 2u);
    EXPECT_EQ(choices.choose(4), 1u);
    EXPECT_EQ(choices.choose(4), 0u);
    EXPECT_EQ(Choices::fromBytes({}).choose(4), 0u);
}

TEST(ChoicesTest, whatLeavesNoChoiceIsNotOnTheTape) {
    Choices choices(std::uint64_t{1});
    EXPECT_EQ(choices.choose(0), 0u);
    EXPECT_EQ(choices.choose(1), 0u);
    EXPECT_FALSE(choices.happens(0));
    EXPECT_TRUE(choices.happens(1));
    EXPECT_TRUE(choices.tape().empty());
    choices.choose(2);
    EXPECT_EQ(choices.tape().size(), 1u);
}

TEST(ChoicesTest, eachChoiceIsTakenAboutAsOften) {
    Choices choices(std::uint64_t{3});
    int counts[5] = {};
    int happened = 0;
    for (int i = 0; i < 10'000; ++i) {
        ++counts[choices.choose(5)];
        happened += choices.happens(10);
    }
    for (int count : counts) EXPECT_NEAR(count, 2000, 300);
    EXPECT_NEAR(happened, 1000, 200);
}

TEST(ChoicesTest, smallMagnitudesAreLikelierAndAllAreInRange) {
    Choices choices(std::uint64_t{3});
    int small = 0, large = 0;
    for (int i = 0; i < 10'000; ++i) {
        std::uint64_t value = choices.magnitude(1'000'000);
        ASSERT_LE(value, 1'000'000u);
        small += value < 1000;
        large += value > 500'000;
    }
    EXPECT_GT(small, 3000);
    EXPECT_GT(large, 100);
    EXPECT_EQ(choices.magnitude(0), 0u);
    choices.magnitude(~std::uint64_t{0});
}

}  // namespace
}  // namespace wring
