#include <wring/tests/support/reactor_fixture.hpp>

#include <wring/runtime/log.hpp>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <atomic>
#include <csignal>
#include <map>
#include <mutex>
#include <thread>

namespace wring {
namespace {

using namespace std::chrono_literals;

std::mutex logMutex;
std::string logged;

/// Collects what is logged while it lives.
struct LogCapture {
    LogCapture() {
        logged.clear();
        before = setLogSink([](LogLevel, std::string_view message) {
            const std::lock_guard lock(logMutex);
            logged += message;
            logged += '\n';
        });
    }
    ~LogCapture() { setLogSink(before); }
    LogSink before;
};

class ReactorLoopTest : public testing::ReactorTest {
 protected:
    using Words = std::vector<std::string>;

    void SetUp() override {
        ReactorTest::SetUp();
        if (!IsSkipped()) reactor_ = std::make_unique<Reactor>(options());
    }
    void runUntilStopped() { reactor_->run(false); }
    Reactor& reactor() { return *reactor_; }
    auto say(const char* word) {
        return [this, word] { words_.push_back(word); };
    }
    bool isReadable(int timeoutMs = 0) {
        pollfd one{reactor_->fd(), POLLIN, 0};
        return ::poll(&one, 1, timeoutMs) == 1;
    }

    Words words_;
    std::unique_ptr<Reactor> reactor_;  // calls that were taken are made in its destructor
};

TEST_P(ReactorLoopTest, stopWithoutRunIsAnError) {
    EXPECT_THROW(reactor().stop(), ReactorNotRunning);
    EXPECT_FALSE(reactor().running());
    try {
        reactor().stop();
    } catch (const ReactorNotRunning& error) {
        EXPECT_STREQ(error.what(), "Can't stop reactor that isn't running.");
    }
}

TEST_P(ReactorLoopTest, runWithinRunAndRunAfterStopAreErrors) {
    reactor().callWhenRunning([&] {
        EXPECT_THROW(reactor().run(), ReactorAlreadyRunning);
        EXPECT_EQ(Reactor::current(), &reactor());
        reactor().stop();
    });
    runUntilStopped();
    EXPECT_THROW(reactor().run(), ReactorNotRestartable);
    EXPECT_THROW(reactor().stop(), ReactorNotRunning);
    EXPECT_EQ(Reactor::current(), nullptr);
    EXPECT_FALSE(reactor().runOnce());
}

TEST_P(ReactorLoopTest, stopTwiceIsAnErrorAndNothingHappensWithinStop) {
    reactor().addSystemEventTrigger(EventPhase::before, "shutdown", say("shutdown"));
    reactor().callWhenRunning([&] {
        reactor().stop();
        EXPECT_TRUE(reactor().running());
        EXPECT_THROW(reactor().stop(), ReactorNotRunning);
        EXPECT_NO_THROW(reactor().requestStop());
        words_.push_back("code after stop");
    });
    runUntilStopped();
    EXPECT_EQ(words_, (Words{"code after stop", "shutdown"}));
}

TEST_P(ReactorLoopTest, runningIsTrueFromDuringStartupToDuringShutdown) {
    std::map<std::string, bool> seen;
    auto look = [&](const char* when) { return [&, when] { seen[when] = reactor().running(); }; };
    auto& r = reactor();
    r.addSystemEventTrigger(EventPhase::before, "startup", look("before startup"));
    r.addSystemEventTrigger(EventPhase::during, "startup", look("during startup"));
    r.addSystemEventTrigger(EventPhase::after, "startup", look("after startup"));
    r.addSystemEventTrigger(EventPhase::before, "shutdown", look("before shutdown"));
    r.addSystemEventTrigger(EventPhase::after, "shutdown", look("after shutdown"));
    r.callWhenRunning([&] { r.stop(); });
    runUntilStopped();
    EXPECT_EQ(seen, (std::map<std::string, bool>{{"before startup", false},
                                                 {"during startup", true},
                                                 {"after startup", true},
                                                 {"before shutdown", true},
                                                 {"after shutdown", false}}));
}

TEST_P(ReactorLoopTest, crashEndsWithoutEventsAndAllowsAnotherRun) {
    reactor().addSystemEventTrigger(EventPhase::before, "shutdown", say("shutdown"));
    reactor().callWhenRunning([&] { reactor().crash(); });
    runUntilStopped();
    EXPECT_FALSE(reactor().running());
    EXPECT_TRUE(words_.empty());
    reactor().callWhenRunning([&] { reactor().stop(); });
    runUntilStopped();
    EXPECT_EQ(words_, Words{"shutdown"});
}

TEST_P(ReactorLoopTest, stopBeforeStartupHasEndedStartsAndThenShutsDown) {
    reactor().addSystemEventTrigger(EventPhase::before, "startup", [&] { reactor().stop(); });
    reactor().callWhenRunning(say("ran"));
    reactor().addSystemEventTrigger(EventPhase::after, "shutdown", say("shut down"));
    runUntilStopped();
    EXPECT_EQ(words_, (Words{"ran", "shut down"}));
}

TEST_P(ReactorLoopTest, callWhenRunningCallsAtOnceWhenItRuns) {
    reactor().callWhenRunning(say("first"));
    auto handle = reactor().callWhenRunning(say("removed"));
    reactor().callWhenRunning([&] {
        reactor().callWhenRunning(say("at once"));
        words_.push_back("then");
        reactor().stop();
    });
    reactor().removeSystemEventTrigger(handle);
    EXPECT_THROW(reactor().removeSystemEventTrigger(handle), UsageError);
    EXPECT_TRUE(words_.empty());
    runUntilStopped();
    EXPECT_EQ(words_, (Words{"first", "at once", "then"}));
}

TEST_P(ReactorLoopTest, aCallMadeByATimedCallWaitsForTheNextTurn) {
    std::uint64_t first = 0, second = 0;
    reactor().callLater(0s, [&] {
        first = reactor().turns();
        reactor().callLater(0s, [&] {
            second = reactor().turns();
            reactor().stop();
        });
    });
    runUntilStopped();
    EXPECT_EQ(second, first + 1);
}

TEST_P(ReactorLoopTest, timersThatNeverEndDoNotStarveInputNorThreads) {
    int fds[2];
    ASSERT_EQ(::pipe(fds), 0);
    std::function<void()> spin = [&] { reactor().callLater(0s, [&] { spin(); }); };
    reactor().callWhenRunning([&] {
        spin();
        ASSERT_EQ(::write(fds[1], "x", 1), 1);
        EXPECT_TRUE(reactor().callFromThread(say("from thread")));
    });
    struct Read : Operation {
        explicit Read(Reactor& r)
            : Operation([](Operation& self, Completion& completion) noexcept {
                  EXPECT_EQ(completion.result, 1);
                  static_cast<Read&>(self).reactor.stop();
              }),
              reactor(r) {}
        Reactor& reactor;
        std::byte byte{};
    } read(reactor());
    read.prepareRead(fds[0], std::span(&read.byte, 1));
    reactor().driver().submit(read);
    runUntilStopped();
    EXPECT_EQ(words_, Words{"from thread"});
    EXPECT_FALSE(read.inFlight());
    reactor().driver().closeNow(fds[0]);
    ::close(fds[1]);
}

TEST_P(ReactorLoopTest, completionsThatNeverEndDoNotStarveTimers) {
    struct Spin : Operation {
        explicit Spin(Reactor& r)
            : Operation([](Operation& self, Completion&) noexcept {
                  auto& spin = static_cast<Spin&>(self);
                  if (spin.isOver) return;
                  spin.prepareNop();
                  spin.reactor.driver().submit(spin);
              }),
              reactor(r) {}
        Reactor& reactor;
        bool isOver = false;
    } spin(reactor());
    spin.prepareNop();
    reactor().driver().submit(spin);
    reactor().callLater(2ms, [&] {
        spin.isOver = true;
        words_.push_back("timer");
        reactor().stop();
    });
    runUntilStopped();
    for (int turn = 0; turn < 3; ++turn) reactor().driver().wait(0s);
    EXPECT_EQ(words_, Words{"timer"});
    EXPECT_FALSE(spin.inFlight());
}

TEST_P(ReactorLoopTest, whatCallsThrowIsLoggedAndTheRestRun) {
    LogCapture capture;
    auto fail = [](const char* text) { return [text] { throw std::runtime_error(text); }; };
    reactor().callFromThread(fail("in thread call"));
    reactor().callFromThread(say("thread call"));
    reactor().callLater(0s, fail("in timed call"));
    reactor().callLater(0s, say("timed call"));
    reactor().addSystemEventTrigger(EventPhase::before, "shutdown", fail("in trigger"));
    reactor().addSystemEventTrigger(EventPhase::before, "shutdown", say("trigger"));
    reactor().callLater(0s, [&] { reactor().stop(); });
    runUntilStopped();
    EXPECT_EQ(words_, (Words{"thread call", "timed call", "trigger"}));
    EXPECT_NE(logged.find("while handling timed call: in timed call"), std::string::npos) << logged;
    EXPECT_NE(logged.find("in thread call"), std::string::npos) << logged;
    EXPECT_NE(logged.find("in trigger"), std::string::npos) << logged;
}

TEST_P(ReactorLoopTest, callsQueuedByCallsWaitForTheNextTurn) {
    std::uint64_t outer = 0, inner = 0;
    reactor().callFromThread([&] {
        outer = reactor().turns();
        reactor().callFromThread([&] {
            inner = reactor().turns();
            reactor().stop();
        });
    });
    reactor().callFromThread(say("same turn"));
    runUntilStopped();
    EXPECT_EQ(inner, outer + 1);
    EXPECT_EQ(words_, Words{"same turn"});
}

TEST_P(ReactorLoopTest, callsOfEachThreadKeepTheirOrder) {
    constexpr int perThread = 500;
    std::vector<int> seen[4];
    int left = 4 * perThread;
    std::vector<std::thread> threads;
    reactor().callWhenRunning([&] {
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < perThread; ++i) {
                    EXPECT_TRUE(reactor().callFromThread([&, t, i] {
                        seen[t].push_back(i);
                        if (--left == 0) reactor().stop();
                    }));
                }
            });
        }
    });
    runUntilStopped();
    for (auto& thread : threads) thread.join();
    for (const auto& each : seen) {
        ASSERT_EQ(each.size(), static_cast<std::size_t>(perThread));
        EXPECT_TRUE(std::is_sorted(each.begin(), each.end()));
    }
}

TEST_P(ReactorLoopTest, aCallThatWasTakenAroundStopIsMade) {
    std::atomic<int> taken = 0, made = 0;
    std::function<void()> stopOnceTaken;
    std::thread other;
    reactor().callWhenRunning([&] {
        other = std::thread([&] {
            while (reactor().callFromThread([&] { ++made; })) ++taken;
        });
        stopOnceTaken = [&] {
            if (taken > 0) return reactor().stop();
            reactor().callLater(1ms, stopOnceTaken);
        };
        stopOnceTaken();
    });
    runUntilStopped();
    other.join();
    EXPECT_GT(taken, 0);
    EXPECT_EQ(taken, made);
    EXPECT_FALSE(reactor().callFromThread([] {}));
}

TEST_P(ReactorLoopTest, aDeferredOfABeforeTriggerDelaysShutdownWhileTheLoopRuns) {
    Deferred<> first, second;
    auto& r = reactor();
    r.addSystemEventTrigger(EventPhase::before, "shutdown", [&] { return first; });
    r.addSystemEventTrigger(EventPhase::before, "shutdown", [&] { return second; });
    r.addSystemEventTrigger(EventPhase::before, "shutdown", [&] {
        r.callLater(1ms, [&] {
            EXPECT_TRUE(r.running());
            words_.push_back("still running");
            first.callback();
            r.callLater(1ms, [&] {
                words_.push_back("fails");
                second.errback(Failure::of<TimeoutError>());
            });
        });
    });
    r.addSystemEventTrigger(EventPhase::during, "shutdown", say("during"));
    r.callWhenRunning([&] { r.stop(); });
    runUntilStopped();
    EXPECT_EQ(words_, (Words{"still running", "fails", "during"}));
}

TEST_P(ReactorLoopTest, aDeferredOfABeforeTriggerDelaysStartupWhileTheLoopRuns) {
    Deferred<> ready;
    auto& r = reactor();
    r.addSystemEventTrigger(EventPhase::before, "startup", [&] {
        r.callLater(1ms, [&] {
            EXPECT_FALSE(r.running());
            words_.push_back("timer");
            ready.callback();
        });
        return ready;
    });
    r.callWhenRunning(say("running"));
    r.callWhenRunning([&] { r.stop(); });
    runUntilStopped();
    EXPECT_EQ(words_, (Words{"timer", "running"}));
}

TEST_P(ReactorLoopTest, shutdownCancelsWhatRunsAndWaitsForIt) {
    struct Body {
        static Task<> run(Words& words) {
            try {
                co_await sleepFor(1h);
            } catch (const CancelledError&) {
                words.push_back("cancelled");
            }
        }
    };
    reactor().callWhenRunning([&] {
        start(Body::run(words_));
        reactor().stop();
    });
    reactor().addSystemEventTrigger(EventPhase::after, "shutdown", say("after"));
    runUntilStopped();
    EXPECT_EQ(words_, (Words{"cancelled", "after"}));
}

TEST_P(ReactorLoopTest, aDeferredThatFiresAfterTheReactorHasGoneHarmsNobody) {
    Deferred<> late;
    reactor().addSystemEventTrigger(EventPhase::before, "shutdown", [&] {
        reactor().crash();
        return late;
    });
    reactor().addSystemEventTrigger(EventPhase::during, "shutdown", say("during"));
    reactor().callWhenRunning([&] { reactor().stop(); });
    runUntilStopped();
    reactor_.reset();
    late.callback();
    EXPECT_TRUE(words_.empty());
}

TEST_P(ReactorLoopTest, aForeignLoopDrivesItThroughItsDescriptor) {
    auto turnWhenReadable = [&] { return isReadable(2000) && (reactor().runOnce(), true); };
    reactor().callWhenRunning(say("started"));
    ASSERT_TRUE(turnWhenReadable()) << "there is a startup to be done";
    EXPECT_EQ(words_, Words{"started"});
    for (int turn = 0; turn < 10 && isReadable(); ++turn) reactor().runOnce();
    EXPECT_FALSE(isReadable());

    reactor().callLater(3ms, say("timer"));
    while (words_.size() < 2) ASSERT_TRUE(turnWhenReadable());
    for (int turn = 0; turn < 10 && isReadable(); ++turn) reactor().runOnce();
    EXPECT_FALSE(isReadable());

    std::thread([&] { reactor().callFromThread(say("thread")); }).join();
    while (words_.size() < 3) ASSERT_TRUE(turnWhenReadable());
    for (int turn = 0; turn < 10 && isReadable(); ++turn) reactor().runOnce();

    reactor().stop();
    ASSERT_TRUE(isReadable()) << "there is a shutdown to be done";
    for (int turn = 0; turn < 10 && reactor().runOnce(); ++turn) {
    }
    EXPECT_FALSE(reactor().runOnce());
    EXPECT_EQ(words_, (Words{"started", "timer", "thread"}));
}

TEST_P(ReactorLoopTest, iterateTakesOneTurn) {
    reactor().callLater(0s, say("timer"));
    reactor().callFromThread(say("thread"));
    reactor().iterate();
    EXPECT_EQ(words_, (Words{"thread", "timer"}));
    EXPECT_EQ(reactor().turns(), 1u);
}

TEST_P(ReactorLoopTest, sigtermStopsItAndTheDispositionIsPutBack) {
    for (int number : {SIGTERM, SIGINT}) {
        LogCapture capture;
        reactor_ = std::make_unique<Reactor>(options());
        reactor().callWhenRunning([&] { std::raise(number); });
        reactor().addSystemEventTrigger(EventPhase::before, "shutdown", say("shutdown"));
        reactor().run();
        EXPECT_EQ(reactor().exitSignal(), number);
        struct sigaction now {};
        ASSERT_EQ(::sigaction(number, nullptr, &now), 0);
        EXPECT_EQ(now.sa_handler, SIG_DFL);
        EXPECT_NE(logged.find(number == SIGTERM ? "SIGTERM" : "SIGINT"), std::string::npos);
    }
    EXPECT_EQ(words_, (Words{"shutdown", "shutdown"}));
}

TEST_P(ReactorLoopTest, sigintThatIsIgnoredStaysIgnored) {
    auto before = std::signal(SIGINT, SIG_IGN);
    reactor().callWhenRunning([&] {
        std::raise(SIGINT);
        reactor().callLater(1ms, [&] { reactor().stop(); });
    });
    reactor().run();
    EXPECT_EQ(std::signal(SIGINT, before), SIG_IGN);
    EXPECT_EQ(reactor().exitSignal(), 0);
}

TEST_P(ReactorLoopTest, theSecondSigintLeavesAtOnce) {
    reactor_.reset();  // the child makes its own
    EXPECT_EXIT(
        {
            setLogSink([](LogLevel, std::string_view) {});
            Reactor inChild(options());
            Deferred<> never;
            inChild.addSystemEventTrigger(EventPhase::before, "shutdown", [&] {
                inChild.callLater(1ms, [] { std::raise(SIGINT); });
                return never;
            });
            inChild.callWhenRunning([] { std::raise(SIGINT); });
            inChild.callLater(5s, [] { ::_exit(3); });
            inChild.run();
            ::_exit(4);
        },
        ::testing::KilledBySignal(SIGINT), "");
}

TEST_P(ReactorLoopTest, theDestructorLeavesNothing) {
    reactor_.reset();
    const int descriptors = testing::openDescriptors();
    const long blocks = detail::poolBlocksInUse();
    bool wasReleased = false;
    {
        Reactor r(options());
        auto token = std::shared_ptr<int>(new int, [&](int* p) {
            delete p;
            wasReleased = true;
        });
        r.fd();
        r.callLater(1h, [token] {});
        r.runOnce();
        EXPECT_EQ(r.getDelayedCalls().size(), 1u);
    }
    EXPECT_TRUE(wasReleased);
    EXPECT_EQ(testing::openDescriptors(), descriptors);
    EXPECT_EQ(detail::poolBlocksInUse(), blocks);
}

INSTANTIATE_TEST_SUITE_P(Drivers, ReactorLoopTest, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
