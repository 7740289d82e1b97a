#include <wring/runtime/detail/child_setup.hpp>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdint>

namespace wring::detail {

// Here everything is a plain system call. The C library's functions of these names know of threads
// and handlers of the parent, whose memory this is, and sanitizers keep books about them.
#define WRING_IN_CHILD \
    __attribute__((no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined")))

namespace {

constexpr int setupFailed = 127;
constexpr int signalCount = 64;

WRING_IN_CHILD int failed(ChildSetup& setup, ChildStep step) noexcept {
    setup.report->error = errno;
    setup.report->step = step;
    return setupFailed;
}

// What the parent ignores, handles or blocks is no business of the child's.
WRING_IN_CHILD bool resetSignals() noexcept {
    const std::uint64_t defaultAction[8] = {};
    for (int number = 1; number <= signalCount; ++number) {
        if (number == SIGKILL || number == SIGSTOP) continue;
        ::syscall(SYS_rt_sigaction, number, defaultAction, nullptr, sizeof(std::uint64_t));
    }
    return ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, defaultAction, nullptr,
                     sizeof(std::uint64_t)) == 0;
}

// First all out of the way, above the highest target, so that no target covers another's source.
WRING_IN_CHILD bool placeDescriptors(const ChildSetup& setup) noexcept {
    ChildDescriptor* all = setup.descriptors;
    std::size_t count = setup.descriptorCount;
    long above = count > 0 ? all[count - 1].target + 1 : 0;
    for (std::size_t i = 0; i < count; ++i) {
        long held = ::syscall(SYS_fcntl, all[i].source, F_DUPFD_CLOEXEC, above);
        if (held < 0) return false;
        all[i].held = static_cast<int>(held);
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (::syscall(SYS_dup3, all[i].held, all[i].target, 0) < 0) return false;
    }
    unsigned next = 0;
    for (std::size_t i = 0; i < count; ++i) {
        auto target = static_cast<unsigned>(all[i].target);
        if (target > next) ::syscall(SYS_close_range, next, target - 1, 0);
        next = target + 1;
    }
    return ::syscall(SYS_close_range, next, ~0U, 0) == 0;
}

// As execvp(3): what cannot be found or entered does not keep the next place from being looked at.
WRING_IN_CHILD void execute(const ChildSetup& setup) noexcept {
    int reason = ENOENT;
    for (std::size_t i = 0; i < setup.programCount; ++i) {
        ::syscall(SYS_execve, setup.programs[i], setup.arguments, setup.environment);
        bool goesOn = errno == ENOENT || errno == ENOTDIR || errno == EACCES;
        if (reason != EACCES || !goesOn) reason = errno;
        if (!goesOn) break;
    }
    errno = reason;
}

}  // namespace

WRING_IN_CHILD int runChild(void* argument) noexcept {
    ChildSetup& setup = *static_cast<ChildSetup*>(argument);
    if (!resetSignals()) return failed(setup, ChildStep::signals);
    if (setup.terminal >= 0) {
        if (::syscall(SYS_setsid) < 0) return failed(setup, ChildStep::session);
        if (::syscall(SYS_ioctl, setup.terminal, TIOCSCTTY, 0) < 0) {
            return failed(setup, ChildStep::terminal);
        }
    }
    if (!placeDescriptors(setup)) return failed(setup, ChildStep::dup);
    if (setup.folder && ::syscall(SYS_chdir, setup.folder) < 0) {
        return failed(setup, ChildStep::folder);
    }
    if (setup.changesIds) {
        if (::syscall(SYS_setgroups, setup.groupCount, setup.groups) < 0) {
            return failed(setup, ChildStep::groups);
        }
        if (::syscall(SYS_setresgid, setup.gid, setup.gid, setup.gid) < 0) {
            return failed(setup, ChildStep::gid);
        }
        if (::syscall(SYS_setresuid, setup.uid, setup.uid, setup.uid) < 0) {
            return failed(setup, ChildStep::uid);
        }
    }
    execute(setup);
    return failed(setup, ChildStep::execute);
}

const char* childStepName(ChildStep step) noexcept {
    switch (step) {
        case ChildStep::none:
            return "";
        case ChildStep::signals:
            return "sigprocmask";
        case ChildStep::session:
            return "setsid";
        case ChildStep::terminal:
            return "ioctl";
        case ChildStep::dup:
            return "dup";
        case ChildStep::folder:
            return "chdir";
        case ChildStep::groups:
            return "setgroups";
        case ChildStep::gid:
            return "setgid";
        case ChildStep::uid:
            return "setuid";
        case ChildStep::execute:
            return "execve";
    }
    return "";
}

#undef WRING_IN_CHILD

}  // namespace wring::detail
