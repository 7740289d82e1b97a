#include <wring/tests/support/driver_fixture.hpp>

#include <dlfcn.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <thread>

// What the kernel rarely says: this program stands between the driver and liburing.

namespace {

int submitsToFail = 0;
bool interruptsClose = false;

template <class Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool isClose(const io_uring_sq& queue, unsigned at) {
    return queue.sqes[at & queue.ring_mask].opcode == IORING_OP_CLOSE;
}

}  // namespace

extern "C" int io_uring_submit(io_uring* ring) {
    static auto* submit = next<int(io_uring*)>("io_uring_submit");
    if (submitsToFail == 0) return submit(ring);
    --submitsToFail;
    return -EAGAIN;  // no memory for requests at the moment
}

extern "C" int io_uring_submit_and_get_events(io_uring* ring) {
    static auto* submit = next<int(io_uring*)>("io_uring_submit_and_get_events");
    const io_uring_sq& queue = ring->sq;
    std::uint64_t interrupted = 0;
    for (unsigned at = queue.sqe_head; interruptsClose && at != queue.sqe_tail; ++at) {
        if (isClose(queue, at)) interrupted = queue.sqes[at & queue.ring_mask].user_data;
    }
    int result = submit(ring);
    const io_uring_cq& told = ring->cq;
    for (unsigned at = *told.khead; interrupted != 0 && at != *told.ktail; ++at) {
        io_uring_cqe& entry = told.cqes[at & told.ring_mask];
        if (entry.user_data != interrupted) continue;
        EXPECT_EQ(entry.res, 0);
        entry.res = -EINTR;
        interruptsClose = false;
    }
    return result;
}

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::Ends;
using testing::Probe;

class UringFaultsTest : public testing::DriverTest {
 protected:
    static constexpr unsigned queueEntries = 8;

    void SetUp() override {
        DriverTest::SetUp();
        if (IsSkipped()) return;
        DriverOptions options = setup().options();
        options.submissionEntries = queueEntries;
        options.completionEntries = 2 * queueEntries;
        make(options);
        settle();
    }
    /// Starts to receive, which nothing but a cancel will end.
    void receive(Probe& probe) {
        probe.prepareRecv(socketPair().near, room_);
        driver().submit(probe);
    }
    /// Cancels `probe` while neither the submission queue nor the kernel takes anything more.
    void cancelWithoutRoom(Probe& probe) {
        for (Probe& each : others_) receive(each);
        submitsToFail = 2;
        driver().cancel(probe);
    }
    void cancelOthers() {
        for (Probe& each : others_) driver().cancel(each);
        EXPECT_TRUE(untilNothingIsInFlight());
    }

 private:
    std::array<std::byte, 8> room_{};
    Probe others_[queueEntries];
};

TEST_P(UringFaultsTest, aCancelIsSentThoughSubmittingFails) {
    Probe probe;
    receive(probe);
    settle();
    cancelWithoutRoom(probe);
    for (int turn = 0; turn < 3 && !probe.hasEnded(); ++turn) {
        Time before = driver().now();
        driver().wait(5s);
        EXPECT_LT(driver().now() - before, 1s) << "it slept with something to do";
    }
    EXPECT_EQ(submitsToFail, 0);
    EXPECT_EQ(probe.result(), -ECANCELED);
    cancelOthers();
}

TEST_P(UringFaultsTest, aParkedDriverHasNewsWhileACancelIsUnsent) {
    Probe probe;
    receive(probe);
    settle();
    pollfd readable{driver().fd(), POLLIN, 0};
    cancelWithoutRoom(probe);
    driver().flush();
    EXPECT_EQ(::poll(&readable, 1, 5000), 1);
    EXPECT_TRUE(untilEnd(probe));
    cancelOthers();
}

TEST_P(UringFaultsTest, aDriverGoesThoughSubmittingFails) {
    Probe probe;
    receive(probe);
    settle();
    cancelWithoutRoom(probe);
    submitsToFail = 10;
    make(setup().options());  // what is received from stays open
    EXPECT_FALSE(probe.inFlight());
    submitsToFail = 0;
}

// Its number is somebody else's by then.
TEST_P(UringFaultsTest, aCloseThatASignalInterruptsIsNotRepeated) {
    int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    Probe close;
    close.prepareClose(fd);
    interruptsClose = true;
    driver().submit(close);
    driver().wait(Duration::zero());
    EXPECT_FALSE(interruptsClose);
    int other = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(other, fd);
    EXPECT_TRUE(untilEnd(close));
    EXPECT_EQ(close.result(), 0);
    EXPECT_EQ(::close(other), 0);
}

using UringDeathTest = UringFaultsTest;

TEST_P(UringDeathTest, anotherThreadMustNotCancel) {
    Probe probe;
    receive(probe);
    settle();
    EXPECT_DEATH(std::thread([&] { driver().cancel(probe); }).join(),
                 "from a thread that does not run it");
    driver().cancel(probe);
    EXPECT_TRUE(untilEnd(probe));
}

std::vector<testing::DriverSetup> rings() {
    std::vector<testing::DriverSetup> drivers = testing::everyDriver();
    std::erase_if(drivers, [](const auto& each) { return each.kind != DriverKind::uring; });
    return drivers;
}
INSTANTIATE_TEST_SUITE_P(Drivers, UringFaultsTest, ::testing::ValuesIn(rings()), testing::nameOf);
INSTANTIATE_TEST_SUITE_P(Drivers, UringDeathTest, ::testing::Values(rings().front()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
