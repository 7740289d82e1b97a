#include <wring/deferred/filesystem_lock.hpp>
#include <wring/runtime/failure.hpp>
#include <wring/tests/deferred/lock_folder.hpp>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>

namespace wring {
namespace {

using ::testing::HasSubstr;

using Lock = testing::LockFolderTest;
using StaleLock = testing::LockFolderTest;
using Unlock = testing::LockFolderTest;
using IsLocked = testing::LockFolderTest;

WRING_DECLARE_ERROR(NothingThrown, Error);
WRING_DEFINE_ERROR(NothingThrown, Error, "Nothing was thrown", false);

/// What the call throws.
template <class Call>
Failure failureOf(Call call) {
    try {
        call();
    } catch (...) {
        return Failure::current();
    }
    return Failure::of<NothingThrown>();
}

TEST_F(Lock, aFreeOneIsTakenByALinkToThisProcess) {
    FilesystemLock lock(path());
    EXPECT_FALSE(lock.locked());
    EXPECT_TRUE(lock.lock());
    EXPECT_TRUE(lock.locked());
    EXPECT_TRUE(lock.clean());
    EXPECT_EQ(target(), self());
    EXPECT_EQ(lock.name(), path());
}

TEST_F(Lock, oneThatALivingProcessHasIsNotTaken) {
    for (pid_t owner : {::getppid(), pid_t{1}}) {
        link(owner);
        FilesystemLock lock(path());
        EXPECT_FALSE(lock.lock());
        EXPECT_FALSE(lock.locked());
        EXPECT_EQ(target(), std::to_string(owner));
        removeLink();
    }
}

TEST_F(Lock, aProcessThatMayNotBeSignalledLives) {
    link(1);
    std::filesystem::permissions(folder(), std::filesystem::perms::all);
    pid_t child = ::fork();
    if (child == 0) {
        // Root may signal everybody.
        static_cast<void>(!::setuid(65534));
        FilesystemLock lock(path());
        bool isRefused = failureOf([&] { EXPECT_FALSE(lock.lock()); }).check<NothingThrown>();
        ::_exit(isRefused && !lock.locked() ? 0 : 1);
    }
    int status = 1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

TEST_F(Lock, ofTwoObjectsInOneProcessOneHasIt) {
    FilesystemLock first(path());
    FilesystemLock second(path());
    EXPECT_TRUE(first.lock());
    EXPECT_FALSE(second.lock());
    EXPECT_FALSE(first.lock());
    first.unlock();
    EXPECT_TRUE(second.lock());
}

TEST_F(Lock, itIsGivenBackAtTheEndOfTheObject) {
    {
        FilesystemLock lock(path());
        ASSERT_TRUE(lock.lock());
    }
    EXPECT_EQ(target(), "");
}

TEST_F(Lock, anObjectThatDoesNotHaveItLeavesItAlone) {
    FilesystemLock first(path());
    ASSERT_TRUE(first.lock());
    {
        FilesystemLock second(path());
        EXPECT_FALSE(second.lock());
    }
    EXPECT_EQ(target(), self());
}

TEST_F(Lock, aForkedChildDoesNotGiveBackItsParents) {
    FilesystemLock lock(path());
    ASSERT_TRUE(lock.lock());
    pid_t child = ::fork();
    if (child == 0) {
        lock.~FilesystemLock();
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    EXPECT_EQ(target(), self());
}

TEST_F(Lock, whatTheFileSystemSaysIsThrownWithItsErrno) {
    FilesystemLock lock(folder() + "/none/lock");
    Failure failure = failureOf([&] { static_cast<void>(lock.lock()); });
    EXPECT_EQ(failure.number(), ENOENT);
    EXPECT_THAT(failure.getErrorMessage(), HasSubstr("/none/lock"));
    EXPECT_FALSE(lock.locked());
}

TEST_F(Lock, whatIsNoLinkToAProcessIsAnError) {
    for (const char* odd : {"elsewhere", "12x", "0", "-1", "", "99999999999999999999",
                            "00000000000000000000000000000001x"}) {
        if (*odd) {
            link(odd);
        } else {
            ::close(::open(path().c_str(), O_CREAT | O_WRONLY, 0600));
        }
        FilesystemLock lock(path());
        EXPECT_EQ(failureOf([&] { static_cast<void>(lock.lock()); }).number(), EINVAL) << odd;
        removeLink();
    }
}

TEST_F(StaleLock, itIsClearedAndTakenAndNotClean) {
    link(testing::pastProcess());
    FilesystemLock lock(path());
    EXPECT_TRUE(lock.lock());
    EXPECT_FALSE(lock.clean());
    EXPECT_EQ(target(), self());
}

TEST_F(StaleLock, afterAnUnlockTheNextOneIsCleanAgain) {
    link(testing::pastProcess());
    FilesystemLock lock(path());
    ASSERT_TRUE(lock.lock());
    lock.unlock();
    EXPECT_TRUE(lock.lock());
    EXPECT_TRUE(lock.clean());
}

TEST_F(StaleLock, whileSomebodyElseClearsTheFolderItCountsAsALock) {
    link(testing::pastProcess());
    FilesystemLock lock(path());
    int other = ::open(folder().c_str(), O_RDONLY | O_DIRECTORY);
    ASSERT_EQ(::flock(other, LOCK_EX), 0);
    EXPECT_FALSE(lock.lock());
    ::close(other);
    EXPECT_TRUE(lock.lock());
}

TEST_F(StaleLock, aRelativePathIsClearedInTheFolderOfTheProcess) {
    std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::current_path(folder());
    link(testing::pastProcess());
    FilesystemLock lock("lock");
    bool taken = lock.lock();
    std::filesystem::current_path(before);
    EXPECT_TRUE(taken);
    EXPECT_EQ(target(), self());
    removeLink();
}

/// A pipe whose other end every process of a race waits for.
struct Gate {
    Gate() { EXPECT_EQ(::pipe(ends), 0); }
    ~Gate() {
        open();
        ::close(ends[0]);
    }
    void open() {
        if (ends[1] >= 0) ::close(ends[1]);
        ends[1] = -1;
    }
    void wait() const {
        char none = 0;
        static_cast<void>(!::read(ends[0], &none, 1));
    }
    int ends[2];
};

/// Tries to get the lock, together with others, and keeps it until all have tried. Gives whether
/// it did.
bool race(const std::string& path, Gate& start, Gate& end, int told) {
    start.open();  // this process's copy: the last one to close opens it for all
    end.open();
    start.wait();
    FilesystemLock lock(path);
    bool isWinner = lock.lock();
    char byte = isWinner ? 'y' : 'n';
    if (::write(told, &byte, 1) == 1) end.wait();
    return isWinner;
}

TEST_F(StaleLock, ofManyProcessesThatClearItOneHasIt) {
    link(testing::pastProcess());
    Gate start;
    Gate end;
    int told[2];
    ASSERT_EQ(::pipe(told), 0);
    std::vector<pid_t> racers(8);
    for (pid_t& each : racers) {
        each = ::fork();
        if (each == 0) ::_exit(race(path(), start, end, told[1]) ? 1 : 0);
    }
    start.open();
    for (std::size_t i = 0; i < racers.size(); ++i) {
        char byte = 0;
        ASSERT_EQ(::read(told[0], &byte, 1), 1);
    }
    end.open();
    int winners = 0;
    for (pid_t each : racers) {
        int status = 0;
        ::waitpid(each, &status, 0);
        winners += WEXITSTATUS(status);
    }
    EXPECT_EQ(winners, 1);
    for (int each : told) ::close(each);
}

TEST_F(Unlock, itRemovesTheLink) {
    FilesystemLock lock(path());
    ASSERT_TRUE(lock.lock());
    lock.unlock();
    EXPECT_FALSE(lock.locked());
    EXPECT_EQ(target(), "");
}

TEST_F(Unlock, ofAnotherProcesssLockIsRefused) {
    link(::getppid());
    FilesystemLock lock(path());
    Failure failure = failureOf([&] { lock.unlock(); });
    EXPECT_TRUE(failure.check<UsageError>());
    EXPECT_THAT(failure.getErrorMessage(),
                HasSubstr("Lock '" + path() + "' not owned by this process"));
    EXPECT_EQ(target(), std::to_string(::getppid()));
}

TEST_F(Unlock, withoutALinkTheFileSystemSaysSo) {
    FilesystemLock lock(path());
    EXPECT_EQ(failureOf([&] { lock.unlock(); }).number(), ENOENT);
}

TEST_F(IsLocked, itSaysWhetherALivingProcessHasIt) {
    EXPECT_FALSE(FilesystemLock::isLocked(path()));
    FilesystemLock lock(path());
    ASSERT_TRUE(lock.lock());
    EXPECT_TRUE(FilesystemLock::isLocked(path()));
    lock.unlock();
    EXPECT_FALSE(FilesystemLock::isLocked(path()));
    EXPECT_EQ(target(), "");
}

TEST_F(IsLocked, aStaleLockIsNone) {
    link(testing::pastProcess());
    EXPECT_FALSE(FilesystemLock::isLocked(path()));
    EXPECT_EQ(target(), "");
}

}  // namespace
}  // namespace wring
