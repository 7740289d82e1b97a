#include <wring/endpoints/service_manager.hpp>

#include <wring/endpoints/application.hpp>
#include <wring/net/unix_datagram_socket.hpp>
#include <wring/tests/endpoints/service_record.hpp>
#include <wring/tests/support/folder.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <unistd.h>
#include <csignal>
#include <cstdlib>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;

/// Stands for systemd: a socket, what the environment says of it, and what it was told.
class ServiceManagerTest : public ReactorTest {
 protected:
    ServiceManager told(const char* watchdogUsec = nullptr) const {
        return ServiceManager::parse({path_.c_str(), watchdogUsec, nullptr});
    }
    /// Runs an application of one service until `act`, a task, has ended.
    template <class F, class... Args>
    void runApplication(ServiceManager& manager, UniqueFunction<void()> reload, F act,
                        Args... args) {
        const bool hangsUp = static_cast<bool>(reload);
        Reactor reactor(options());
        UNIXDatagramSocket socket(reactor, path_);
        startApplication(reactor, service_,
                         ApplicationOptions().manager(manager).reload(std::move(reload)));
        if (hangsUp) ::raise(SIGHUP);
        std::string end;
        reactor.callWhenRunning([&] {
            start(act(&reactor, &socket, args...)).addBoth([&](Result<void> result) {
                end = result ? "done" : result.error().getErrorMessage();
                reactor.requestStop();
            });
        });
        reactor.run(false);
        EXPECT_EQ(end, "done");
    }

    Folder folder_;
    std::string path_ = folder_ / "notify";
    Strings record_;
    Ref<RecordingService> service_ = makeRef<RecordingService>(record_, "app");
};

Task<> expectNext(UNIXDatagramSocket* socket, std::string wanted) {
    Datagram got = co_await socket->receiveFrom();
    EXPECT_TRUE(got.data.text().starts_with(wanted)) << got.data.text() << ", not " << wanted;
}

TEST_P(ServiceManagerTest, isToldOnceThatAllHasStarted) {
    ServiceManager manager = told();
    auto act = [](Reactor*, UNIXDatagramSocket* socket, Strings* record) -> Task<> {
        co_await expectNext(socket, "READY=1");
        EXPECT_EQ(*record, (Strings{"app privileged", "app start"}));
    };
    runApplication(manager, {}, act, &record_);
}

TEST_P(ServiceManagerTest, isToldNothingByAnApplicationThatDoesNotStart) {
    CapturedLog log;
    service_->failsToStart = true;
    ServiceManager manager = told();
    Reactor reactor(options());
    UNIXDatagramSocket socket(reactor, path_);
    startApplication(reactor, service_, ApplicationOptions().manager(manager));
    std::string end;
    reactor.callWhenRunning([&] { watch(start(expectNext(&socket, "nothing")), end); });
    reactor.run(false);
    EXPECT_EQ(end, "CancelledError");
}

TEST_P(ServiceManagerTest, hearsAgainAndAgainFromALoopThatTurns) {
    ServiceManager manager = told("20000");
    EXPECT_EQ(manager.watchdogInterval(), Duration(10ms));
    auto act = [](Reactor*, UNIXDatagramSocket* socket) -> Task<> {
        co_await expectNext(socket, "READY=1");
        for (int i = 0; i < 3; ++i) co_await expectNext(socket, "WATCHDOG=1");
    };
    runApplication(manager, {}, act);
}

TEST_P(ServiceManagerTest, hangupsReloadAndThoseOfTheStartAreKeptUntilItIsOver) {
    CapturedLog log;
    ServiceManager manager = told();
    int reloads = 0;
    auto reload = [&reloads] {
        ++reloads;
        throw std::runtime_error("not that");
    };
    auto act = [](Reactor*, UNIXDatagramSocket* socket, int* count) -> Task<> {
        co_await expectNext(socket, "READY=1");
        for (int wanted : {1, 2}) {
            co_await expectNext(socket, "RELOADING=1\nMONOTONIC_USEC=");
            co_await expectNext(socket, "READY=1");
            EXPECT_EQ(*count, wanted);
            if (wanted == 1) ::raise(SIGHUP);
        }
    };
    struct sigaction before {
    }, after{};
    ::sigaction(SIGHUP, nullptr, &before);
    runApplication(manager, reload, act, &reloads);
    EXPECT_TRUE(log.has("reload threw: not that"));
    ::sigaction(SIGHUP, nullptr, &after);
    EXPECT_EQ(before.sa_handler, after.sa_handler);
}

INSTANTIATE_TEST_SUITE_P(Drivers, ServiceManagerTest, ::testing::ValuesIn(bothDrivers()), nameOf);

TEST(ServiceManagerVariablesTest, nobodyIsToldWhereNoneIsNamed) {
    CapturedLog log;
    ServiceManager none = ServiceManager::parse({nullptr, "2000000", nullptr});
    EXPECT_FALSE(none.exists());
    EXPECT_EQ(none.watchdogInterval(), Duration::zero());
    none.notify("READY=1");
    EXPECT_TRUE(CapturedLog::lines().empty());
}

TEST(ServiceManagerVariablesTest, whatCannotBeToldIsOneWarning) {
    CapturedLog log;
    ServiceManager gone = ServiceManager::parse({"/nowhere/notify", nullptr, nullptr});
    for (int i = 0; i < 3; ++i) gone.notify("READY=1");
    EXPECT_EQ(CapturedLog::lines().size(), 1u);
    EXPECT_TRUE(log.has("it cannot be told 'READY=1': No such file or directory"));
}

TEST(ServiceManagerVariablesTest, whatCannotBeUnderstoodIsOneWarningAndIgnored) {
    struct Case {
        const char* socket;
        const char* usec;
        const char* warning;
    };
    const std::string tooLong(200, '/');
    for (Case each :
         {Case{"relative", nullptr, "NOTIFY_SOCKET is 'relative'"},
          Case{"@", nullptr, "NOTIFY_SOCKET is '@'"}, Case{"/", nullptr, "NOTIFY_SOCKET is '/'"},
          Case{tooLong.c_str(), nullptr, "NOTIFY_SOCKET is '//"},
          Case{"@name", "0", "WATCHDOG_USEC is '0'"}, Case{"@name", "-5", "WATCHDOG_USEC is '-5'"},
          Case{"@name", "", "WATCHDOG_USEC is ''"}, Case{"@name", "2s", "WATCHDOG_USEC is '2s'"},
          Case{"@name", "99999999999999999999", "WATCHDOG_USEC is '99"}}) {
        CapturedLog log;
        ServiceManager found = ServiceManager::parse({each.socket, each.usec, nullptr});
        EXPECT_EQ(found.exists(), each.usec != nullptr) << each.warning;
        EXPECT_EQ(found.watchdogInterval(), Duration::zero()) << each.warning;
        EXPECT_EQ(CapturedLog::lines().size(), 1u) << each.warning;
        EXPECT_TRUE(log.has(each.warning)) << each.warning;
    }
}

TEST(ServiceManagerVariablesTest, aWatchdogOfAnotherProcessIsNotOurs) {
    std::string self = std::to_string(::getpid());
    EXPECT_EQ(ServiceManager::parse({"@name", "2000000", "1"}).watchdogInterval(),
              Duration::zero());
    EXPECT_EQ(ServiceManager::parse({"@name", "2000000", self.c_str()}).watchdogInterval(),
              Duration(1s));
}

TEST(ServiceManagerVariablesTest, noChildSpeaksForThisProcess) {
    ::setenv("NOTIFY_SOCKET", "@name", 1);
    ::setenv("WATCHDOG_USEC", "2000000", 1);
    ::setenv("WATCHDOG_PID", "1", 1);
    EXPECT_TRUE(ServiceManager::fromEnvironment().exists());
    for (const char* each : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
        EXPECT_EQ(::getenv(each), nullptr) << each;
    }
}

}  // namespace
}  // namespace wring
