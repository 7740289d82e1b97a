#include <wring/endpoints/cooperator_service.hpp>

#include <wring/runtime/clock.hpp>
#include <wring/tests/endpoints/service_record.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;

class CooperatorServiceTest : public ::testing::Test {
 protected:
    /// A task of some steps, whose end is written down; by default it has no end.
    void work(std::string& end, int steps = -1) {
        watch(service_->coiterate([this, steps]() mutable {
            ++taken_;
            return --steps == 0 ? CooperativeStep::done() : CooperativeStep(waiting_);
        }),
              end);
    }
    /// A turn of the reactor.
    void turn() { clock_.advance(1ms); }

    Clock clock_;
    Deferred<> waiting_;
    std::string end_;
    int taken_ = 0;
    Ref<CooperatorService> service_ = makeRef<CooperatorService>(clock_);
};

TEST_F(CooperatorServiceTest, tasksWaitForItsStart) {
    work(end_, 1);
    turn();
    EXPECT_EQ(taken_, 0);
    EXPECT_FALSE(service_->running());
    service_->startService();
    EXPECT_TRUE(service_->running());
    EXPECT_EQ(taken_, 0) << "a step within the start";
    turn();
    EXPECT_EQ(taken_, 1);
    EXPECT_EQ(end_, "fired");
}

TEST_F(CooperatorServiceTest, itsStopEndsTheTasksAndWhatTheyWaitFor) {
    service_->startService();
    work(end_);
    turn();
    EXPECT_EQ(taken_, 1);
    std::string stop, late;
    watch(service_->stopService(), stop);
    EXPECT_EQ(stop, "fired");
    EXPECT_FALSE(service_->running());
    EXPECT_EQ(end_, "SchedulerStopped");
    EXPECT_TRUE(waiting_.called());
    work(late);
    EXPECT_EQ(late, "SchedulerStopped");
    turn();
    EXPECT_EQ(taken_, 1);
}

TEST_F(CooperatorServiceTest, startsAgainAfterAStop) {
    for (int round = 1; round <= 2; ++round) {
        service_->startService();
        work(end_, 1);
        turn();
        EXPECT_EQ(end_, "fired");
        EXPECT_EQ(taken_, round);
        service_->stopService();
    }
}

TEST_F(CooperatorServiceTest, aTaskThatItsStopEndsMayStartItAgain) {
    service_->startService();
    service_->coiterate([] { return CooperativeStep::again(); }).addBoth([this](Result<void>) {
        service_->startService();
    });
    service_->stopService();
    EXPECT_TRUE(service_->running());
    work(end_, 1);
    turn();
    EXPECT_EQ(end_, "fired");
}

TEST_F(CooperatorServiceTest, destroyedItStopsItsTasks) {
    service_->startService();
    Ref<CooperativeTask> task = service_->cooperate([this] { return CooperativeStep(waiting_); });
    watch(task->whenDone(), end_);
    turn();
    service_ = nullptr;
    EXPECT_EQ(end_, "SchedulerStopped");
    EXPECT_TRUE(waiting_.called());
}

TEST_F(CooperatorServiceTest, mayBeStoppedAndDestroyedByAStep) {
    service_->startService();
    watch(service_->coiterate([this] {
        service_->stopService();
        service_ = nullptr;
        return CooperativeStep::again();
    }),
          end_);
    turn();
    EXPECT_EQ(end_, "SchedulerStopped");
}

using CooperatorServiceReactorTest = ReactorTest;

TEST_P(CooperatorServiceReactorTest, itsTasksShareAReactor) {
    run([](Reactor& reactor) -> Task<> {
        auto service = makeRef<CooperatorService>(reactor);
        service->startService();
        std::vector<int> seen;
        Deferred<> counted = service->coiterate(
            stepsOver(std::vector<int>{1, 2, 3}, [&seen](int each) { seen.push_back(each); }));
        co_await counted;
        EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
        Deferred<> endless = service->coiterate([] { return CooperativeStep::again(); });
        co_await service->stopService();
        auto ended = co_await outcome(endless);
        EXPECT_TRUE(!ended && ended.error().check<SchedulerStopped>());
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, CooperatorServiceReactorTest, ::testing::ValuesIn(bothDrivers()),
                         nameOf);

}  // namespace
}  // namespace wring
