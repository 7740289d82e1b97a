#include <wring/tests/support/driver_fixture.hpp>

#include <fcntl.h>
#include <poll.h>
#include <csignal>
#include <future>
#include <thread>

// What needs threads, signals or flags of descriptors, and so the machine's own kernel.

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::Ends;
using testing::Probe;
using DriverRealKernelTest = testing::DriverTest;

TEST_P(DriverRealKernelTest, wakeFromAnotherThreadEndsAWaitForEver) {
    for (int round = 0; round < 50; ++round) {
        std::thread other([&] { driver().wake(); });
        driver().wait(Duration::max());
        other.join();
    }
    settle();
    EXPECT_EQ(driver().stats().inFlight, 0u);
}

Driver* signalled = nullptr;

TEST_P(DriverRealKernelTest, wakeFromASignalHandlerEndsAWaitForEver) {
    signalled = &driver();
    auto before = std::signal(SIGUSR1, [](int) { signalled->wake(); });
    ASSERT_NE(before, SIG_ERR);
    std::raise(SIGUSR1);
    driver().wait(Duration::max());
    const pthread_t self = ::pthread_self();
    std::thread other([=] { ::pthread_kill(self, SIGUSR1); });
    driver().wait(Duration::max());
    other.join();
    std::signal(SIGUSR1, before);
    EXPECT_EQ(driver().stats().inFlight, 0u);
}

TEST_P(DriverRealKernelTest, whoAlreadyPollsTheDescriptorIsToldOfNews) {
    Ends ends = socketPair();
    Probe multi;
    multi.prepareRecvMulti(ends.near);
    driver().submit(multi);
    driver().fd();
    for (std::size_t round = 1; round <= 20; ++round) {
        settle();
        std::thread other([&] { put(ends.far, "x"); });
        pollfd one{driver().fd(), POLLIN, 0};
        EXPECT_EQ(::poll(&one, 1, 2000), 1);
        other.join();
        ASSERT_TRUE(until([&] { return multi.data.size() == round; }));
    }
    driver().cancel(multi);
    ASSERT_TRUE(untilEnd(multi));
}

// The pipe is one that blocks. Somebody else empties it, but only after a while: by then the
// driver has come back with what went in.
TEST_P(DriverRealKernelTest, aWriteLargerThanThePipeDoesNotBlockTheDriver) {
    Ends pipe = this->pipe();
    Ends done = this->pipe();
    bool wasBlocked = false;
    std::thread drain([&] {
        pollfd finished{done.near, POLLIN, 0};
        wasBlocked = ::poll(&finished, 1, 1000) == 0;
        pollfd ready{pipe.near, POLLIN, 0};
        std::string block(1 << 20, '\0');
        while (::poll(&ready, 1, wasBlocked ? 100 : 0) > 0) {
            if (::read(pipe.near, block.data(), block.size()) <= 0) break;
        }
    });
    const std::string block(1 << 20, 'w');
    Probe write;
    write.prepareWrite(pipe.far, asBytes(block));
    driver().submit(write);
    settle();
    put(done.far, "d");
    drain.join();
    ASSERT_TRUE(untilEnd(write));
    EXPECT_FALSE(wasBlocked);
    EXPECT_GT(write.result(), 0);
    EXPECT_LT(write.result(), 1 << 20);
}

TEST_P(DriverRealKernelTest, whatIsAcceptedIsClosedOnExec) {
    int port = listener();
    dial(port);
    Probe accept;
    accept.prepareAccept(port);
    int near = own(resultOf(accept));
    EXPECT_EQ(::fcntl(near, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST_P(DriverRealKernelTest, whatIsAcceptedAndNotToldGoesWithADriverThatGoesInAnotherThread) {
    int port = listener();
    Probe accept;
    accept.prepareAcceptMulti(port);
    for (int each = 0; each < 3; ++each) disown(dial(port));
    disown(port);
    driver().submit(accept);
    driver().flush();
    std::thread([this] { destroyDriver(); }).join();
    EXPECT_FALSE(accept.inFlight());
    int connected = 0;
    for (int fd = 3; fd < 256; ++fd) {
        sockaddr_in peer{};
        socklen_t bytes = sizeof peer;
        if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &bytes) != 0) continue;
        ++connected;
        ::close(fd);
    }
    ::close(port);
    EXPECT_EQ(connected, 3) << "what the test has dialled, and nothing else";
}

// The memory is its owner's again, though the thread that ran the driver goes on.
TEST_P(DriverRealKernelTest, aDriverThatGoesInAnotherThreadWritesNothingAnyMore) {
    constexpr std::size_t many = 8;
    testing::Room<1> rooms[many];
    Probe receives[many];
    Ends ends[many];
    std::promise<void> isWaiting, isOver;
    std::thread owner([&] {
        make(setup().options());
        for (std::size_t at = 0; at < many; ++at) {
            ends[at] = socketPair();
            disown(ends[at].near);
            disown(ends[at].far);
            receives[at].prepareRecv(ends[at].near, rooms[at].bytes);
            driver().submit(receives[at]);
        }
        driver().wait(Duration::zero());
        isWaiting.set_value();
        isOver.get_future().wait();
    });
    isWaiting.get_future().wait();
    destroyDriver();
    for (const Ends& each : ends) put(each.far, "l");
    isOver.set_value();
    owner.join();
    for (std::size_t at = 0; at < many; ++at) {
        EXPECT_FALSE(receives[at].inFlight());
        pollfd late{ends[at].near, POLLIN, 0};
        EXPECT_EQ(::poll(&late, 1, 0), 1) << "somebody has read it";
        EXPECT_EQ(rooms[at].bytes[0], std::byte{0});
        ::close(ends[at].near);
        ::close(ends[at].far);
    }
}

TEST_P(DriverRealKernelTest, aDescriptorThatIsAskedForLateTellsWhatCameBefore) {
    DriverOptions options = setup().options();
    options.completionsPerTurn = 1;
    make(options);
    settle();
    Probe nops[3];
    for (Probe& each : nops) {
        each.prepareNop();
        driver().submit(each);
    }
    driver().wait(Duration::zero());
    pollfd readable{driver().fd(), POLLIN, 0};
    driver().flush();
    bool isAllTold = driver().stats().inFlight == 0;
    EXPECT_EQ(::poll(&readable, 1, isAllTold ? 0 : 5000), isAllTold ? 0 : 1);
    EXPECT_TRUE(untilNothingIsInFlight());
}

INSTANTIATE_TEST_SUITE_P(Drivers, DriverRealKernelTest, ::testing::ValuesIn(testing::allDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
