#include <wring/runtime/thread_pool.hpp>

#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/threads.hpp>

#include <gmock/gmock.h>
#include <pthread.h>
#include <atomic>
#include <csignal>
#include <set>

namespace wring {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::Gate;
using ::testing::HasSubstr;
using testing::until;

/// Collects what any thread logs while it lives.
class ThreadLog {
 public:
    ThreadLog() : before_(setLogSink(&ThreadLog::keep)) { text().clear(); }
    ~ThreadLog() { setLogSink(before_); }
    static std::string& text() {
        static std::string all;
        return all;
    }

 private:
    static void keep(LogLevel, std::string_view message) {
        static std::mutex mutex;
        std::lock_guard lock(mutex);
        text() += message;
    }
    LogSink before_;
};

class ThreadPoolTest : public ::testing::Test {
 protected:
    auto count() {
        return [this] { ++calls_; };
    }
    /// Work that waits for the gate.
    auto block() {
        return [this] {
            gate_.wait();
            ++calls_;
        };
    }
    /// Gives `pool` that many calls that wait for the gate.
    void fill(ThreadPool& pool, int calls) {
        for (int i = 0; i < calls; ++i) EXPECT_TRUE(pool.callInThread(block()));
    }

    Gate gate_;
    std::atomic<int> calls_ = 0;
};

TEST_F(ThreadPoolTest, callsInAThreadOfItsOwn) {
    ThreadPool pool(0, 1);
    pool.start();
    std::thread::id id;
    int sum = 0;
    EXPECT_TRUE(pool.callInThread(
        [&](int a, int b) {
            id = std::this_thread::get_id();
            sum = a + b;
        },
        1, 2));
    pool.stop();
    EXPECT_NE(id, std::this_thread::get_id());
    EXPECT_NE(id, std::thread::id());
    EXPECT_EQ(sum, 3);
}

TEST_F(ThreadPoolTest, workGivenBeforeTheStartWaits) {
    ThreadPool pool(0, 2);
    pool.callInThread(count());
    EXPECT_EQ(pool.stats().waiting, 1u);
    EXPECT_EQ(pool.stats().threads, 0u);
    pool.start();
    pool.stop();
    EXPECT_EQ(calls_, 1);
}

TEST_F(ThreadPoolTest, startMakesTheMinimumOfThreads) {
    ThreadPool pool(3, 5);
    pool.start();
    EXPECT_EQ(pool.stats().threads, 3u);
    pool.callInThread(count());
    EXPECT_EQ(pool.stats().threads, 3u) << "one of them is idle";
}

TEST_F(ThreadPoolTest, threadsAreMadeWhenThereIsWorkForThem) {
    ThreadPool pool(0, 10);
    pool.start();
    EXPECT_EQ(pool.stats().threads, 0u);
    fill(pool, 3);
    EXPECT_EQ(pool.stats().threads, 3u);
    gate_.open();
    until([&] { return pool.stats().done == 3; });
    pool.callInThread(count());
    EXPECT_EQ(pool.stats().threads, 3u) << "an idle one takes it";
}

TEST_F(ThreadPoolTest, thereAreNeverMoreThanTheMaximum) {
    ThreadPool pool(0, 2);
    pool.start();
    fill(pool, 20);
    until([&] { return pool.stats().busy == 2; });
    EXPECT_EQ(pool.stats().threads, 2u);
    EXPECT_EQ(pool.stats().waiting, 18u);
    gate_.open();
    pool.stop();
    EXPECT_EQ(calls_, 20);
    EXPECT_EQ(pool.stats().done, 20u);
}

TEST_F(ThreadPoolTest, oneThreadTakesCallsInTheirOrder) {
    ThreadPool pool(1, 1);
    std::vector<int> seen;
    for (int i = 0; i < 5; ++i) pool.callInThread([&seen, i] { seen.push_back(i); });
    pool.start();
    pool.stop();
    EXPECT_THAT(seen, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(ThreadPoolTest, stopWaitsForWhatRunsAndWhatWaits) {
    ThreadPool pool(0, 1);
    pool.start();
    fill(pool, 3);
    std::thread opener([&] { gate_.open(); });
    pool.stop();
    EXPECT_EQ(calls_, 3);
    EXPECT_EQ(pool.stats().threads, 0u);
    opener.join();
}

TEST_F(ThreadPoolTest, workGivenAfterTheStopIsDropped) {
    ThreadPool pool(1, 1);
    pool.start();
    pool.stop();
    EXPECT_FALSE(pool.callInThread(count()));
    pool.stop();
    EXPECT_EQ(calls_, 0);
}

TEST_F(ThreadPoolTest, workOfAPoolThatNeverStartedIsReleased) {
    auto token = std::make_shared<int>(1);
    {
        ThreadPool pool(1, 1);
        pool.callInThread([token] {});
        EXPECT_EQ(token.use_count(), 2);
    }
    EXPECT_EQ(token.use_count(), 1);
}

TEST_F(ThreadPoolTest, canBeStartedAgain) {
    ThreadPool pool(1, 1);
    pool.start();
    pool.stop();
    pool.start();
    EXPECT_TRUE(pool.callInThread(count()));
    pool.stop();
    EXPECT_EQ(calls_, 1);
}

TEST_F(ThreadPoolTest, idleThreadsAboveTheMinimumEnd) {
    ThreadPool pool(1, 4);
    pool.setIdleLimit(Duration::zero());
    pool.start();
    fill(pool, 4);
    EXPECT_EQ(pool.stats().threads, 4u);
    gate_.open();
    until([&] { return pool.stats().threads == 1; });
    pool.callInThread(count());
    pool.stop();
    EXPECT_EQ(calls_, 5);
}

TEST_F(ThreadPoolTest, aSmallerMaximumEndsSurplusThreads) {
    ThreadPool pool(4, 4);
    pool.start();
    pool.adjustPoolsize(0, 2);
    until([&] { return pool.stats().threads == 2; });
    EXPECT_EQ(pool.minThreads(), 0u);
    EXPECT_EQ(pool.maxThreads(), 2u);
}

TEST_F(ThreadPoolTest, aLargerMaximumMakesThreadsForWhatWaits) {
    ThreadPool pool(0, 1);
    pool.start();
    fill(pool, 4);
    pool.adjustPoolsize(0, 3);
    until([&] { return pool.stats().busy == 3; });
    EXPECT_EQ(pool.stats().waiting, 1u);
    gate_.open();
}

TEST_F(ThreadPoolTest, aLargerMinimumMakesThreadsAtOnce) {
    ThreadPool pool(0, 5);
    pool.start();
    pool.adjustPoolsize(2, 5);
    EXPECT_EQ(pool.stats().threads, 2u);
}

TEST_F(ThreadPoolTest, aMinimumAboveTheMaximumIsRefused) {
    EXPECT_THROW(ThreadPool(2, 1), std::invalid_argument);
    ThreadPool pool(1, 2);
    EXPECT_THROW(pool.adjustPoolsize(3, 2), std::invalid_argument);
    EXPECT_EQ(pool.minThreads(), 1u);
}

TEST_F(ThreadPoolTest, whatACallThrowsIsLoggedAndTheThreadGoesOn) {
    ThreadLog log;
    ThreadPool pool(1, 1);
    pool.start();
    pool.callInThread([] { throw std::runtime_error("boom in a thread"); });
    pool.callInThread(count());
    pool.stop();
    EXPECT_EQ(calls_, 1);
    EXPECT_THAT(log.text(), HasSubstr("boom in a thread"));
}

TEST_F(ThreadPoolTest, theCallbackGetsValueOrFailureInTheSameThread) {
    ThreadPool pool(1, 1);
    std::vector<std::string> seen;
    std::thread::id called, told;
    auto tell = [&](Result<int> result) {
        told = std::this_thread::get_id();
        seen.push_back(result ? std::to_string(*result) : result.error().className());
    };
    auto half = [&](int number) {
        called = std::this_thread::get_id();
        if (number % 2 != 0) throw TimeoutError();
        return number / 2;
    };
    pool.callInThreadWithCallback(tell, half, 4);
    pool.callInThreadWithCallback(tell, half, 5);
    pool.start();
    pool.stop();
    EXPECT_THAT(seen, ElementsAre("2", "TimeoutError"));
    EXPECT_EQ(called, told);
}

TEST_F(ThreadPoolTest, theCallbackOfACallWithoutAValueIsToldThatItWentWell) {
    ThreadPool pool(1, 1);
    bool wentWell = false;
    pool.callInThreadWithCallback([&](Result<void> result) { wentWell = result.has_value(); },
                                  count());
    pool.start();
    pool.stop();
    EXPECT_TRUE(wentWell);
    EXPECT_EQ(calls_, 1);
}

TEST_F(ThreadPoolTest, itsThreadsTakeNoSignalsAndHaveItsName) {
    ThreadPool pool(1, 1, "a name that is too long");
    std::string name(32, '\0');
    sigset_t blocked{};
    pool.callInThread([&] {
        ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
        ::pthread_getname_np(::pthread_self(), name.data(), name.size());
    });
    pool.start();
    pool.stop();
    EXPECT_TRUE(::sigismember(&blocked, SIGTERM));
    EXPECT_TRUE(::sigismember(&blocked, SIGINT));
    EXPECT_STREQ(name.c_str(), "a name that is ");
    sigset_t here{};
    ::pthread_sigmask(SIG_BLOCK, nullptr, &here);
    EXPECT_FALSE(::sigismember(&here, SIGTERM)) << "the mask of who starts it stays";
}

TEST_F(ThreadPoolTest, stoppingItFromOneOfItsThreadsEndsTheProcess) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_DEATH(
        {
            ThreadPool pool(1, 1);
            pool.start();
            pool.callInThread([&] { pool.stop(); });
            gate_.wait();
        },
        "in one of its own threads");
}

class ReactorThreadsTest : public testing::ReactorTest {
 protected:
    void SetUp() override {
        ReactorTest::SetUp();
        if (!IsSkipped()) reactor_ = std::make_unique<Reactor>(options());
    }
    Reactor& reactor() { return *reactor_; }

    Gate gate_;
    std::atomic<int> calls_ = 0;
    std::unique_ptr<Reactor> reactor_;
};

TEST_P(ReactorThreadsTest, thePoolIsMadeWhenItIsAskedFor) {
    ThreadPool& pool = reactor().getThreadPool();
    EXPECT_EQ(pool.minThreads(), 0u);
    EXPECT_EQ(pool.maxThreads(), 10u);
    EXPECT_EQ(&reactor().getThreadPool(), &pool);
    reactor().suggestThreadPoolSize(3);
    EXPECT_EQ(pool.maxThreads(), 3u);
}

TEST_P(ReactorThreadsTest, workGivenBeforeTheStartWaitsForIt) {
    EXPECT_TRUE(reactor().callInThread([&](int by) { calls_ += by; }, 2));
    EXPECT_EQ(reactor().getThreadPool().stats().threads, 0u);
    reactor().callWhenRunning([&] { reactor().stop(); });
    reactor().run(false);
    EXPECT_EQ(calls_, 2);
}

TEST_P(ReactorThreadsTest, shutdownWaitsForWhatRunsAndTakesItsCalls) {
    int told = 0;
    reactor().callWhenRunning([&] {
        reactor().callInThread([&] {
            gate_.wait();
            reactor().callFromThread([&] { ++told; });
        });
        reactor().stop();
    });
    reactor().addSystemEventTrigger(EventPhase::during, "shutdown", [&] { gate_.open(); });
    int toldAfter = -1;
    reactor().addSystemEventTrigger(EventPhase::after, "shutdown", [&] { toldAfter = told; });
    reactor().run(false);
    EXPECT_EQ(toldAfter, 1);
    EXPECT_EQ(reactor().getThreadPool().stats().threads, 0u);
}

TEST_P(ReactorThreadsTest, workGivenAfterTheStopIsDropped) {
    bool isTakenLate = true;
    reactor().callWhenRunning([&] {
        reactor().getThreadPool();
        reactor().stop();
    });
    reactor().addSystemEventTrigger(EventPhase::after, "shutdown", [&] {
        isTakenLate = reactor().callInThread([&] { ++calls_; });
    });
    reactor().run(false);
    EXPECT_FALSE(isTakenLate);
    EXPECT_FALSE(reactor().callInThread([&] { ++calls_; }));
    EXPECT_EQ(calls_, 0);
}

TEST_P(ReactorThreadsTest, aPoolThatIsFirstAskedForAfterTheStopTakesNothing) {
    reactor().callWhenRunning([&] { reactor().stop(); });
    reactor().run(false);
    EXPECT_FALSE(reactor().callInThread([&] { ++calls_; }));
}

TEST_P(ReactorThreadsTest, severalCallsAreMadeInOneThreadInTheirOrder) {
    ThreadLog log;
    std::vector<int> seen;
    std::set<std::thread::id> ids;
    std::vector<UniqueFunction<void()>> calls;
    for (int i = 0; i < 3; ++i) {
        calls.push_back([&, i] {
            seen.push_back(i);
            ids.insert(std::this_thread::get_id());
            if (i == 1) throw std::runtime_error("the second");
        });
    }
    EXPECT_TRUE(reactor().callMultipleInThread(std::move(calls)));
    reactor().callWhenRunning([&] { reactor().stop(); });
    reactor().run(false);
    EXPECT_THAT(seen, ElementsAre(0, 1, 2));
    EXPECT_EQ(ids.size(), 1u);
    EXPECT_THAT(log.text(), HasSubstr("the second"));
}

TEST_P(ReactorThreadsTest, aThreadThatDoesNotEndIsLeftBehindAndNamed) {
    ThreadLog log;
    ReactorOptions chosen = options();
    chosen.shutdownLimit = 1ms;
    reactor_ = std::make_unique<Reactor>(chosen);
    auto gate = std::make_shared<Gate>();
    auto end = std::make_shared<Gate>();
    reactor().callWhenRunning([&] {
        reactor().callInThread([gate, end] {
            gate->wait();
            end->open();
        });
        until([&] { return reactor().getThreadPool().stats().busy == 1; });
        reactor().stop();
    });
    reactor().run(false);
    reactor_.reset();
    EXPECT_THAT(log.text(), HasSubstr("nor did 1 threads"));
    gate->open();
    end->wait();
}

TEST_P(ReactorThreadsTest, oneThatIsDestroyedWithoutShutdownEndsItsThreads) {
    reactor().callWhenRunning([&] {
        reactor().callInThread([&] { ++calls_; });
        reactor().crash();
    });
    reactor().run(false);
    reactor_.reset();
    EXPECT_EQ(calls_, 1);
}

INSTANTIATE_TEST_SUITE_P(Drivers, ReactorThreadsTest, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
