#include <wring/deferred/deferred_lock.hpp>
#include <wring/deferred/scope.hpp>
#include <wring/tests/deferred/run_holding.hpp>
#include <wring/tests/deferred/turns.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

namespace wring::testing {

INSTANTIATE_TYPED_TEST_SUITE_P(DeferredLock, Turns, DeferredLock);
INSTANTIATE_TYPED_TEST_SUITE_P(DeferredLock, RunHolding, DeferredLock);
INSTANTIATE_TYPED_TEST_SUITE_P(DeferredLock, TurnsDeathTest, DeferredLock);

}  // namespace wring::testing

namespace wring {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

using DeferredLockTest = testing::ReactorTest;

/// Reads, pauses, writes: two at a time would lose a step.
Task<> addSlowly(DeferredLock& lock, int& total) {
    Held held = co_await lock.acquire();
    int before = total;
    co_await sleepFor(0ms);
    total = before + 1;
}

Task<> addTen(Scope& scope, DeferredLock& lock, int& total) {
    for (int i = 0; i < 10; ++i) scope.spawn(addSlowly, std::ref(lock), std::ref(total));
    co_return;
}

TEST_P(DeferredLockTest, itIsHeldAcrossTurnsOfTheReactor) {
    run([](Reactor&) -> Task<> {
        DeferredLock lock;
        int total = 0;
        co_await withScope(addTen, std::ref(lock), std::ref(total));
        EXPECT_EQ(total, 10);
        EXPECT_FALSE(lock.locked());
    });
}

TEST_P(DeferredLockTest, aTimeoutOfTheReactorEndsTheWait) {
    run([](Reactor&) -> Task<> {
        DeferredLock lock;
        Held held = co_await lock.acquire();
        auto late = co_await outcome(withTimeout(1ms, lock.acquire()));
        EXPECT_TRUE(late.error().check<TimeoutError>());
        held.release();
        EXPECT_FALSE(lock.locked());
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, DeferredLockTest, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
