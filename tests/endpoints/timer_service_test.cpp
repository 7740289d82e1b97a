#include <wring/endpoints/timer_service.hpp>

#include <wring/runtime/clock.hpp>
#include <wring/tests/endpoints/service_record.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;

class TimerServiceTest : public ::testing::Test {
 protected:
    TimerServiceTest() { service_->setClock(clock_); }
    Deferred<> call(int step) {
        calls_ += step;
        if (fails_) throw std::runtime_error("no more");
        return waits_ ? inProgress_ : succeed();
    }
    void stop() { watch(service_->stopService(), end_); }
    void expectStoppedAfter(int calls) {
        EXPECT_EQ(end_, "fired");
        EXPECT_FALSE(service_->running());
        clock_.advance(10s);
        EXPECT_EQ(calls_, calls);
    }
    /// Started, with the first call in progress.
    void startSlowly() {
        waits_ = true;
        service_->startService();
        waits_ = false;
    }

    CapturedLog log_;
    Clock clock_;
    std::string end_;
    int calls_ = 0;
    bool fails_ = false;
    bool waits_ = false;
    Deferred<> inProgress_;
    Ref<TimerService> service_ = makeRef<TimerService>(
        2s, [this](int step) { return call(step); }, 1);
};

TEST_F(TimerServiceTest, callsInItsStartAndThenAtEachStep) {
    EXPECT_EQ(calls_, 0);
    service_->startService();
    EXPECT_EQ(calls_, 1);
    clock_.pump({1s, 1s, 2s});
    EXPECT_EQ(calls_, 3);
    service_->startService();
    clock_.advance(2s);
    EXPECT_EQ(calls_, 4) << "a further start begins no second loop";
    stop();
    expectStoppedAfter(4);
}

TEST_F(TimerServiceTest, startsAgainAfterAStop) {
    service_->startService();
    stop();
    service_->startService();
    EXPECT_TRUE(service_->running());
    clock_.advance(2s);
    EXPECT_EQ(calls_, 3);
}

TEST_F(TimerServiceTest, aStopWithoutAStartIsNothing) {
    stop();
    expectStoppedAfter(0);
}

TEST_F(TimerServiceTest, aStopWaitsForACallInProgress) {
    startSlowly();
    stop();
    EXPECT_EQ(end_, "waits");
    EXPECT_TRUE(service_->running());
    std::string second;
    watch(service_->stopService(), second);
    inProgress_.callback();
    expectStoppedAfter(1);
    EXPECT_EQ(second, "fired");
}

TEST_F(TimerServiceTest, aStartDuringAStopBeginsAnewWhenThatIsDone) {
    startSlowly();
    stop();
    service_->startService();
    EXPECT_EQ(calls_, 1);
    inProgress_.callback();
    EXPECT_EQ(end_, "fired");
    EXPECT_TRUE(service_->running());
    EXPECT_EQ(calls_, 2);
    clock_.advance(2s);
    EXPECT_EQ(calls_, 3);
}

TEST_F(TimerServiceTest, aStopAfterThatStartIsTheLastWord) {
    startSlowly();
    stop();
    service_->startService();
    stop();
    inProgress_.callback();
    expectStoppedAfter(1);
}

TEST_F(TimerServiceTest, aCallThatFailsIsLoggedAndEndsTheLoopOnly) {
    service_->startService();
    fails_ = true;
    clock_.advance(2s);
    EXPECT_TRUE(log_.has("no more"));
    EXPECT_TRUE(service_->running());
    clock_.advance(2s);
    EXPECT_EQ(calls_, 2);
    fails_ = false;
    service_->startService();
    EXPECT_EQ(calls_, 3);
    stop();
    expectStoppedAfter(3);
}

TEST_F(TimerServiceTest, aStopSucceedsWhenTheLastCallFails) {
    startSlowly();
    stop();
    inProgress_.errback(std::runtime_error("too late"));
    EXPECT_TRUE(log_.has("too late"));
    expectStoppedAfter(1);
}

TEST_F(TimerServiceTest, aStopThatIsCancelledGoesOn) {
    startSlowly();
    Deferred<> stopping = service_->stopService();
    watch(stopping, end_);
    stopping.cancel();
    EXPECT_EQ(end_, "CancelledError");
    inProgress_.callback();
    EXPECT_FALSE(service_->running());
    stopping.cancel();
    EXPECT_EQ(end_, "CancelledError");
}

TEST_F(TimerServiceTest, destroyedItCancelsACallInProgress) {
    startSlowly();
    service_ = nullptr;
    EXPECT_TRUE(inProgress_.called());
    clock_.advance(10s);
    EXPECT_EQ(calls_, 1);
}

TEST_F(TimerServiceTest, mayBeStoppedAndDestroyedByItsFunction) {
    service_ = makeRef<TimerService>(1s, [this] {
        ++calls_;
        if (service_->running()) stop();
        service_ = nullptr;
    });
    service_->setClock(clock_);
    service_->startService();
    EXPECT_EQ(calls_, 1);
    clock_.advance(10s);
    EXPECT_EQ(calls_, 1);
    EXPECT_NE(end_, "waits");
}

TEST_F(TimerServiceTest, aNegativeStepIsRefused) {
    EXPECT_THROW(makeRef<TimerService>(-1s, [] {}), std::invalid_argument);
}

using TimerServiceReactorTest = ReactorTest;

TEST_P(TimerServiceReactorTest, callsACoroutineByTheReactorsTime) {
    run([](Reactor& reactor) -> Task<> {
        int calls = 0;
        auto count = [](Reactor* running, int* counted) -> Task<> {
            co_await turns(*running, 1);
            ++*counted;
        };
        auto service = makeRef<TimerService>(Duration::zero(), count, &reactor, &calls);
        service->startService();
        co_await until(reactor, [&] { return calls == 3; });
        co_await service->stopService();
        int before = calls;
        co_await turns(reactor);
        EXPECT_EQ(calls, before);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, TimerServiceReactorTest, ::testing::ValuesIn(bothDrivers()),
                         nameOf);

}  // namespace
}  // namespace wring
