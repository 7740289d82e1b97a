#include <wring/tests/support/driver_fixture.hpp>

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <atomic>
#include <thread>

// What the kernel rarely says: this program stands between the driver and the calls that enter the
// ring, and sees the ring's memory.

struct io_uring;

namespace {

/// The completions of a ring, as its kernel has laid them out for anybody who maps them.
class Completions {
 public:
    explicit Completions(int ring) {
        io_uring_params like{};
        int other = static_cast<int>(::syscall(__NR_io_uring_setup, 8, &like));
        offsets_ = like.cq_off;
        bytes_ = offsets_.cqes + 16 * sizeof(io_uring_cqe);
        ::close(other);
        void* mapped =
            ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
        if (mapped != MAP_FAILED) memory_ = static_cast<std::byte*>(mapped);
    }
    Completions(const Completions&) = delete;
    Completions& operator=(const Completions&) = delete;
    ~Completions() {
        if (memory_) ::munmap(memory_, bytes_);
    }

    explicit operator bool() const { return memory_ != nullptr; }
    std::uint32_t waiting() const { return at(offsets_.tail) - at(offsets_.head); }
    /// The one that came last.
    io_uring_cqe& last() const {
        auto* all = reinterpret_cast<io_uring_cqe*>(memory_ + offsets_.cqes);
        return all[(at(offsets_.tail) - 1) & at(offsets_.ring_mask)];
    }

 private:
    std::uint32_t at(std::uint32_t offset) const {
        auto* word = reinterpret_cast<std::uint32_t*>(memory_ + offset);
        return std::atomic_ref(*word).load();
    }
    io_cqring_offsets offsets_{};
    std::size_t bytes_ = 0;
    std::byte* memory_ = nullptr;
};

int submitsToFail = 0;
Completions* interrupted = nullptr;  // whose next success is made -EINTR

template <class Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
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
    int result = submit(ring);
    if (!interrupted) return result;
    EXPECT_EQ(interrupted->waiting(), 1u);
    EXPECT_EQ(interrupted->last().res, 0);
    interrupted->last().res = -EINTR;
    interrupted = nullptr;
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

    /// The driver's, which is the only ring of this process.
    static int ring() {
        for (int fd = 3; fd < 256; ++fd) {
            char target[64] = {};
            std::string link = "/proc/self/fd/" + std::to_string(fd);
            if (::readlink(link.c_str(), target, sizeof target - 1) < 0) continue;
            if (std::string_view(target) == "anon_inode:[io_uring]") return fd;
        }
        return -1;
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
    Completions completions(ring());
    ASSERT_TRUE(completions);
    int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    Probe close;
    close.prepareClose(fd);
    interrupted = &completions;
    driver().submit(close);
    driver().wait(Duration::zero());
    EXPECT_FALSE(interrupted);
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
