#pragma once

#include <wring/deferred/start.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/runtime/detail/buffer_pool.hpp>
#include <wring/runtime/frame_pool.hpp>
#include <wring/runtime/reactor.hpp>

#include <dirent.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace wring::testing {

/// A driver, perhaps with kernel features switched off.
struct DriverSetup {
    std::string name;
    DriverKind kind;
    std::vector<std::string> disabled;
    bool isSimulated = false;  // the fixture makes it, on a simulated host

    DriverOptions options() const {
        DriverOptions chosen;
        chosen.kind = kind;
        chosen.disabled = disabled;
        return chosen;
    }
};

inline void PrintTo(const DriverSetup& setup, std::ostream* out) { *out << setup.name; }

inline std::string nameOf(const ::testing::TestParamInfo<DriverSetup>& info) {
    return info.param.name;
}

/// Whether io_uring can be had here; the tests for it are skipped, visibly, where not.
inline bool hasUring() {
    try {
        DriverOptions options;
        options.kind = DriverKind::uring;
        return Driver::create(options) != nullptr;
    } catch (const DriverError&) {
        return false;
    }
}

/// The two drivers as they are.
inline std::vector<DriverSetup> bothDrivers() {
    return {{"uring", DriverKind::uring, {}}, {"epoll", DriverKind::epoll, {}}};
}

/// The two drivers, and io_uring as older kernels offer it.
inline std::vector<DriverSetup> allDrivers() {
    return {{"uring", DriverKind::uring, {}},
            {"epoll", DriverKind::epoll, {}},
            {"uringWithoutMultishotRecv", DriverKind::uring, {"multishot_recv"}},
            {"uringWithoutMultishotAccept", DriverKind::uring, {"multishot_accept"}},
            {"uringOfLinux61", DriverKind::uring, {"joined_buffers"}},
            {"uringWithoutInlineSend", DriverKind::uring, {"inline_send"}},
            {"uringWithoutDeferTaskrun", DriverKind::uring, {"defer_taskrun"}},
            {"uringOfLinux519",
             DriverKind::uring,
             {"multishot_recv", "bufring", "defer_taskrun", "registered_ring", "inline_send"}}};
}

/// The drivers that hand sends over in batches and do not wait for them, where the kernel can.
inline std::vector<DriverSetup> batchingDrivers() {
    return {{"uring", DriverKind::uring, {}},
            {"uringWithoutMultishotRecv", DriverKind::uring, {"multishot_recv"}},
            {"uringWithoutDeferTaskrun", DriverKind::uring, {"defer_taskrun"}}};
}

/// How many descriptors this process has open.
inline int openDescriptors() {
    DIR* directory = ::opendir("/proc/self/fd");
    int count = 0;
    while (::readdir(directory)) ++count;
    ::closedir(directory);
    return count - 3;  // ".", ".." and the directory itself
}

/// Runs a task on a reactor of the parameter's driver, and sees that nothing of it is left.
class ReactorTest : public ::testing::TestWithParam<DriverSetup> {
 protected:
    void SetUp() override {
        if (GetParam().kind == DriverKind::uring && !hasUring()) {
            GTEST_SKIP() << "this machine denies io_uring";
        }
    }

    /// Options that a test may change before run().
    ReactorOptions options() const {
        ReactorOptions chosen;
        chosen.driver = GetParam().options();
        return chosen;
    }

    /// Runs body(reactor, args…), a Task, to its end, `limit` at most; then stops the reactor and
    /// checks that no descriptor, operation, fiber, connection, buffer or frame is left.
    template <class F, class... Args>
    void run(F body, Args... args) {
        runWith(options(), std::move(body), std::move(args)...);
    }

    template <class F, class... Args>
    void runWith(const ReactorOptions& chosen, F body, Args... args) {
        int descriptorsBefore = openDescriptors();
        long blocksBefore = detail::poolBlocksInUse();
        {
            Reactor reactor(chosen);
            int descriptorsWithReactor = openDescriptors();
            bool hasEnded = false;
            reactor.callWhenRunning([&] {
                start(watched<F, Args...>(&reactor, std::move(body), std::move(args)...))
                    .addBoth([&](Result<void> result) {
                        hasEnded = true;
                        if (!result) {
                            ADD_FAILURE() << result.error().className() << ": "
                                          << result.error().getErrorMessage();
                        }
                        reactor.requestStop();
                    });
            });
            reactor.run(false);
            EXPECT_TRUE(hasEnded);
            EXPECT_TRUE(reactor.fibers().empty());
            EXPECT_EQ(reactor.resources(), 0u);
            EXPECT_EQ(reactor.driver().stats().inFlight, 0u);
            EXPECT_EQ(reactor.driver().stats().buffersLent, 0u);
            EXPECT_EQ(openDescriptors(), descriptorsWithReactor);
        }
        EXPECT_EQ(openDescriptors(), descriptorsBefore);
        EXPECT_EQ(detail::poolBlocksInUse(), blocksBefore);
    }

    /// How long a body may take.
    Duration limit_ = std::chrono::seconds(20);

 private:
    template <class F, class... Args>
    Task<> watched(Reactor* reactor, F body, Args... args) {
        co_await withTimeout(limit_, std::invoke(body, *reactor, std::move(args)...), *reactor);
    }
};

}  // namespace wring::testing
