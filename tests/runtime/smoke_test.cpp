#include <wring/tests/support/reactor_fixture.hpp>

namespace wring {
namespace {

using namespace std::chrono_literals;
using SmokeTest = testing::ReactorTest;

Task<int> doubled(int value) {
    co_await sleepFor(1ms);
    co_return 2 * value;
}

TEST_P(SmokeTest, aTaskAwaitsAnotherAndEnds) {
    run([](Reactor&) -> Task<> { EXPECT_EQ(co_await doubled(21), 42); });
}

INSTANTIATE_TEST_SUITE_P(Drivers, SmokeTest, ::testing::ValuesIn(testing::allDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
