#include <wring/runtime/detail/spawn.hpp>

#include <wring/runtime/detail/child_setup.hpp>
#include <wring/runtime/detail/spawn_arguments.hpp>
#include <wring/runtime/process_errors.hpp>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>

namespace wring::detail {

namespace {

// Of a copy the sanitizer can keep track, of two processes on the same memory it cannot.
#if defined(__SANITIZE_THREAD__)
constexpr int sharesMemory = 0;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
constexpr int sharesMemory = 0;
#else
constexpr int sharesMemory = CLONE_VM;
#endif
#else
constexpr int sharesMemory = CLONE_VM;
#endif

[[noreturn]] void failSpawn(int code, const char* step, const std::string& executable) {
    throw SpawnError(code, step, std::string(step) + ": " + executable);
}

/// Where the child runs until it is its program, and reports; seen by both, shared or not.
class ChildStack {
 public:
    ChildStack()
        : memory_(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                         (sharesMemory ? MAP_PRIVATE : MAP_SHARED) | MAP_ANONYMOUS | MAP_NORESERVE,
                         -1, 0)) {}
    ChildStack(const ChildStack&) = delete;
    ChildStack& operator=(const ChildStack&) = delete;
    ~ChildStack() {
        if (exists()) ::munmap(memory_, bytes);
    }
    bool exists() const noexcept { return memory_ != MAP_FAILED; }
    ChildReport* report() const noexcept { return static_cast<ChildReport*>(memory_); }
    void* top() const noexcept { return static_cast<char*>(memory_) + bytes; }

 private:
    static constexpr std::size_t bytes = 65536;
    void* memory_;
};

/// While it lives this thread takes no signal: a handler would run in the child as well. Also those
/// that the C library keeps for itself.
class NoSignals {
 public:
    NoSignals() noexcept {
        std::uint64_t all = ~std::uint64_t{0};
        ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before_, sizeof all);
    }
    NoSignals(const NoSignals&) = delete;
    NoSignals& operator=(const NoSignals&) = delete;
    ~NoSignals() { ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof before_); }

 private:
    std::uint64_t before_ = 0;
};

/// The groups of that user, if it is one.
std::vector<gid_t> groupsOf(uid_t uid, gid_t gid) {
    std::vector<char> room(16384);
    passwd entry{};
    passwd* found = nullptr;
    ::getpwuid_r(uid, &entry, room.data(), room.size(), &found);
    if (!found) return {gid};
    int count = 64;
    std::vector<gid_t> groups(static_cast<std::size_t>(count));
    if (::getgrouplist(found->pw_name, gid, groups.data(), &count) < 0) {
        groups.resize(static_cast<std::size_t>(count));
        ::getgrouplist(found->pw_name, gid, groups.data(), &count);
    }
    groups.resize(static_cast<std::size_t>(count));
    return groups;
}

/// The descriptors of a child, being made.
class ChildDescriptors {
 public:
    ChildDescriptors(const std::string& executable, const ProcessOptions& options)
        : executable_(executable) {
        if (options.hasPTY()) {
            addTerminal();
            return;
        }
        for (const auto& [number, what] : options.childFDs()) add(number, what);
    }

    std::vector<ChildDescriptor> plan;  // by target
    SpawnedChild child;
    int terminal = -1;

 private:
    void add(int number, ChildFD what) {
        if (number < 0) throw UsageError(0, "spawn", "a child has no negative descriptors");
        if (what.kind() == ChildFD::Kind::given) return plan.push_back({number, what.fd(), -1});
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) < 0) failSpawn(errno, "pipe", executable_);
        FileDescriptor output(ends[0]), input(ends[1]);
        bool isRead = what.kind() == ChildFD::Kind::parentReads;
        (isRead ? child.reads : child.writes)[number] = std::move(isRead ? output : input);
        keep(number, std::move(isRead ? input : output));
    }

    void addTerminal() {
        FileDescriptor parents(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
        if (parents.get() < 0 || ::unlockpt(parents.get()) < 0) {
            failSpawn(errno, "openpt", executable_);
        }
        FileDescriptor childs(::ioctl(parents.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
        FileDescriptor second(::fcntl(parents.get(), F_DUPFD_CLOEXEC, 0));
        if (childs.get() < 0 || second.get() < 0) failSpawn(errno, "openpt", executable_);
        child.reads[1] = std::move(parents);
        child.writes[0] = std::move(second);
        terminal = childs.get();
        for (int number = 0; number < 3; ++number) plan.push_back({number, terminal, -1});
        kept_.push_back(std::move(childs));
    }

    void keep(int number, FileDescriptor childs) {
        plan.push_back({number, childs.get(), -1});
        kept_.push_back(std::move(childs));
    }

    const std::string& executable_;
    std::vector<FileDescriptor> kept_;  // the child's ends, until it has them
};

int await(int pidfd, siginfo_t& info, int flags) noexcept {
    int outcome;
    do {
        outcome = ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, flags);
    } while (outcome < 0 && errno == EINTR);
    return outcome;
}

/// Has the child born, and waits until it is its program or has failed.
void bear(ChildSetup& setup, const ChildStack& stack, SpawnedChild& child) {
    constexpr int flags = sharesMemory | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
    int pidfd = -1;
    NoSignals during;
    child.pid = ::clone(&runChild, stack.top(), flags, &setup, &pidfd);
    if (child.pid < 0) {
        stack.report()->error = errno;
        return;
    }
    child.pidfd = FileDescriptor(pidfd);
    if (stack.report()->step == ChildStep::none) return;
    siginfo_t ignored{};
    await(pidfd, ignored, WEXITED);
}

}  // namespace

SpawnedChild spawnChild(const std::string& executable, const std::vector<std::string>& args,
                        const ProcessOptions& options) {
    if (options.hasPTY() && options.hasOwnChildFDs()) {
        throw UsageError(0, "spawn", "usePTY and childFDs exclude each other");
    }
    TextArray programs = spawnPrograms(executable, options);
    TextArray arguments = spawnArguments(executable, args);
    TextArray environment = spawnEnvironment(options);
    bool changesIds = options.uid() || options.gid();
    uid_t uid = options.uid().value_or(::geteuid());
    gid_t gid = options.gid().value_or(::getegid());
    std::vector<gid_t> groups;
    if (changesIds) groups = groupsOf(uid, gid);
    ChildDescriptors descriptors(executable, options);
    ChildStack stack;
    if (!stack.exists()) failSpawn(errno, "mmap", executable);
    ChildSetup setup{stack.report(),
                     programs.get(),
                     programs.size(),
                     arguments.get(),
                     environment.get(),
                     descriptors.plan.data(),
                     descriptors.plan.size(),
                     descriptors.terminal,
                     options.path().empty() ? nullptr : options.path().c_str(),
                     changesIds,
                     uid,
                     gid,
                     groups.data(),
                     groups.size()};
    bear(setup, stack, descriptors.child);
    ChildReport report = *stack.report();
    if (descriptors.child.pid < 0) failSpawn(report.error, "clone", executable);
    if (report.step != ChildStep::none) {
        bool isFolder = report.step == ChildStep::folder;
        failSpawn(report.error, childStepName(report.step),
                  isFolder ? options.path() + ": for " + executable : executable);
    }
    return std::move(descriptors.child);
}

std::optional<ExitStatus> reapChild(int pidfd) noexcept {
    siginfo_t info{};
    if (await(pidfd, info, WEXITED | WNOHANG) < 0) return ExitStatus{};
    if (info.si_pid == 0) return std::nullopt;
    if (info.si_code == CLD_EXITED) return ExitStatus{info.si_status, 0};
    return ExitStatus{-1, info.si_status};
}

}  // namespace wring::detail
