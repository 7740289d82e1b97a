#include <wring/runtime/detail/spawn.hpp>

#include <wring/runtime/process_errors.hpp>
#include <wring/tests/support/folder.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <set>

namespace wring {
namespace {

using detail::spawnChild;
using detail::SpawnedChild;
using Texts = std::vector<std::string>;

std::string readAll(int fd) {
    std::string all;
    char block[4096];
    for (ssize_t count; (count = ::read(fd, block, sizeof block)) > 0;) {
        all.append(block, static_cast<std::size_t>(count));
    }
    return all;
}

ExitStatus awaitEnd(const SpawnedChild& child) {
    pollfd ended{child.pidfd.get(), POLLIN, 0};
    ::poll(&ended, 1, -1);
    return detail::reapChild(child.pidfd.get()).value_or(ExitStatus());
}

/// What a program prints, and a shell's script.
std::string outputOf(const std::string& program, const Texts& args,
                     const ProcessOptions& options = {}) {
    SpawnedChild child = spawnChild(program, args, options);
    child.writes.clear();
    std::string all = readAll(child.reads.at(1).get());
    EXPECT_EQ(awaitEnd(child), (ExitStatus{0, 0})) << all;
    return all;
}
std::string outputOfScript(const std::string& script, const ProcessOptions& options = {}) {
    return outputOf("sh", {"sh", "-c", script}, options);
}

/// The descriptors that a child has, which must have 1.
std::set<int> descriptorsOfChild(const ProcessOptions& options) {
    SpawnedChild child = spawnChild("sh", {"sh", "-c", "echo ready; kill -STOP $$"}, options);
    char ready[6];
    EXPECT_EQ(::read(child.reads.at(1).get(), ready, sizeof ready), 6);
    std::set<int> all;
    std::string folder = "/proc/" + std::to_string(child.pid) + "/fd";
    for (const auto& each : std::filesystem::directory_iterator(folder)) {
        all.insert(std::stoi(each.path().filename().string()));
    }
    ::kill(child.pid, SIGKILL);
    EXPECT_EQ(awaitEnd(child), (ExitStatus{-1, SIGKILL}));
    return all;
}

std::size_t openDescriptors() {
    auto all = std::filesystem::directory_iterator("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

bool hasChildren() { return ::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD; }

TEST(SpawnTest, theProgramGetsItsArgumentsAndNothingOfTheEnvironment) {
    EXPECT_EQ(outputOf("/usr/bin/printf", {"printf", "%s|", "a b", "", "c"}), "a b||c|");
    EXPECT_EQ(outputOf("/usr/bin/env", {}), "");
    EXPECT_EQ(outputOf("/usr/bin/env", {}, ProcessOptions().variable("A", "1").variable("B", "")),
              "A=1\nB=\n");
}

TEST(SpawnTest, theEnvironmentIsInheritedIfThatIsAskedFor) {
    ::setenv("WRING_SPAWN_TEST", "here", 1);
    EXPECT_EQ(outputOfScript("echo $WRING_SPAWN_TEST", ProcessOptions().inheritEnv()), "here\n");
    EXPECT_EQ(outputOfScript("echo $WRING_SPAWN_TEST $A",
                             ProcessOptions().inheritEnv().variable("A", "more")),
              "here more\n");
    ::unsetenv("WRING_SPAWN_TEST");
}

TEST(SpawnTest, theProgramIsLookedForInThePathOfTheChild) {
    testing::Folder folder;
    std::ofstream(folder / "greet") << "#!/bin/sh\necho hello from $0\n";
    ::chmod((folder / "greet").c_str(), 0755);
    auto options = ProcessOptions().variable("PATH", "/nowhere:" + folder.path() + ":/bin");
    EXPECT_EQ(outputOf("greet", {}, options), "hello from " + folder / "greet" + "\n");
    EXPECT_THROW(spawnChild("greet", {}, ProcessOptions()), SpawnError);
}

TEST(SpawnTest, aChildHasTheDescriptorsAskedForAndNoOthers) {
    FileDescriptor leaky(::open("/dev/null", O_RDONLY));  // not even closed on exec
    EXPECT_EQ(descriptorsOfChild({}), (std::set<int>{0, 1, 2}));
    ProcessOptions options;
    options.childFDs({{1, ChildFD::parentReads()}, {7, ChildFD::parentWrites()}});
    options.childFD(40, ChildFD::given(leaky.get()));
    EXPECT_EQ(descriptorsOfChild(options), (std::set<int>{1, 7, 40}));
}

TEST(SpawnTest, descriptorsMaySwapTheirNumbers) {
    testing::Folder folder;
    FileDescriptor first(::open((folder / "a").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    FileDescriptor second(::open((folder / "b").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ProcessOptions options;
    options.childFDs({{1, ChildFD::parentReads()},
                      {first.get(), ChildFD::given(second.get())},
                      {second.get(), ChildFD::given(first.get())}});
    std::string self = "/proc/self/fd/";
    EXPECT_EQ(outputOf("readlink",
                       {"readlink", self + std::to_string(first.get()),
                        self + std::to_string(second.get())},
                       options),
              folder / "b" + "\n" + folder / "a" + "\n");
}

TEST(SpawnTest, ignoredHandledAndBlockedSignalsAreBackToNormalInTheChild) {
    struct sigaction ignore {
    }, before{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGUSR1, &ignore, &before);
    sigset_t blocked, mask;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &mask);
    std::string status = outputOf("grep", {"grep", "^Sig[BI]", "/proc/self/status"});
    ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    struct sigaction still {};
    ::sigaction(SIGUSR1, &before, &still);
    EXPECT_EQ(std::count(status.begin(), status.end(), '0'), 32) << status;
    EXPECT_TRUE(still.sa_handler == SIG_IGN);
}

TEST(SpawnTest, theChildWorksInItsFolder) {
    testing::Folder folder;
    EXPECT_EQ(outputOf("pwd", {}, ProcessOptions().path(folder.path())),
              std::filesystem::canonical(folder.path()).string() + "\n");
}

TEST(SpawnTest, theChildHasTheIdsAskedFor) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may change its ids";
    std::string ids = outputOf("id", {}, ProcessOptions().uid(54321).gid(54322));
    EXPECT_EQ(ids, "uid=54321 gid=54322 groups=54322\n");
}

TEST(SpawnTest, aTerminalIsTheChildsOwn) {
    SpawnedChild child = spawnChild("sh", {"sh", "-c", "test -t 0 && : </dev/tty && echo mine"},
                                    ProcessOptions().usePTY());
    EXPECT_EQ(readAll(child.reads.at(1).get()), "mine\r\n");
    EXPECT_EQ(awaitEnd(child), (ExitStatus{0, 0}));
}

TEST(SpawnTest, theStatusSaysHowItEnded) {
    auto statusOf = [](const std::string& script) {
        return awaitEnd(spawnChild("sh", {"sh", "-c", script}, ProcessOptions()));
    };
    EXPECT_EQ(statusOf("exit 42"), (ExitStatus{42, 0}));
    EXPECT_EQ(statusOf("kill -9 $$"), (ExitStatus{-1, 9}));
    SpawnedChild running = spawnChild("cat", {}, ProcessOptions());
    EXPECT_FALSE(detail::reapChild(running.pidfd.get()));
    running.writes.clear();
    EXPECT_TRUE(awaitEnd(running).isSuccess());
    EXPECT_FALSE(detail::reapChild(running.pidfd.get())->isKnown());
}

struct Unstartable {
    std::string name;
    std::string program;
    Texts args;
    ProcessOptions options;
    int code;
    std::string step;
};
void PrintTo(const Unstartable& it, std::ostream* out) { *out << it.name; }

class SpawnErrorTest : public ::testing::TestWithParam<Unstartable> {};

TEST_P(SpawnErrorTest, namesTheProgramAndTheStepAndLeavesNothingBehind) {
    const Unstartable& it = GetParam();
    std::size_t before = openDescriptors();
    try {
        spawnChild(it.program, it.args, it.options);
        ADD_FAILURE() << "was started";
    } catch (const SpawnError& error) {
        EXPECT_EQ(error.number(), it.code) << error.what();
        EXPECT_EQ(error.operation(), it.step);
        EXPECT_NE(std::string(error.what()).find(it.program), std::string::npos) << error.what();
    }
    EXPECT_EQ(openDescriptors(), before);
    EXPECT_FALSE(hasChildren());
}

INSTANTIATE_TEST_SUITE_P(
    All, SpawnErrorTest,
    ::testing::Values(
        Unstartable{"missing", "/no/such/program", {}, {}, ENOENT, "execve"},
        Unstartable{"notInPath", "no-such-program", {}, {}, ENOENT, "execve"},
        Unstartable{"notExecutable", "/etc/passwd", {}, {}, EACCES, "execve"},
        Unstartable{"aFolder", "/tmp", {}, {}, EACCES, "execve"},
        Unstartable{
            "noProgram", "/etc", {}, ProcessOptions().path("/etc/passwd"), ENOTDIR, "chdir"},
        Unstartable{
            "tooMuch", "/bin/true", {"true", std::string(1 << 20, 'x')}, {}, E2BIG, "execve"},
        Unstartable{
            "badFolder", "/bin/true", {}, ProcessOptions().path("/no/where"), ENOENT, "chdir"},
        Unstartable{"badDescriptor",
                    "/bin/true",
                    {},
                    ProcessOptions().childFD(5, ChildFD::given(99999)),
                    EBADF,
                    "dup"}),
    [](const auto& each) { return each.param.name; });

TEST(SpawnTest, optionsThatContradictEachOtherAreRefused) {
    ProcessOptions both;
    both.usePTY().childFD(1, ChildFD::parentReads());
    EXPECT_THROW(spawnChild("true", {}, both), UsageError);
    EXPECT_THROW(spawnChild("true", {}, ProcessOptions().childFD(-1, ChildFD::parentReads())),
                 UsageError);
    EXPECT_THROW(spawnChild("true", {}, ProcessOptions().variable("A=B", "")), UsageError);
    EXPECT_THROW(spawnChild("true", {std::string("a\0b", 3)}, ProcessOptions()), UsageError);
}

}  // namespace
}  // namespace wring
