#include <wring/endpoints/detail/unix_source.hpp>

#include <wring/net/errors.hpp>
#include <wring/runtime/reactor.hpp>

#include <wring/tests/support/folder.hpp>
#include <wring/tests/support/streams.hpp>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <cerrno>
#include <new>
#include <thread>
#include <vector>

namespace wring {
namespace {

using namespace testing;

/// What two processes share.
struct Race {
    static constexpr int rounds = 1000;
    Race() {
        pthread_barrierattr_t attributes;
        pthread_barrierattr_init(&attributes);
        pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        pthread_barrier_init(&barrier, &attributes, 2);
        pthread_barrierattr_destroy(&attributes);
    }
    void meet() { pthread_barrier_wait(&barrier); }
    pthread_barrier_t barrier;
    int winners[2][rounds] = {};
};

// Each round both want the path at once; the winner leaves it as one who was killed would, by not
// giving anything back, or in order.
void runRace(Race& race, int self, const std::string& path) {
    setLogSink([](LogLevel, std::string_view) {});
    Reactor reactor(ReactorOptions("epoll"));
    UNIXListenOptions options(path);
    options.wantPID = true;
    for (int round = 0; round < Race::rounds; ++round) {
        detail::UnixSource source(options);
        race.meet();
        int fd = -1;
        try {
            fd = source.open(reactor);
            race.winners[self][round] = 1;
        } catch (const CannotListenError&) {
        }
        race.meet();
        if (fd >= 0) reactor.closeDescriptor(fd);
        source.closed();
        race.meet();
    }
}

TEST(UnixSourceTest, ofTwoProcessesThatStartAtOnceExactlyOneListens) {
    Folder folder;
    void* memory =
        ::mmap(nullptr, sizeof(Race), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    auto* race = new (memory) Race;
    pid_t child = ::fork();
    if (child == 0) {
        runRace(*race, 1, folder / "sock");
        ::_exit(0);
    }
    LogSink before = setLogSink(nullptr);
    runRace(*race, 0, folder / "sock");
    setLogSink(before);
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    for (int round = 0; round < Race::rounds; ++round) {
        EXPECT_EQ(race->winners[0][round] + race->winners[1][round], 1) << round;
    }
    EXPECT_EQ(folder.size(), 0u);
    ::munmap(memory, sizeof(Race));
}

/// A system call, or the calls that do the same, which a file system refuses.
struct Refusal {
    const char* name;
    std::vector<unsigned> calls;
    int error;
    bool wantPID;
    const char* said;
};

/// From now on these calls of this thread fail so.
bool refuseCalls(const Refusal& refusal) {
    std::vector<sock_filter> program{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    auto error = static_cast<unsigned>(refusal.error);
    for (unsigned number : refusal.calls) {
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
        program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    sock_fprog all{static_cast<unsigned short>(program.size()), program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) == 0;
}

std::vector<Refusal> refusals() {
    std::vector<unsigned> modes{SYS_fchmod, SYS_fchmodat};
    std::vector<unsigned> locks{SYS_symlinkat};
#ifdef SYS_chmod
    modes.push_back(SYS_chmod);
    locks.push_back(SYS_symlink);
#endif
    return {{"aMode", modes, EPERM, true, "[Errno 1] Operation not permitted"},
            {"aLockThere", locks, EACCES, true, "[Errno 13] Permission denied: "},
            {"aReadOnlyLock", locks, EROFS, true, "[Errno 30] Read-only file system: "},
            {"aSocketThere", {SYS_bind}, EACCES, false, "[Errno 13] Permission denied"},
            {"aReadOnlySocket", {SYS_bind}, EROFS, false, "[Errno 30] Read-only file system"}};
}

class UnixSourceRefusedTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(UnixSourceRefusedTest, whatTheFileSystemRefusesIsToldAndNothingIsLeft) {
    const Refusal& refusal = GetParam();
    Folder folder;
    bool isRefused = false;
    std::string text;
    std::thread([&] {
        isRefused = refuseCalls(refusal);
        if (!isRefused) return;
        Reactor reactor(ReactorOptions("epoll"));
        UNIXListenOptions options(folder / "sock");
        options.mode = 0600;
        options.wantPID = refusal.wantPID;
        detail::UnixSource source(options);
        try {
            reactor.closeDescriptor(source.open(reactor));
        } catch (const CannotListenError& error) {
            text = error.what();
        }
    }).join();
    if (!isRefused) GTEST_SKIP() << "this machine lets nobody filter system calls";
    EXPECT_NE(text.find(folder / "sock: " + refusal.said), std::string::npos) << text;
    EXPECT_EQ(folder.size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(FileSystem, UnixSourceRefusedTest, ::testing::ValuesIn(refusals()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace wring
