#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/threads.hpp>

#include <atomic>
#include <numeric>
#include <thread>

namespace wring {
namespace {

constexpr unsigned threads = 8;

/// Threads that call into one reactor, and what arrives there.
class CallFromThreadStress : public testing::ReactorTest {
 protected:
    struct Caller {
        std::uint64_t accepted = 0;  // the thread's
        std::uint64_t refused = 0;
        std::uint64_t next = 0;  // the reactor's: the number of the next call of this thread
        std::thread thread;
    };

    /// Starts the threads: each makes `perThread` calls.
    void startCallers(Reactor& reactor, std::uint64_t perThread) {
        for (Caller& each : callers_) {
            each.thread = std::thread([this, &reactor, &each, perThread] {
                for (std::uint64_t i = 0; i < perThread; ++i) {
                    // Refused are the last ones: the numbers of those that arrive have no gap.
                    bool isTaken = reactor.callFromThread([this, &each, i] { arrived(each, i); });
                    ++(isTaken ? each.accepted : each.refused);
                }
            });
        }
    }
    void joinCallers() {
        for (Caller& each : callers_) each.thread.join();
    }
    void arrived(Caller& caller, std::uint64_t number) {
        if (caller.next != number) isInOrder_ = false;
        caller.next = number + 1;
        if (++arrived_ == stopAt_) reactor_->requestStop();
    }
    std::uint64_t sum(std::uint64_t Caller::*member) const {
        return std::accumulate(
            callers_.begin(), callers_.end(), std::uint64_t{0},
            [&](std::uint64_t all, const Caller& each) { return all + each.*member; });
    }
    /// Runs the reactor, stopped by the call of that number, among threads that make so many calls.
    void runAmongCallers(std::uint64_t perThread, std::uint64_t stopAt) {
        stopAt_ = stopAt;
        reactor_ = std::make_unique<Reactor>(options());
        reactor_->callWhenRunning([&] { startCallers(*reactor_, perThread); });
        reactor_->run(false);
        joinCallers();
        EXPECT_TRUE(isInOrder_);
        EXPECT_EQ(sum(&Caller::accepted) + sum(&Caller::refused), threads * perThread);
        EXPECT_EQ(arrived_, sum(&Caller::accepted));
        for (const Caller& each : callers_) EXPECT_EQ(each.next, each.accepted);
    }

    std::array<Caller, threads> callers_;
    std::uint64_t arrived_ = 0;
    std::uint64_t stopAt_ = 0;
    bool isInOrder_ = true;
    std::unique_ptr<Reactor> reactor_;
};

TEST_P(CallFromThreadStress, eachOfTenMillionCallsRunsOnceAndInOrderSlow) {
    constexpr std::uint64_t perThread = 1'250'000;
    runAmongCallers(perThread, threads * perThread);
    EXPECT_EQ(arrived_, threads * perThread);
}

TEST_P(CallFromThreadStress, whatIsTakenAroundAStopRunsAndTheRestIsRefusedSlow) {
    runAmongCallers(200'000, 100'000);
    EXPECT_GE(arrived_, 100'000u);
}

TEST_P(CallFromThreadStress, aThreadPoolTakesAndGivesManyCallsSlow) {
    constexpr std::uint64_t each = 20'000;
    std::uint64_t returned = 0;
    reactor_ = std::make_unique<Reactor>(options());
    Reactor& reactor = *reactor_;
    reactor.callWhenRunning([&] {
        for (std::uint64_t i = 0; i < each; ++i) {
            reactor.callInThread([&] {
                reactor.callFromThread([&] {
                    if (++returned == each) reactor.requestStop();
                });
            });
        }
    });
    reactor.run(false);
    EXPECT_EQ(returned, each);
}

INSTANTIATE_TEST_SUITE_P(Drivers, CallFromThreadStress, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
