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
#include <new>
#include <thread>

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

/// From now on this thread's changes of modes fail, as on a file system of another kind.
bool forbidModes() {
    auto refuseCall = [](unsigned number) {
        return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
    };
    sock_filter refused = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    sock_filter program[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                             refuseCall(SYS_fchmod),
                             refused,
                             refuseCall(SYS_fchmodat),
                             refused,
#ifdef SYS_chmod
                             refuseCall(SYS_chmod),
                             refused,
#endif
                             BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    sock_fprog all{static_cast<unsigned short>(std::size(program)), program};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) == 0;
}

TEST(UnixSourceTest, aModeThatCannotBeSetFailsAndTheSocketIsRemovedAgain) {
    Folder folder;
    bool isForbidden = false;
    std::string text;
    std::thread([&] {
        isForbidden = forbidModes();
        if (!isForbidden) return;
        Reactor reactor(ReactorOptions("epoll"));
        UNIXListenOptions options(folder / "sock");
        options.mode = 0600;
        options.wantPID = true;
        detail::UnixSource source(options);
        try {
            reactor.closeDescriptor(source.open(reactor));
        } catch (const CannotListenError& error) {
            text = error.what();
        }
    }).join();
    if (!isForbidden) GTEST_SKIP() << "this machine lets nobody filter system calls";
    EXPECT_NE(text.find("[Errno 1] Operation not permitted"), std::string::npos) << text;
    EXPECT_EQ(folder.size(), 0u);
}

}  // namespace
}  // namespace wring
