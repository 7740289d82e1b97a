#include <wring/tests/support/reactor_fixture.hpp>

#include <wring/runtime/log.hpp>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace wring {
namespace {

/// Sets an environment variable while it lives.
class Environment {
 public:
    Environment(const char* name, const char* value) : name_(name) {
        if (const char* found = std::getenv(name)) before_ = found;
        value ? ::setenv(name, value, 1) : ::unsetenv(name);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() { before_.empty() ? ::unsetenv(name_) : ::setenv(name_, before_.c_str(), 1); }

 private:
    const char* name_;
    std::string before_;
};

/// From now on this process and its children get `error` from io_uring_setup.
void denyUring(int error) {
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog program{static_cast<unsigned short>(std::size(filter)), filter};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(90);
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) ::_exit(91);
}

/// What `body` writes into its argument, run in a child where io_uring_setup fails with `error`.
template <class Body>
std::string inChildDenied(int error, Body body) {
    int fds[2];
    EXPECT_EQ(::pipe(fds), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        denyUring(error);
        std::string said = body();
        ssize_t written = ::write(fds[1], said.data(), said.size());
        ::_exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
    }
    ::close(fds[1]);
    std::string said(4096, '\0');
    std::size_t got = 0;
    for (ssize_t now; (now = ::read(fds[0], said.data() + got, said.size() - got)) > 0;) {
        got += static_cast<std::size_t>(now);
    }
    said.resize(got);
    ::close(fds[0]);
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    return said;
}

std::string logged;

/// "NAME|log lines|", or the text of the error.
std::string createAndTell(DriverKind kind) {
    setLogSink([](LogLevel, std::string_view message) {
        logged += message;
        logged += '|';
    });
    DriverOptions options;
    options.kind = kind;
    try {
        std::unique_ptr<Driver> driver = Driver::create(options);
        return driver->name() + ("|" + logged);
    } catch (const DriverError& error) {
        return std::string("DriverError ") + std::to_string(error.number()) + "|" + error.what() +
               "|" + logged;
    }
}

class DriverChoiceTest : public ::testing::Test {
 protected:
    Environment reactor_{"WRING_REACTOR", nullptr};
    Environment disable_{"WRING_DISABLE", nullptr};
};

TEST_F(DriverChoiceTest, kindsHaveNames) {
    EXPECT_EQ(driverKindFromString("auto"), DriverKind::automatic);
    EXPECT_EQ(driverKindFromString("uring"), DriverKind::uring);
    EXPECT_EQ(driverKindFromString("epoll"), DriverKind::epoll);
    for (const char* wrong : {"", "Epoll", "select", "uring "}) {
        try {
            driverKindFromString(wrong);
            FAIL() << wrong;
        } catch (const DriverError& error) {
            EXPECT_NE(std::string(error.what()).find("'" + std::string(wrong) + "'"),
                      std::string::npos);
            EXPECT_NE(std::string(error.what()).find("auto, uring, epoll"), std::string::npos);
        }
    }
}

TEST_F(DriverChoiceTest, theEnvironmentChoosesTheDefault) {
    EXPECT_EQ(DriverOptions().kind, DriverKind::automatic);
    EXPECT_TRUE(DriverOptions().disabled.empty());
    {
        Environment empty("WRING_REACTOR", "");
        EXPECT_EQ(DriverOptions().kind, DriverKind::automatic);
    }
    Environment reactor("WRING_REACTOR", "epoll");
    Environment disable("WRING_DISABLE", "bufring,multishot_recv");
    EXPECT_EQ(DriverOptions().kind, DriverKind::epoll);
    EXPECT_EQ(DriverOptions().disabled, (std::vector<std::string>{"bufring", "multishot_recv"}));
    Environment wrong("WRING_REACTOR", "kqueue");
    EXPECT_THROW(DriverOptions(), DriverError);
}

TEST_F(DriverChoiceTest, theReactorTakesTheNameOfADriver) {
    Reactor reactor(ReactorOptions("epoll"));
    EXPECT_STREQ(reactor.driver().name(), "epoll");
    EXPECT_THROW(ReactorOptions("kqueue"), DriverError);
}

TEST_F(DriverChoiceTest, featuresThatAreSwitchedOffAreReportedOff) {
    if (!testing::hasUring()) GTEST_SKIP() << "this machine denies io_uring";
    auto featuresWithout = [](std::vector<std::string> disabled) {
        DriverOptions options;
        options.kind = DriverKind::uring;
        options.disabled = std::move(disabled);
        auto driver = Driver::create(options);
        driver->wait(Duration::zero());
        return driver->features();
    };
    EXPECT_FALSE(featuresWithout({"multishot_accept"}).multishotAccept);
    EXPECT_FALSE(featuresWithout({"multishot_recv"}).multishotRecv);
    EXPECT_FALSE(featuresWithout({"bufring"}).bufferRing);
    EXPECT_FALSE(featuresWithout({"bufring"}).multishotRecv) << "it needs the buffers";
    EXPECT_FALSE(featuresWithout({"registered_ring"}).registeredRing);
    EXPECT_FALSE(featuresWithout({"joined_buffers"}).joinedBuffers);
    EXPECT_FALSE(featuresWithout({"bufring"}).joinedBuffers) << "it needs the buffers";
    const DriverFeatures coop = featuresWithout({"defer_taskrun"});
    EXPECT_FALSE(coop.deferTaskrun);
    const DriverFeatures neither = featuresWithout({"defer_taskrun", "coop_taskrun"});
    EXPECT_FALSE(neither.deferTaskrun || neither.coopTaskrun);
    const DriverFeatures all = featuresWithout({});
    EXPECT_FALSE(all.deferTaskrun && all.coopTaskrun) << "one or the other";
}

TEST_F(DriverChoiceTest, epollHasNoneOfTheFeatures) {
    DriverOptions options;
    options.kind = DriverKind::epoll;
    const DriverFeatures found = Driver::create(options)->features();
    EXPECT_FALSE(found.multishotAccept || found.multishotRecv || found.bufferRing ||
                 found.deferTaskrun || found.coopTaskrun || found.registeredRing);
}

TEST_F(DriverChoiceTest, autoFallsBackToEpollWhereUringIsDeniedAndSaysSoOnce) {
    for (int error : {EPERM, EACCES, ENOSYS}) {
        const std::string said =
            inChildDenied(error, [] { return createAndTell(DriverKind::automatic); });
        EXPECT_EQ(said.substr(0, 6), "epoll|") << said;
        EXPECT_EQ(std::count(said.begin(), said.end(), '|'), 2) << said;
        EXPECT_NE(said.find(::strerrorname_np(error)), std::string::npos) << said;
        EXPECT_NE(said.find("falling back to epoll"), std::string::npos) << said;
        EXPECT_NE(said.find("allow io_uring_setup"), std::string::npos) << said;
        EXPECT_NE(said.find("seccomp"), std::string::npos) << said;
    }
}

TEST_F(DriverChoiceTest, autoFallsBackWhereTheKernelIsTooOld) {
    const std::string said =
        inChildDenied(EINVAL, [] { return createAndTell(DriverKind::automatic); });
    EXPECT_EQ(said.substr(0, 6), "epoll|") << said;
    EXPECT_NE(said.find("Linux 5.19"), std::string::npos) << said;
}

TEST_F(DriverChoiceTest, anExplicitChoiceNeverFallsBack) {
    const std::string said = inChildDenied(EPERM, [] { return createAndTell(DriverKind::uring); });
    EXPECT_EQ(said.substr(0, 14), "DriverError 1|") << said;
    EXPECT_NE(said.find("io_uring_setup: EPERM"), std::string::npos) << said;
    EXPECT_EQ(std::count(said.begin(), said.end(), '|'), 2) << "nothing is logged: " << said;
}

TEST_F(DriverChoiceTest, lackOfAResourceStaysAnError) {
    for (int error : {ENOMEM, EMFILE}) {
        const std::string said =
            inChildDenied(error, [] { return createAndTell(DriverKind::automatic); });
        EXPECT_EQ(said.substr(0, 12), "DriverError ") << said;
        EXPECT_NE(said.find("ulimit"), std::string::npos) << "it names the cure: " << said;
    }
}

TEST_F(DriverChoiceTest, epollNeedsNoUring) {
    EXPECT_EQ(inChildDenied(EPERM, [] { return createAndTell(DriverKind::epoll); }), "epoll|");
}

}  // namespace
}  // namespace wring
