#include <wring/deferred/cooperator.hpp>

#include <wring/runtime/clock.hpp>
#include <wring/tests/deferred/support.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::Boom;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using CooperateTest = testing::ReactorTest;

/// A cooperator that takes one step for each tick().
class CooperatorTest : public testing::QuietTest {
 protected:
    void TearDown() override {
        cooperator_.stop();
        QuietTest::TearDown();
    }
    void tick(int times = 1) {
        for (; times > 0; --times) clock_.advance(1ms);
    }
    /// Steps that write `name`, `times` of them.
    auto write(char name, int times) {
        return [this, name, left = times]() mutable {
            if (left-- == 0) return CooperativeStep::done();
            text_ += name;
            return CooperativeStep::again();
        };
    }
    /// Steps without an end.
    auto writeAlways(char name) { return write(name, -1); }
    /// One step that waits for `wait`, then the end.
    static auto waitOnce(Deferred<> wait) {
        return [wait, isFirst = true]() mutable -> CooperativeStep {
            if (!std::exchange(isFirst, false)) return CooperativeStep::done();
            return wait;
        };
    }
    /// How a Deferred ends.
    std::shared_ptr<std::string> endOf(Deferred<> deferred) {
        auto end = std::make_shared<std::string>();
        deferred.addBoth([end](const Result<void>& result) {
            *end = result ? "done" : result.error().className();
        });
        return end;
    }

    Clock clock_;
    Cooperator cooperator_{clock_, Duration::zero()};
    std::string text_;
};

TEST_F(CooperatorTest, stepsOfSeveralTasksTakeTurns) {
    cooperator_.cooperate(write('a', 3));
    cooperator_.cooperate(write('b', 1));
    cooperator_.cooperate(write('c', 2));
    EXPECT_EQ(text_, "") << "none is taken at once";
    tick(9);
    EXPECT_EQ(text_, "abcaca");
}

TEST_F(CooperatorTest, aTaskThatIsAddedMeanwhileComesBehindTheOthers) {
    cooperator_.cooperate(write('a', 2));
    cooperator_.cooperate(write('b', 2));
    tick();
    cooperator_.cooperate(write('c', 2));
    tick(9);
    EXPECT_EQ(text_, "abacbc");
}

TEST_F(CooperatorTest, aSliceLastsUntilItsTimeIsOver) {
    Cooperator sliced(clock_, 10ms);
    int steps = 0;
    auto task = sliced.cooperate([&] {
        ++steps;
        clock_.advance(3ms);
        return CooperativeStep::again();
    });
    tick();
    EXPECT_EQ(steps, 4) << "the one that ends after 12 ms is the last";
    task->stop();
}

TEST_F(CooperatorTest, aSliceOfAStandingClockEndsWithTheWork) {
    Cooperator sliced(clock_);
    sliced.cooperate(write('a', 500));
    tick();
    EXPECT_EQ(text_.size(), 500u);
    EXPECT_TRUE(sliced.running());
}

TEST_F(CooperatorTest, whenDoneFiresAtTheEndForEachWhoAsks) {
    auto task = cooperator_.cooperate(write('a', 1));
    auto first = endOf(task->whenDone());
    auto second = endOf(task->whenDone());
    tick();
    EXPECT_EQ(*first, "");
    tick();
    EXPECT_EQ(*first, "done");
    EXPECT_EQ(*second, "done");
    EXPECT_EQ(*endOf(task->whenDone()), "done");
}

TEST_F(CooperatorTest, cancellingWhenDoneLeavesTheTask) {
    auto task = cooperator_.cooperate(write('a', 2));
    Deferred<> asked = task->whenDone();
    auto cancelled = endOf(asked);
    asked.cancel();
    tick(3);
    EXPECT_EQ(*cancelled, "CancelledError");
    EXPECT_EQ(text_, "aa");
}

TEST_F(CooperatorTest, whatAStepThrowsFailsTheTask) {
    auto task = cooperator_.cooperate([]() -> CooperativeStep { throw TimeoutError(); });
    auto end = endOf(task->whenDone());
    tick();
    EXPECT_EQ(*end, "TimeoutError");
    EXPECT_THROW(task->stop(), TaskFailed);
    EXPECT_THROW(task->pause(), TaskFailed);
    EXPECT_EQ(*endOf(task->whenDone()), "TimeoutError");
}

TEST_F(CooperatorTest, aFailureThatNobodyAskedAboutIsLogged) {
    cooperator_.cooperate([]() -> CooperativeStep { throw Boom("nobody asked"); });
    tick();
    ASSERT_EQ(messages().size(), 1u);
    EXPECT_NE(messages()[0].find("nobody asked"), std::string::npos);
}

TEST_F(CooperatorTest, aDeferredHoldsTheTaskUntilItFires) {
    Deferred<> wait;
    auto task = cooperator_.cooperate(waitOnce(wait));
    cooperator_.cooperate(write('b', 3));
    auto end = endOf(task->whenDone());
    tick(5);
    EXPECT_EQ(*end, "");
    EXPECT_EQ(text_, "bbb");
    wait.callback();
    tick();
    EXPECT_EQ(*end, "done");
}

TEST_F(CooperatorTest, aDeferredThatHasFiredHoldsNothingUp) {
    auto end = endOf(cooperator_.coiterate(waitOnce(succeed())));
    tick(2);
    EXPECT_EQ(*end, "done");
}

TEST_F(CooperatorTest, aDeferredThatFailsFailsTheTask) {
    Deferred<> wait;
    auto end = endOf(cooperator_.coiterate(waitOnce(wait)));
    tick();
    wait.errback(TimeoutError());
    EXPECT_EQ(*end, "TimeoutError");
}

TEST_F(CooperatorTest, pausesAreCounted) {
    auto task = cooperator_.cooperate(write('a', 9));
    tick();
    task->pause();
    task->pause();
    task->resume();
    tick(3);
    EXPECT_EQ(text_, "a");
    task->resume();
    tick(2);
    EXPECT_EQ(text_, "aaa");
    EXPECT_THROW(task->resume(), NotPaused);
}

TEST_F(CooperatorTest, aTaskThatIsPausedTwiceOverNeedsBothToGoOn) {
    Deferred<> wait;
    auto task = cooperator_.cooperate(waitOnce(wait));
    auto end = endOf(task->whenDone());
    tick();
    task->pause();
    wait.callback();
    tick(2);
    EXPECT_EQ(*end, "");
    task->resume();
    tick();
    EXPECT_EQ(*end, "done");
}

TEST_F(CooperatorTest, aStoppedTaskFailsWithTaskStopped) {
    auto task = cooperator_.cooperate(writeAlways('a'));
    auto end = endOf(task->whenDone());
    tick();
    task->stop();
    EXPECT_EQ(*end, "TaskStopped");
    EXPECT_THROW(task->stop(), TaskStopped);
    EXPECT_THROW(task->pause(), TaskStopped);
    tick(2);
    EXPECT_EQ(text_, "a");
}

TEST_F(CooperatorTest, whatAStoppedTaskWaitsForIsCancelled) {
    Deferred<> wait;
    auto task = cooperator_.cooperate(waitOnce(wait));
    auto end = endOf(task->whenDone());
    tick();
    task->stop();
    EXPECT_TRUE(wait.called());
    EXPECT_EQ(*end, "TaskStopped");
}

TEST_F(CooperatorTest, aTaskMayStopItselfInAStep) {
    auto token = std::make_shared<int>(1);
    Ref<CooperativeTask> task;
    task = cooperator_.cooperate([&task, token] {
        task->stop();
        EXPECT_EQ(token.use_count(), 2) << "the step is still there";
        return CooperativeStep::again();
    });
    auto end = endOf(task->whenDone());
    tick();
    EXPECT_EQ(*end, "TaskStopped");
    EXPECT_EQ(token.use_count(), 1);
}

TEST_F(CooperatorTest, whatAFinishedTaskIsAskedThrowsTaskDone) {
    auto task = cooperator_.cooperate(write('a', 0));
    tick();
    EXPECT_THROW(task->pause(), TaskDone);
    EXPECT_THROW(task->stop(), TaskDone);
    EXPECT_THROW(task->resume(), NotPaused);
}

TEST_F(CooperatorTest, theEndedErrorsHaveABaseInCommon) {
    auto task = cooperator_.cooperate(write('a', 0));
    tick();
    EXPECT_THROW(task->stop(), TaskFinished);
    EXPECT_TRUE(Failure(SchedulerStopped()).check<SchedulerError>());
    EXPECT_FALSE(Failure(SchedulerStopped()).check<TaskFinished>());
}

TEST_F(CooperatorTest, stopFailsAllTasksAndThoseThatComeLater) {
    auto running = cooperator_.cooperate(writeAlways('a'));
    auto paused = cooperator_.cooperate(writeAlways('b'));
    paused->pause();
    auto endOfRunning = endOf(running->whenDone());
    auto endOfPaused = endOf(paused->whenDone());
    cooperator_.stop();
    EXPECT_FALSE(cooperator_.running());
    EXPECT_EQ(*endOfRunning, "SchedulerStopped");
    EXPECT_EQ(*endOfPaused, "SchedulerStopped");
    EXPECT_THROW(running->stop(), SchedulerStopped);
    EXPECT_EQ(*endOf(cooperator_.coiterate(writeAlways('c'))), "SchedulerStopped");
    tick(2);
    EXPECT_EQ(text_, "");
}

TEST_F(CooperatorTest, oneThatIsNotStartedLetsTasksWait) {
    Cooperator later(clock_, Duration::zero(), false);
    later.cooperate(write('a', 2));
    EXPECT_FALSE(later.running());
    tick(2);
    EXPECT_EQ(text_, "");
    later.start();
    EXPECT_TRUE(later.running());
    tick(2);
    EXPECT_EQ(text_, "aa");
}

TEST_F(CooperatorTest, canBeStartedAgainAfterStop) {
    cooperator_.stop();
    cooperator_.start();
    cooperator_.cooperate(write('a', 1));
    tick();
    EXPECT_EQ(text_, "a");
}

/// A clock that knows whether something is armed on it.
class CountingClock : public Clock {
 public:
    void arm(Timer& timer, Time due) override {
        ++armed;
        Clock::arm(timer, due);
    }
    void disarm(Timer& timer) noexcept override {
        --armed;
        Clock::disarm(timer);
    }
    int armed = 0;
};

TEST_F(CooperatorTest, withoutTasksNothingStaysScheduled) {
    CountingClock clock;
    Cooperator idle(clock, Duration::zero());
    EXPECT_EQ(clock.armed, 0);
    auto task = idle.cooperate(writeAlways('a'));
    EXPECT_EQ(clock.armed, 1);
    task->stop();
    EXPECT_EQ(clock.armed, 0);
}

TEST_F(CooperatorTest, destroyingItStopsItsTasks) {
    std::shared_ptr<std::string> end;
    Ref<CooperativeTask> task;
    {
        Cooperator brief(clock_);
        task = brief.cooperate(writeAlways('a'));
        end = endOf(task->whenDone());
    }
    EXPECT_EQ(*end, "SchedulerStopped");
    EXPECT_THROW(task->pause(), SchedulerStopped);
}

TEST_F(CooperatorTest, aStepMayDestroyIt) {
    auto brief = std::make_unique<Cooperator>(clock_);
    auto end = endOf(brief->coiterate([&] {
        brief.reset();
        return CooperativeStep::again();
    }));
    tick(2);
    EXPECT_EQ(*end, "SchedulerStopped");
}

TEST_F(CooperatorTest, cancellingCoiterateStopsTheTask) {
    Deferred<> running = cooperator_.coiterate(writeAlways('a'));
    auto end = endOf(running);
    tick();
    running.cancel();
    EXPECT_EQ(*end, "CancelledError");
    tick(2);
    EXPECT_EQ(text_, "a");
}

TEST_F(CooperatorTest, stepsOverARangeCallForEachElement) {
    std::vector<std::string> words{"x", "y", "z"};
    auto end = endOf(cooperator_.coiterate(
        stepsOver(words, [this](const std::string& word) { text_ += word; })));
    words.clear();
    tick(2);
    EXPECT_EQ(text_, "xy");
    tick(2);
    EXPECT_EQ(*end, "done");
}

TEST_F(CooperatorTest, stepsOverARangeWaitForWhatTheFunctionReturns) {
    std::vector<Deferred<int>> waits(2);
    std::vector<int> numbers{0, 1};
    auto end = endOf(cooperator_.coiterate(stepsOver(numbers, [&](int i) {
        text_ += std::to_string(i);
        return waits[static_cast<std::size_t>(i)];
    })));
    tick(3);
    EXPECT_EQ(text_, "0");
    waits[0].callback(7);
    tick(3);
    EXPECT_EQ(text_, "01");
    waits[1].callback(8);
    tick();
    EXPECT_EQ(*end, "done");
}

TEST_P(CooperateTest, tasksOfOneReactorShareACooperator) {
    run([](Reactor&) -> Task<> {
        std::string text;
        auto step = [&text](char name) {
            return [&text, name, left = 3]() mutable {
                if (left-- == 0) return CooperativeStep::done();
                text += name;
                return CooperativeStep::again();
            };
        };
        Deferred<> first = coiterate(step('a'));
        Deferred<> second = coiterate(step('b'));
        co_await first;
        co_await second;
        EXPECT_EQ(text, "ababab");
    });
}

TEST_P(CooperateTest, theReactorsTimersRunBetweenSlices) {
    run([](Reactor& reactor) -> Task<> {
        bool hasRun = false;
        reactor.callLater(0ms, [&] { hasRun = true; });
        auto untilThen = [&] {
            return hasRun ? CooperativeStep::done() : CooperativeStep::again();
        };
        co_await coiterate(untilThen);
        EXPECT_TRUE(hasRun);
    });
}

TEST_P(CooperateTest, shutdownStopsWhatHasNoEnd) {
    Reactor reactor(options());
    std::string end;
    reactor.callWhenRunning([&] {
        auto task = cooperate([] { return CooperativeStep::again(); });
        task->whenDone().addBoth(
            [&](const Result<void>& result) { end = result.error().className(); });
        reactor.stop();
    });
    reactor.run(false);
    EXPECT_EQ(end, "SchedulerStopped");
}

INSTANTIATE_TEST_SUITE_P(Drivers, CooperateTest, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
