#include <wring/endpoints/application.hpp>

#include <wring/endpoints/multi_service.hpp>
#include <wring/tests/endpoints/service_record.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

namespace wring {
namespace {

using namespace testing;

class ApplicationTest : public ReactorTest {
 protected:
    Strings record_;
    Ref<RecordingService> service_ = makeRef<RecordingService>(record_, "app");
};

TEST_P(ApplicationTest, startsNowAndWhenTheReactorRunsAndStopsBeforeItsShutdown) {
    Reactor reactor(options());
    startApplication(reactor, service_);
    EXPECT_EQ(record_, (Strings{"app privileged"}));
    service_->stopsLater = true;
    auto stopped = service_->whenStopped;
    reactor.callWhenRunning([&] { reactor.stop(); });
    reactor.addSystemEventTrigger(EventPhase::before, "shutdown", [&] {
        record_.push_back("asked");
        reactor.callLater(Duration::zero(), [&] {
            record_.push_back("done");
            stopped.callback();
        });
    });
    reactor.addSystemEventTrigger(EventPhase::during, "shutdown",
                                  [&] { record_.push_back("shutdown"); });
    reactor.run(false);
    EXPECT_EQ(record_,
              (Strings{"app privileged", "app start", "app stop", "asked", "done", "shutdown"}));
}

TEST_P(ApplicationTest, startsAllOfItNowOnAReactorThatRuns) {
    Reactor reactor(options());
    reactor.callWhenRunning([&] {
        startApplication(reactor, service_);
        EXPECT_EQ(record_, (Strings{"app privileged", "app start"}));
        service_ = nullptr;
        reactor.stop();
    });
    reactor.run(false);
    EXPECT_EQ(record_, (Strings{"app privileged", "app start", "app stop", "app gone"}));
}

TEST_P(ApplicationTest, aStartThatThrowsIsUndone) {
    run(
        [](Reactor& reactor, Strings* record, Ref<RecordingService> service) -> Task<> {
            auto all = makeRef<MultiService>();
            auto first = makeRef<RecordingService>(*record, "first");
            first->setServiceParent(*all);
            service->setServiceParent(*all);
            service->failsToStart = true;
            EXPECT_THROW(startApplication(reactor, all), std::runtime_error);
            EXPECT_FALSE(first->running());
            service->disownServiceParent();
            co_return;
        },
        &record_, service_);
    EXPECT_EQ(record_, (Strings{"first privileged", "app privileged", "first start", "app start",
                                "app stop", "first stop", "first gone"}));
}

TEST_P(ApplicationTest, aStartThatThrowsLaterStopsTheReactor) {
    CapturedLog log;
    service_->failsToStart = true;
    Reactor reactor(options());
    startApplication(reactor, service_);
    reactor.run(false);
    EXPECT_TRUE(log.has("app does not start"));
    EXPECT_EQ(record_, (Strings{"app privileged", "app start", "app stop"}));
}

INSTANTIATE_TEST_SUITE_P(Drivers, ApplicationTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
