#include <wring/deferred/threads.hpp>

#include <wring/deferred/event.hpp>
#include <wring/deferred/sleep.hpp>
#include <wring/runtime/thread_pool.hpp>
#include <wring/tests/deferred/support.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/threads.hpp>

#include <gmock/gmock.h>
#include <atomic>

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::Boom;
using ::testing::ElementsAre;
using testing::Gate;

/// What other threads hand over was allocated there, so that the fixture's count of this thread's
/// blocks says nothing: the reactor is run plainly.
class ThreadsTest : public testing::ReactorTest {
 protected:
    void SetUp() override {
        ReactorTest::SetUp();
        if (!IsSkipped()) reactor_ = std::make_unique<Reactor>(options());
    }
    Reactor& reactor() { return *reactor_; }

    /// Notes how `deferred` ends.
    template <class T>
    void watch(Deferred<T> deferred) {
        deferred.addBoth([this](const Result<T>& result) {
            end_ = result ? "value" : result.error().className();
        });
    }

    Gate gate_;
    std::string end_;
    std::unique_ptr<Reactor> reactor_;
};

class DeferToThreadTest : public ThreadsTest {
 public:
    /// Runs body(*this), a task, in the reactor until it ends, then stops the reactor.
    void runBody(Task<> (*body)(DeferToThreadTest&)) {
        Result<void> ended = Failure::of<TimeoutError>();
        reactor().callWhenRunning([&] {
            startCall(body, std::ref(*this)).addBoth([&](Result<void> result) {
                ended = std::move(result);
                reactor().requestStop();
            });
        });
        reactor().run(false);
        EXPECT_TRUE(ended.has_value()) << ended.error().getErrorMessage();
        EXPECT_TRUE(reactor().fibers().empty());
    }
    using ThreadsTest::end_;
};

TEST_P(DeferToThreadTest, givesWhatTheFunctionReturns) {
    runBody([](DeferToThreadTest&) -> Task<> {
        auto add = [](int a, const std::string& b) { return std::to_string(a) + b; };
        std::string sum = co_await deferToThread(add, 3, std::string("x"));
        EXPECT_EQ(sum, "3x");
    });
}

TEST_P(DeferToThreadTest, callsInAnotherThreadAndFiresInTheReactors) {
    std::thread::id called, fired;
    reactor().callWhenRunning([&] {
        deferToThread([] {
            return std::this_thread::get_id();
        }).addCallback([&](std::thread::id id) {
            called = id;
            fired = std::this_thread::get_id();
            reactor().stop();
        });
    });
    reactor().run(false);
    EXPECT_NE(called, fired);
    EXPECT_EQ(fired, std::this_thread::get_id());
}

TEST_P(DeferToThreadTest, failsWithWhatTheFunctionThrows) {
    runBody([](DeferToThreadTest&) -> Task<> {
        auto failing = []() -> int { throw Boom("in the thread"); };
        auto result = co_await outcome(deferToThread(failing));
        EXPECT_FALSE(result.has_value());
        if (!result) {
            EXPECT_TRUE(result.error().check<Boom>());
            EXPECT_EQ(result.error().getErrorMessage(), "in the thread");
        }
    });
}

TEST_P(DeferToThreadTest, takesAndGivesWhatCanOnlyBeMoved) {
    runBody([](DeferToThreadTest&) -> Task<> {
        auto grow = [](std::unique_ptr<int> number) {
            ++*number;
            return number;
        };
        auto deferred = deferToThread(grow, std::make_unique<int>(4));
        std::unique_ptr<int> grown = co_await deferred;
        EXPECT_EQ(*grown, 5);
    });
}

TEST_P(DeferToThreadTest, releasesFunctionAndArgumentsBeforeItFires) {
    auto token = std::make_shared<int>(1);
    long uses = 0;
    reactor().callWhenRunning([&] {
        deferToThread([token](const std::shared_ptr<int>&) {}, token).addCallback([&] {
            uses = token.use_count();
            reactor().stop();
        });
    });
    reactor().run(false);
    EXPECT_EQ(uses, 1);
}

TEST_P(DeferToThreadTest, cancelledWhileItRunsFailsAtOnceAndDropsTheLateResult) {
    reactor().callWhenRunning([&] {
        auto running = deferToThread([this] {
            gate_.wait();
            return 1;
        });
        watch(running);
        running.cancel();
        EXPECT_EQ(end_, "CancelledError");
        gate_.open();
        reactor().stop();
    });
    reactor().run(false);
    EXPECT_EQ(end_, "CancelledError");
}

TEST_P(DeferToThreadTest, cancelledAfterItsEndHasNoEffect) {
    runBody([](DeferToThreadTest& test) -> Task<> {
        auto deferred = deferToThread([] {});
        Event fired;
        deferred.addBoth([&](const Result<void>& result) {
            test.end_ = result ? "value" : "failure";
            fired.set();
        });
        co_await fired.wait();
        deferred.cancel();
        EXPECT_EQ(test.end_, "value");
    });
}

TEST_P(DeferToThreadTest, whoAwaitsItIsCancelledWithTheReactorWhichWaitsForTheThread) {
    std::atomic<bool> hasEnded = false;
    auto body = [](Gate& gate, std::atomic<bool>& end) -> Task<> {
        auto wait = [&gate, &end] {
            gate.wait();
            end = true;
        };
        co_await deferToThread(wait);
    };
    reactor().callWhenRunning([&] {
        watch(startCall(body, std::ref(gate_), std::ref(hasEnded)));
        reactor().stop();
    });
    reactor().addSystemEventTrigger(EventPhase::during, "shutdown", [&] {
        EXPECT_EQ(end_, "CancelledError");
        gate_.open();
    });
    reactor().run(false);
    EXPECT_TRUE(hasEnded);
}

TEST_P(DeferToThreadTest, givenAfterTheStopFailsWithThreadPoolStopped) {
    reactor().callWhenRunning([&] { reactor().stop(); });
    reactor().addSystemEventTrigger(EventPhase::after, "shutdown",
                                    [&] { watch(deferToThread([] { return 1; })); });
    reactor().run(false);
    EXPECT_EQ(end_, "ThreadPoolStopped");
}

TEST_P(DeferToThreadTest, withAPoolOfItsOwnOutlivesTheReactor) {
    ThreadPool pool(1, 1);
    pool.start();
    reactor().callWhenRunning([&] {
        watch(deferToThreadPool(reactor(), pool, [this] { gate_.wait(); }));
        reactor().stop();
    });
    reactor().run(false);
    EXPECT_EQ(end_, "ReactorStopped") << "nobody would ever fire it";
    reactor_.reset();
    gate_.open();
    pool.stop();
    EXPECT_EQ(pool.stats().done, 1u);
}

TEST_P(DeferToThreadTest, forAReactorThatHasStoppedFailsAtOnce) {
    ThreadPool pool(1, 1);
    reactor().callWhenRunning([&] { reactor().stop(); });
    reactor().run(false);
    watch(deferToThreadPool(reactor(), pool, [] {}));
    EXPECT_EQ(end_, "ReactorStopped");
    EXPECT_EQ(pool.stats().waiting, 0u);
}

TEST_P(DeferToThreadTest, manyAtOnceAllArrive) {
    runBody([](DeferToThreadTest&) -> Task<> {
        std::vector<Deferred<int>> squares;
        for (int i = 0; i < 100; ++i) {
            squares.push_back(deferToThread([](int n) { return n * n; }, i));
        }
        int sum = 0;
        for (auto& each : squares) sum += co_await each;
        EXPECT_EQ(sum, 328350);
    });
}

class BlockingCallTest : public ThreadsTest {
 protected:
    /// Calls `inThread`, which may block, in a thread of its own while the reactor runs; the
    /// reactor is stopped when that has returned. Notes the class of what it throws.
    template <class F>
    void runBeside(F inThread) {
        reactor().callWhenRunning([&] { running_.open(); });
        std::thread thread([&] {
            running_.wait();
            try {
                inThread();
            } catch (...) {
                thrown_ = Failure::current().className();
            }
            reactor().callFromThread([&] { reactor().requestStop(); });
        });
        reactor().run(false);
        thread.join();
    }

    Gate running_;
    std::string thrown_;
};

TEST_P(BlockingCallTest, givesWhatTheFunctionReturnsInTheReactorsThread) {
    std::thread::id id;
    int twice = 0;
    runBeside([&] {
        id = blockingCallFromThread(reactor(), [] { return std::this_thread::get_id(); });
        twice = blockingCallFromThread(
            reactor(), [](int n) { return 2 * n; }, 21);
    });
    EXPECT_EQ(id, std::this_thread::get_id());
    EXPECT_EQ(twice, 42);
    EXPECT_EQ(thrown_, "");
}

TEST_P(BlockingCallTest, aFunctionThatReturnsNothingIsWaitedFor) {
    int calls = 0;
    int seen = 0;
    runBeside([&] {
        blockingCallFromThread(reactor(), [&] { ++calls; });
        seen = calls;
    });
    EXPECT_EQ(seen, 1);
}

TEST_P(BlockingCallTest, waitsForTheDeferredThatTheFunctionReturns) {
    std::string text;
    runBeside([&] {
        text = blockingCallFromThread(reactor(), [&] {
            Deferred<std::string> later;
            reactor().callLater(1ms, [later]() mutable { later.callback(std::string("later")); });
            return later;
        });
    });
    EXPECT_EQ(text, "later");
}

Task<int> slowly(int value) {
    co_await sleepFor(1ms);
    co_return value + 1;
}

TEST_P(BlockingCallTest, runsTheTaskThatTheFunctionReturns) {
    int value = 0;
    runBeside([&] { value = blockingCallFromThread(reactor(), &slowly, 1); });
    EXPECT_EQ(value, 2);
}

TEST_P(BlockingCallTest, rethrowsWhatTheFunctionThrows) {
    runBeside([&] { blockingCallFromThread(reactor(), []() -> int { throw TimeoutError(); }); });
    EXPECT_EQ(thrown_, "TimeoutError");
}

TEST_P(BlockingCallTest, rethrowsWhatTheDeferredFailsWith) {
    runBeside(
        [&] { blockingCallFromThread(reactor(), [] { return fail<int>(CancelledError()); }); });
    EXPECT_EQ(thrown_, "CancelledError");
}

TEST_P(BlockingCallTest, throwsWhenTheReactorHasStopped) {
    reactor().callWhenRunning([&] { reactor().stop(); });
    reactor().run(false);
    EXPECT_THROW(blockingCallFromThread(reactor(), [] {}), ReactorStopped);
}

TEST_P(BlockingCallTest, shutdownCancelsWhatAThreadOfThePoolWaitsFor) {
    reactor().callWhenRunning([&] {
        reactor().callInThread([&] {
            try {
                blockingCallFromThread(reactor(), [&] {
                    reactor().stop();
                    return Deferred<>();
                });
            } catch (const CancelledError&) {
                end_ = "cancelled";
            }
        });
    });
    reactor().run(false);
    EXPECT_EQ(end_, "cancelled");
}

TEST_P(BlockingCallTest, aCallThatComesDuringShutdownIsCancelledToo) {
    reactor().callWhenRunning([&] {
        reactor().callInThread([&] {
            gate_.wait();
            try {
                blockingCallFromThread(reactor(), [] { return Deferred<>(); });
            } catch (const CancelledError&) {
                end_ = "cancelled";
            }
        });
        reactor().stop();
    });
    reactor().addSystemEventTrigger(EventPhase::during, "shutdown", [&] { gate_.open(); });
    reactor().run(false);
    EXPECT_EQ(end_, "cancelled");
}

TEST_P(BlockingCallTest, whatNeverEndsIsGivenUpWhenTheReactorStops) {
    ReactorOptions chosen = options();
    chosen.shutdownLimit = 1ms;
    reactor_ = std::make_unique<Reactor>(chosen);
    Deferred<> stubborn;
    stubborn.state()->setCanceller([](detail::DeferredBase&) {}, true);
    runBeside([&] {
        blockingCallFromThread(reactor(), [&] {
            reactor().requestStop();
            return stubborn;
        });
    });
    EXPECT_EQ(thrown_, "ReactorStopped");
    stubborn.callback();
}

TEST_P(BlockingCallTest, inTheReactorsOwnThreadEndsTheProcess) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    reactor().callWhenRunning([&] { blockingCallFromThread(reactor(), [] {}); });
    EXPECT_DEATH(reactor().run(false), "would never return");
}

INSTANTIATE_TEST_SUITE_P(Drivers, DeferToThreadTest, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);
INSTANTIATE_TEST_SUITE_P(Drivers, BlockingCallTest, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
