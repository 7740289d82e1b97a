#include <wring/runtime/detail/thread_calls.hpp>

#include <wring/runtime/log.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace wring::detail {
namespace {

using Pushed = ThreadCalls::Pushed;

TEST(ThreadCallsTest, onlyTheFirstPushHasToWakeTheOwner) {
    ThreadCalls calls;
    EXPECT_TRUE(calls.isEmpty());
    EXPECT_EQ(calls.push([] {}), Pushed::first);
    EXPECT_EQ(calls.push([] {}), Pushed::more);
    EXPECT_FALSE(calls.isEmpty());
    EXPECT_EQ(calls.run(), 2u);
    EXPECT_TRUE(calls.isEmpty());
    EXPECT_EQ(calls.run(), 0u);
    EXPECT_EQ(calls.push([] {}), Pushed::first);
}

TEST(ThreadCallsTest, callsRunInTheirOrder) {
    ThreadCalls calls;
    std::vector<int> seen;
    for (int i = 0; i < 10; ++i) calls.push([&seen, i] { seen.push_back(i); });
    calls.run();
    EXPECT_EQ(seen, (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(ThreadCallsTest, whatCallsPushWaitsForTheNextRun) {
    ThreadCalls calls;
    int inner = 0;
    calls.push([&] { calls.push([&] { ++inner; }); });
    EXPECT_EQ(calls.run(), 1u);
    EXPECT_EQ(inner, 0);
    EXPECT_EQ(calls.run(), 1u);
    EXPECT_EQ(inner, 1);
}

TEST(ThreadCallsTest, whatACallThrowsIsLoggedAndTheRestRun) {
    static std::string logged;
    logged.clear();
    LogSink before = setLogSink([](LogLevel, std::string_view message) { logged += message; });
    ThreadCalls calls;
    bool ran = false;
    calls.push([] { throw std::runtime_error("boom"); });
    calls.push([&] { ran = true; });
    EXPECT_EQ(calls.run(), 2u);
    setLogSink(before);
    EXPECT_TRUE(ran);
    EXPECT_NE(logged.find("boom"), std::string::npos);
}

TEST(ThreadCallsTest, closeRunsWhatIsLeftAndRefusesTheRest) {
    ThreadCalls calls;
    int ran = 0;
    calls.push([&] { ++ran; });
    calls.close();
    EXPECT_EQ(ran, 1);
    EXPECT_EQ(calls.push([&] { ++ran; }), Pushed::refused);
    EXPECT_EQ(calls.run(), 0u);
    calls.close();
    EXPECT_EQ(ran, 1);
    calls.open();
    EXPECT_EQ(calls.push([&] { ++ran; }), Pushed::first);
    EXPECT_EQ(calls.run(), 1u);
    EXPECT_EQ(ran, 2);
}

TEST(ThreadCallsTest, callsThatNeverRanAreReleased) {
    auto token = std::make_shared<int>(1);
    {
        ThreadCalls calls;
        calls.push([token] {});
        calls.push([token] {});
        EXPECT_EQ(token.use_count(), 3);
    }
    EXPECT_EQ(token.use_count(), 1);
}

TEST(ThreadCallsTest, eightThreadsLoseNothingAndKeepTheirOrderSlow) {
    constexpr int threads = 8, each = 20'000;
    ThreadCalls calls;
    std::vector<int> next(threads, 0);
    bool isInOrder = true;
    std::vector<std::thread> pushers;
    for (int t = 0; t < threads; ++t) {
        pushers.emplace_back([&, t] {
            for (int i = 0; i < each; ++i) {
                calls.push([&, t, i] {
                    isInOrder = isInOrder && next[static_cast<std::size_t>(t)] == i;
                    next[static_cast<std::size_t>(t)] = i + 1;
                });
            }
        });
    }
    unsigned ran = 0;
    while (ran < threads * each) {
        unsigned now = calls.run();
        if (now == 0) std::this_thread::yield();
        ran += now;
    }
    for (std::thread& pusher : pushers) pusher.join();
    EXPECT_TRUE(isInOrder);
    EXPECT_EQ(next, std::vector<int>(threads, each));
    EXPECT_TRUE(calls.isEmpty());
}

TEST(ThreadCallsTest, closingAmongPushesLosesNoneThatWasTakenSlow) {
    for (int round = 0; round < 8; ++round) {
        ThreadCalls calls;
        std::atomic<int> taken = 0;
        std::atomic<bool> hasBegun = false;
        int ran = 0;
        std::vector<std::thread> pushers;
        for (int t = 0; t < 3; ++t) {
            pushers.emplace_back([&] {
                while (calls.push([&] { ++ran; }) != Pushed::refused) {
                    ++taken;
                    hasBegun = true;
                }
            });
        }
        while (!hasBegun) std::this_thread::yield();
        calls.run();
        calls.close();
        for (std::thread& pusher : pushers) pusher.join();
        ASSERT_EQ(ran, taken) << round;
    }
}

}  // namespace
}  // namespace wring::detail
