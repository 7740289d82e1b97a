#include <wring/deferred/deferred_filesystem_lock.hpp>
#include <wring/deferred/start.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/runtime/clock.hpp>
#include <wring/tests/deferred/ending.hpp>
#include <wring/tests/deferred/lock_folder.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::Boom;
using testing::Ending;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A lock that another process has, until somebody else gives it back.
class DeferUntilLocked : public testing::LockFolderTest {
 protected:
    DeferUntilLocked() : lock_(std::make_unique<DeferredFilesystemLock>(path(), clock_)) {}
    void SetUp() override {
        LockFolderTest::SetUp();
        link(::getppid());
    }
    Ending<void> wait(std::optional<Duration> timeout = std::nullopt) {
        return Ending<void>(lock_->deferUntilLocked(timeout));
    }
    /// Nothing is left to happen.
    void expectIdle() {
        bool wasLocked = lock_->locked();
        clock_.advance(60s);
        EXPECT_EQ(lock_->locked(), wasLocked);
    }

    Clock clock_;
    std::unique_ptr<DeferredFilesystemLock> lock_;
};

using Cancelled = DeferUntilLocked;
using TimedOut = DeferUntilLocked;
using DeferredFilesystemLockTest = testing::ReactorTest;

TEST_F(DeferUntilLocked, aFreeOneIsTakenAtOnce) {
    removeLink();
    Ending<void> end = wait();
    EXPECT_EQ(end.text(), "value");
    EXPECT_TRUE(lock_->locked());
    expectIdle();
}

TEST_F(DeferUntilLocked, itTriesAgainEachSecond) {
    Ending<void> end = wait();
    clock_.advance(1s);
    removeLink();
    clock_.advance(999ms);
    EXPECT_EQ(end.text(), "waiting");
    clock_.advance(1ms);
    EXPECT_EQ(end.text(), "value");
    EXPECT_TRUE(lock_->locked());
    expectIdle();
}

TEST_F(DeferUntilLocked, aStaleOneIsTakenAndNotClean) {
    removeLink();
    link(testing::pastProcess());
    EXPECT_EQ(wait().text(), "value");
    EXPECT_FALSE(lock_->clean());
}

TEST_F(DeferUntilLocked, askedAgainWhileItTriesItFailsAndTheFirstGoesOn) {
    Ending<void> first = wait();
    Ending<void> second = wait();
    EXPECT_EQ(second.text(), "AlreadyTryingToLockError");
    EXPECT_THAT(second.message(), HasSubstr("deferUntilLocked isn't reentrant"));
    removeLink();
    clock_.advance(1s);
    EXPECT_EQ(first.text(), "value");
}

TEST_F(DeferUntilLocked, itMayBeAskedAgainAfterTheEnd) {
    Ending<void> first = wait();
    first.cancel();
    Ending<void> second = wait();
    removeLink();
    clock_.advance(1s);
    EXPECT_EQ(second.text(), "value");
    EXPECT_EQ(first.text(), "CancelledError");
}

/// Makes the link something that is no lock.
void spoil(const std::string& path) {
    ::unlink(path.c_str());
    ASSERT_EQ(::symlink("elsewhere", path.c_str()), 0);
}

TEST_F(DeferUntilLocked, anErrorOfTheFileSystemEndsTheWaitWheneverItComes) {
    Ending<void> later = wait();
    spoil(path());
    clock_.advance(1s);
    Ending<void> atOnce = wait();
    EXPECT_THAT(later.message(), HasSubstr(path()));
    EXPECT_EQ(atOnce.message(), later.message());
    expectIdle();
}

TEST_F(DeferUntilLocked, aNegativeTimeoutIsRefused) {
    EXPECT_THROW(wait(-1s), std::invalid_argument);
    EXPECT_FALSE(lock_->locked());
}

TEST_F(DeferUntilLocked, oneThatIsFiredByHandStopsTrying) {
    Deferred<> odd = lock_->deferUntilLocked(2s);
    odd.callback();
    removeLink();
    clock_.advance(1s);
    EXPECT_FALSE(lock_->locked());
    expectIdle();
}

TEST_F(DeferUntilLocked, afterOneWasFiredByHandItMayBeAskedAgain) {
    lock_->deferUntilLocked().callback();
    Ending<void> next = wait();
    removeLink();
    clock_.advance(1s);
    EXPECT_EQ(next.text(), "value");
}

TEST_F(DeferUntilLocked, whoIsToldMayDestroyIt) {
    Deferred<> acquired = lock_->deferUntilLocked(5s);
    acquired.addCallback([this] { lock_.reset(); });
    removeLink();
    clock_.advance(9s);
    EXPECT_EQ(lock_, nullptr);
    EXPECT_EQ(target(), "");
}

TEST_F(DeferUntilLocked, whoStillWaitsAtItsEndFailsQuietlyWithCancelledError) {
    Ending<void> end = wait(5s);
    lock_.reset();
    EXPECT_EQ(end.text(), "CancelledError");
    EXPECT_THAT(messages(), IsEmpty());
    clock_.advance(9s);
}

TEST_F(TimedOut, theTextNamesThePathAndTheTime) {
    Ending<void> end = wait(2500ms);
    clock_.pump({1s, 1s});
    EXPECT_EQ(end.text(), "waiting");
    clock_.advance(500ms);
    EXPECT_EQ(end.text(), "TimeoutError");
    EXPECT_EQ(end.message(), "Timed out acquiring lock: " + path() + " after 2.500000s");
    expectIdle();
}

TEST_F(TimedOut, oneLastAttemptMayStillGetTheLock) {
    Ending<void> end = wait(1500ms);
    clock_.advance(1s);
    removeLink();
    clock_.advance(500ms);
    EXPECT_EQ(end.text(), "value");
    EXPECT_TRUE(lock_->locked());
    expectIdle();
}

TEST_F(TimedOut, itDoesNotHappenOnceTheLockIsThere) {
    Ending<void> end = wait(5s);
    removeLink();
    clock_.advance(1s);
    EXPECT_EQ(end.text(), "value");
    expectIdle();
    EXPECT_EQ(end.text(), "value");
}

TEST_F(TimedOut, zeroSecondsGiveOneMoreAttempt) {
    Ending<void> end = wait(0s);
    EXPECT_EQ(end.text(), "waiting");
    clock_.advance(0s);
    EXPECT_EQ(end.text(), "TimeoutError");
    EXPECT_THAT(end.message(), HasSubstr("after 0.000000s"));
}

TEST_F(TimedOut, anErrorOfTheLastAttemptIsTheResult) {
    Ending<void> end = wait(500ms);
    spoil(path());
    clock_.advance(500ms);
    EXPECT_EQ(end.text(), "Error");
    expectIdle();
}

Deferred<> lockWithin(DeferredFilesystemLock& lock, Clock& clock) {
    co_await withTimeout(500ms, lock.deferUntilLocked(), clock);
}

TEST_F(TimedOut, aRegionsTimeoutEndsTheWaitAsWell) {
    Ending<void> end(lockWithin(*lock_, clock_));
    clock_.advance(500ms);
    EXPECT_EQ(end.text(), "TimeoutError");
    removeLink();
    expectIdle();
}

TEST_F(Cancelled, itStopsTrying) {
    Ending<void> end = wait(5s);
    end.cancel();
    EXPECT_EQ(end.text(), "CancelledError");
    removeLink();
    expectIdle();
}

TEST_F(Cancelled, oneLastAttemptMayStillGetTheLock) {
    Ending<void> end = wait();
    removeLink();
    end.cancel();
    EXPECT_EQ(end.text(), "value");
    EXPECT_TRUE(lock_->locked());
    expectIdle();
}

TEST_F(Cancelled, anErrorOfTheLastAttemptIsTheResult) {
    Ending<void> end = wait();
    spoil(path());
    end.cancel();
    EXPECT_EQ(end.text(), "Error");
}

TEST_F(Cancelled, afterTheLockIsThereNothingHappens) {
    removeLink();
    Ending<void> end = wait();
    end.cancel();
    EXPECT_EQ(end.text(), "value");
    EXPECT_TRUE(lock_->locked());
}

TEST_P(DeferredFilesystemLockTest, itWaitsInTheReactorsTime) {
    run([](Reactor&) -> Task<> {
        std::string path = "/tmp/wring-reactor-lock-" + std::to_string(::getpid());
        DeferredFilesystemLock first(path);
        co_await first.deferUntilLocked();
        DeferredFilesystemLock second(path);
        auto late = co_await outcome(second.deferUntilLocked(1ms));
        EXPECT_TRUE(late.error().check<TimeoutError>());
        EXPECT_FALSE(second.locked());
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, DeferredFilesystemLockTest,
                         ::testing::ValuesIn(testing::bothDrivers()), testing::nameOf);

}  // namespace
}  // namespace wring
