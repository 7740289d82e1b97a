#include <wring/endpoints/backoff_policy.hpp>

#include <gtest/gtest.h>
#include <algorithm>

namespace wring {
namespace {

using namespace std::chrono_literals;

Duration none() { return Duration::zero(); }

TEST(BackoffPolicyTest, waitsOneAndAHalfTimesAsLongAfterEachFailureUpToAMinute) {
    RetryPolicy policy = backoffPolicy(1s, 60s, 1.5, &none);
    EXPECT_EQ(policy(1), 1500ms);
    EXPECT_EQ(policy(2), 2250ms);
    EXPECT_EQ(policy(3), 3375ms);
    EXPECT_EQ(policy(11), 60s);
    EXPECT_EQ(policy(1'000'000), 60s);
}

TEST(BackoffPolicyTest, addsTheJitterBehindTheLimit) {
    Duration next = 250ms;
    RetryPolicy policy = backoffPolicy(1s, 2s, 10, [&] { return next; });
    EXPECT_EQ(policy(1), 2250ms);
    next = 500ms;
    EXPECT_EQ(policy(2), 2500ms);
}

TEST(BackoffPolicyTest, theUsualJitterIsLessThanASecondAndNotAlwaysTheSame) {
    RetryPolicy policy = backoffPolicy();
    Duration least = Duration::max(), most = Duration::zero();
    for (int i = 0; i < 64; ++i) {
        Duration wait = policy(1);
        least = std::min(least, wait);
        most = std::max(most, wait);
    }
    EXPECT_GE(least, 1500ms);
    EXPECT_LT(most, 2500ms);
    EXPECT_LT(least, most);
}

struct Extreme {
    const char* name;
    Duration initial;
    double factor;
    Duration wait;
};
void PrintTo(const Extreme& extreme, std::ostream* out) { *out << extreme.name; }
class BackoffPolicyExtremeTest : public ::testing::TestWithParam<Extreme> {};

TEST_P(BackoffPolicyExtremeTest, neverOverflows) {
    RetryPolicy policy = backoffPolicy(GetParam().initial, 60s, GetParam().factor, &none);
    EXPECT_EQ(policy(4'000'000'000), GetParam().wait);
}

INSTANTIATE_TEST_SUITE_P(Extremes, BackoffPolicyExtremeTest,
                         ::testing::Values(Extreme{"hugeFactor", 1s, 1e300, 60s},
                                           Extreme{"nothingTimesInfinity", 0s, 1e300, 60s},
                                           Extreme{"nothing", 0s, 1, 0s},
                                           Extreme{"longFirst", Duration::max(), 2, 60s}),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace wring
