#include <wring/deferred/looping_call.hpp>

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

using LoopingCallReactor = testing::ReactorTest;
using LoopingCallDeath = testing::QuietTest;

/// A loop on a clock that notes, in milliseconds since the beginning, when it was called.
class LoopingCallTest : public testing::QuietTest {
 protected:
    long milliseconds() const { return (clock_.now() - Time()) / 1ms; }

    /// Starts `loop` on the clock and notes how it ends.
    void begin(LoopingCall& loop, Duration interval, bool now = true) {
        loop.setTime(clock_);
        done_ = loop.start(interval, now);
        done_.addBoth([this](const Result<void>& result) {
            end_ = result ? "stopped" : result.error().className();
        });
    }
    auto note() {
        return [this] { calls_.push_back(milliseconds()); };
    }
    auto noteCount() {
        return [this](std::int64_t count) { counts_.push_back(count); };
    }
    /// Notes, and takes that long the first time.
    auto takeFirst(Duration length) {
        return [this, length] {
            calls_.push_back(milliseconds());
            if (calls_.size() == 1) clock_.advance(length);
        };
    }
    /// Notes, and gives a Deferred that the test fires.
    auto notePending() {
        return [this] {
            calls_.push_back(milliseconds());
            return pending_ = Deferred<>();
        };
    }

    Clock clock_;
    std::vector<long> calls_;
    std::vector<std::int64_t> counts_;
    Deferred<> done_;
    Deferred<> pending_;
    std::string end_;
};

TEST_F(LoopingCallTest, callsAtOnceAndThenAfterEveryInterval) {
    LoopingCall loop(note());
    EXPECT_FALSE(loop.running());
    begin(loop, 500ms);
    EXPECT_THAT(calls_, ElementsAre(0));
    EXPECT_TRUE(loop.running());
    EXPECT_EQ(loop.interval(), 500ms);
    clock_.pump({500ms, 250ms, 250ms});
    EXPECT_THAT(calls_, ElementsAre(0, 500, 1000));
}

TEST_F(LoopingCallTest, withoutNowTheFirstCallComesAfterOneInterval) {
    LoopingCall loop(note());
    begin(loop, 1s, false);
    clock_.advance(999ms);
    EXPECT_THAT(calls_, IsEmpty());
    clock_.advance(1ms);
    EXPECT_THAT(calls_, ElementsAre(1000));
}

TEST_F(LoopingCallTest, aCallThatTakesTooLongSkipsMomentsAndTheOneItEndsAt) {
    LoopingCall loop(takeFirst(2s));
    begin(loop, 500ms);
    clock_.advance(499ms);
    EXPECT_THAT(calls_, ElementsAre(0)) << "what was missed is not made up for";
    clock_.advance(1ms);
    EXPECT_THAT(calls_, ElementsAre(0, 2500));
}

TEST_F(LoopingCallTest, aCallThatEndsBetweenMomentsIsFollowedByTheNextOne) {
    LoopingCall loop(takeFirst(1300ms));
    begin(loop, 500ms);
    clock_.advance(200ms);
    EXPECT_THAT(calls_, ElementsAre(0, 1500));
}

TEST_F(LoopingCallTest, aLateReactorDoesNotMoveTheMoments) {
    LoopingCall loop(note());
    begin(loop, 1s);
    clock_.advance(3700ms);
    EXPECT_THAT(calls_, ElementsAre(0, 3700));
    clock_.advance(300ms);
    EXPECT_THAT(calls_, ElementsAre(0, 3700, 4000));
}

TEST_F(LoopingCallTest, anIntervalOfZeroCallsAsSoonAsTheClockIsAsked) {
    LoopingCall loop([this] {
        note()();
        if (calls_.size() == 4) clock_.callLater(0s, [this] { done_.cancel(); });
    });
    begin(loop, 0s);
    EXPECT_EQ(calls_.size(), 1u);
    clock_.advance(0s);
    EXPECT_EQ(calls_.size(), 4u);
}

TEST_F(LoopingCallTest, theNextCallWaitsForTheDeferredAndKeepsToTheMoments) {
    LoopingCall loop(notePending());
    begin(loop, 1s);
    clock_.advance(2500ms);
    EXPECT_THAT(calls_, ElementsAre(0));
    pending_.callback();
    EXPECT_THAT(calls_, ElementsAre(0));
    clock_.advance(500ms);
    EXPECT_THAT(calls_, ElementsAre(0, 3000));
    pending_.callback();
}

Task<int> napping(Clock& clock, std::vector<long>& calls) {
    calls.push_back((clock.now() - Time()) / 1ms);
    co_await sleepFor(300ms, clock);
    co_return 7;
}

TEST_F(LoopingCallTest, theNextCallWaitsForTheTask) {
    LoopingCall loop(&napping, std::ref(clock_), std::ref(calls_));
    begin(loop, 200ms);
    clock_.pump({200ms, 100ms, 100ms});
    EXPECT_THAT(calls_, ElementsAre(0, 400));
    loop.stop();
    EXPECT_EQ(end_, "");
    clock_.advance(300ms);
    EXPECT_EQ(end_, "stopped");
}

TEST_F(LoopingCallTest, itsArgumentsAreTheSameInEveryCall) {
    std::vector<std::string> said;
    LoopingCall loop([&said](const std::string& word) { said.push_back(word); },
                     std::string("tick"));
    begin(loop, 1s);
    clock_.advance(1s);
    EXPECT_THAT(said, ElementsAre("tick", "tick"));
}

TEST_F(LoopingCallTest, stopFiresTheDeferredAtOnceWhenNoCallIsInProgress) {
    LoopingCall loop(note());
    begin(loop, 1s);
    loop.stop();
    EXPECT_EQ(end_, "stopped");
    EXPECT_FALSE(loop.running());
    clock_.advance(5s);
    EXPECT_THAT(calls_, ElementsAre(0));
}

TEST_F(LoopingCallTest, stopDuringACallFiresTheDeferredAtItsEnd) {
    LoopingCall loop(notePending());
    begin(loop, 1s);
    loop.stop();
    EXPECT_FALSE(loop.running());
    EXPECT_EQ(end_, "");
    pending_.callback();
    EXPECT_EQ(end_, "stopped");
}

TEST_F(LoopingCallTest, stopFromWithinTheFunctionEndsTheLoopAfterIt) {
    LoopingCall* self = nullptr;
    LoopingCall loop([&] {
        note()();
        self->stop();
        EXPECT_EQ(end_, "");
    });
    self = &loop;
    begin(loop, 1s);
    EXPECT_EQ(end_, "stopped");
    EXPECT_THAT(calls_, ElementsAre(0));
}

TEST_F(LoopingCallTest, whatTheFunctionThrowsEndsTheLoop) {
    LoopingCall loop([] { throw Boom(); });
    begin(loop, 1s);
    EXPECT_THAT(end_, ::testing::HasSubstr("Boom"));
    EXPECT_FALSE(loop.running());
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
}

TEST_F(LoopingCallTest, whatItsDeferredFailsWithEndsTheLoop) {
    LoopingCall loop(notePending());
    begin(loop, 1s);
    pending_.errback(TimeoutError());
    EXPECT_EQ(end_, "TimeoutError");
    EXPECT_FALSE(loop.running());
}

TEST_F(LoopingCallTest, aFailureAfterStopIsStillTold) {
    LoopingCall loop(notePending());
    begin(loop, 1s);
    loop.stop();
    pending_.errback(TimeoutError());
    EXPECT_EQ(end_, "TimeoutError");
}

TEST_F(LoopingCallTest, isNoLongerRunningWhenItsDeferredFires) {
    LoopingCall loop(note());
    loop.setTime(clock_);
    bool ran = true;
    loop.start(1s).addCallback([&] { ran = loop.running(); });
    loop.stop();
    EXPECT_FALSE(ran);
}

TEST_F(LoopingCallTest, canBeStartedAgainAfterItsEnd) {
    LoopingCall loop(note());
    begin(loop, 1s);
    clock_.advance(250ms);
    loop.stop();
    begin(loop, 2s, false);
    clock_.pump({1s, 1s});
    EXPECT_THAT(calls_, ElementsAre(0, 2250));
}

TEST_F(LoopingCallTest, resetCountsTheMomentsFromNow) {
    LoopingCall loop(note());
    begin(loop, 1s);
    clock_.advance(700ms);
    loop.reset();
    clock_.advance(999ms);
    EXPECT_THAT(calls_, ElementsAre(0));
    clock_.pump({1ms, 1s});
    EXPECT_THAT(calls_, ElementsAre(0, 1700, 2700));
}

TEST_F(LoopingCallTest, resetDuringACallChangesNothing) {
    LoopingCall loop(notePending());
    begin(loop, 1s);
    clock_.advance(300ms);
    loop.reset();
    pending_.callback();
    clock_.advance(700ms);
    EXPECT_THAT(calls_, ElementsAre(0, 1000));
    pending_.callback();
}

TEST_F(LoopingCallTest, countsOneForEachMoment) {
    LoopingCall loop = LoopingCall::withCount(noteCount());
    begin(loop, 1s);
    clock_.pump({1s, 1s});
    EXPECT_THAT(counts_, ElementsAre(1, 1, 1));
}

TEST_F(LoopingCallTest, countsTheMomentsThatWereSkipped) {
    LoopingCall loop = LoopingCall::withCount(noteCount());
    begin(loop, 1s, false);
    clock_.pump({1s, 3500ms, 500ms});
    EXPECT_THAT(counts_, ElementsAre(1, 3, 1));
}

TEST_F(LoopingCallTest, countsAlwaysOneWithAnIntervalOfZero) {
    LoopingCall loop = LoopingCall::withCount(
        [this](std::int64_t count, int extra) {
            counts_.push_back(count * extra);
            if (counts_.size() < 3) return;
            done_.cancel();
        },
        10);
    begin(loop, 0s);
    clock_.advance(5s);
    EXPECT_THAT(counts_, ElementsAre(10, 10, 10));
}

TEST_F(LoopingCallTest, countsNothingThatDidNotCome) {
    // The first call lasts until within the second moment, the origin moves to there.
    LoopingCall loop = LoopingCall::withCount(noteCount());
    begin(loop, 1s);
    clock_.advance(400ms);
    loop.reset();
    clock_.advance(1s);
    EXPECT_THAT(counts_, ElementsAre(1, 1));
}

TEST_F(LoopingCallTest, cancellingItsDeferredEndsTheLoop) {
    LoopingCall loop(note());
    begin(loop, 1s);
    done_.cancel();
    EXPECT_EQ(end_, "CancelledError");
    EXPECT_FALSE(loop.running());
    clock_.advance(5s);
    EXPECT_THAT(calls_, ElementsAre(0));
}

TEST_F(LoopingCallTest, cancellingItsDeferredCancelsTheCallInProgress) {
    LoopingCall loop(notePending());
    begin(loop, 1s);
    done_.cancel();
    EXPECT_TRUE(pending_.called());
    EXPECT_EQ(end_, "CancelledError");
}

TEST_F(LoopingCallTest, cancellingItsDeferredAfterTheEndHasNoEffect) {
    LoopingCall loop(note());
    begin(loop, 1s);
    loop.stop();
    done_.cancel();
    EXPECT_EQ(end_, "stopped");
}

TEST_F(LoopingCallTest, destroyingARunningOneEndsItAndLeavesNothing) {
    {
        LoopingCall loop(note());
        begin(loop, 1s);
    }
    EXPECT_EQ(end_, "CancelledError");
    clock_.advance(5s);
    EXPECT_THAT(calls_, ElementsAre(0));
    EXPECT_THAT(messages(), IsEmpty());
}

TEST_F(LoopingCallTest, itsFunctionMayDestroyIt) {
    std::unique_ptr<LoopingCall> loop;
    loop = std::make_unique<LoopingCall>([&, kept = std::string("kept by the function")] {
        loop.reset();
        EXPECT_EQ(kept, "kept by the function");
        note()();
    });
    begin(*loop, 1s, false);
    clock_.advance(3s);
    EXPECT_THAT(calls_, ElementsAre(3000));
    EXPECT_EQ(end_, "CancelledError");
}

TEST_F(LoopingCallTest, aNegativeIntervalIsRefused) {
    LoopingCall loop(note());
    loop.setTime(clock_);
    EXPECT_THROW(
        {
            try {
                loop.start(-1s);
            } catch (const std::invalid_argument& error) {
                EXPECT_STREQ(error.what(), "interval must be >= 0");
                throw;
            }
        },
        std::invalid_argument);
    EXPECT_FALSE(loop.running());
}

TEST_F(LoopingCallDeath, whatItsStateForbidsEndsTheProcess) {
    Clock clock;
    LoopingCall loop([] {});
    loop.setTime(clock);
    EXPECT_DEATH(loop.stop(), "does not run");
    EXPECT_DEATH(loop.reset(), "does not run");
    loop.start(1s);
    EXPECT_DEATH(loop.start(1s), "start\\(\\) of a LoopingCall");
    loop.stop();
}

TEST_P(LoopingCallReactor, callsInItsReactorsTurnsUntilItIsStopped) {
    run([](Reactor& reactor) -> Task<> {
        std::vector<std::uint64_t> turns;
        LoopingCall* self = nullptr;
        LoopingCall loop([&] {
            turns.push_back(reactor.turns());
            if (turns.size() == 3) self->stop();
        });
        self = &loop;
        co_await loop.start(0s);
        EXPECT_EQ(turns.size(), 3u);
        EXPECT_TRUE(turns[0] < turns[1] && turns[1] < turns[2]);
    });
}

TEST_P(LoopingCallReactor, whoAwaitsItIsCancelledWithTheReactor) {
    int calls = 0;
    std::string end;
    Reactor reactor(options());
    struct Body {
        static Task<> run(int& calls) {
            LoopingCall loop([&] { ++calls; });
            co_await loop.start(1h);
        }
    };
    reactor.callWhenRunning([&] {
        start(Body::run(calls)).addBoth([&](const Result<void>& result) {
            end = result.error().className();
        });
        reactor.stop();
    });
    reactor.run(false);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(end, "CancelledError");
}

INSTANTIATE_TEST_SUITE_P(Drivers, LoopingCallReactor, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
