#include <wring/runtime/task.hpp>

#include <wring/runtime/outcome.hpp>

#include <gtest/gtest.h>
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace wring {
namespace {

/// A coroutine of somebody else's: starts at once, and whoever made it sees whether it has ended.
struct Foreign {
    struct promise_type {
        Foreign get_return_object() {
            return Foreign{std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { error = std::current_exception(); }
        std::exception_ptr error;
    };
    explicit Foreign(std::coroutine_handle<promise_type> made) : handle(made) {}
    Foreign(const Foreign&) = delete;
    Foreign& operator=(const Foreign&) = delete;
    ~Foreign() { handle.destroy(); }
    void end() const {
        ASSERT_TRUE(handle.done());
        if (handle.promise().error) std::rethrow_exception(handle.promise().error);
    }
    std::coroutine_handle<promise_type> handle;
};

/// Suspends until somebody opens it.
struct Gate {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) noexcept { waiting = handle; }
    void await_resume() const noexcept {}
    void open() { std::exchange(waiting, nullptr).resume(); }
    std::coroutine_handle<> waiting;
};

Task<int> number(int value) { co_return value; }
Task<int> fails(const char* text) {
    throw std::runtime_error(text);
    co_return 0;
}
Task<int> throughGate(Gate& gate, int value) {
    co_await gate;
    co_return value;
}

template <class T>
Foreign drive(Task<T> task, std::optional<Result<T>>& result) {
    result.emplace(co_await outcome(std::move(task)));
}

template <class T>
Result<T> resultOf(Task<T> task) {
    std::optional<Result<T>> result;
    Foreign driver = drive(std::move(task), result);
    driver.end();
    return std::move(*result);
}

struct TaskTest : ::testing::Test {
    void SetUp() override { blocksBefore_ = detail::poolBlocksInUse(); }
    void TearDown() override { EXPECT_EQ(detail::poolBlocksInUse(), blocksBefore_); }
    long blocksBefore_ = 0;
};

TEST_F(TaskTest, doesNothingUntilAwaited) {
    bool began = false;
    struct Body {
        static Task<> run(bool& began) {
            began = true;
            co_return;
        }
    };
    { Task<> task = Body::run(began); }
    EXPECT_FALSE(began);
    EXPECT_TRUE(resultOf(Body::run(began)));
    EXPECT_TRUE(began);
}

TEST_F(TaskTest, givesItsValue) {
    EXPECT_EQ(*resultOf(number(7)), 7);
    struct Body {
        static Task<int> sum() { co_return co_await number(3) + co_await number(4); }
    };
    EXPECT_EQ(*resultOf(Body::sum()), 7);
}

TEST_F(TaskTest, givesWhatCannotBeCopied) {
    struct Body {
        static Task<std::unique_ptr<int>> make() { co_return std::make_unique<int>(5); }
        static Task<int> use() {
            std::unique_ptr<int> made = co_await make();
            co_return *made;
        }
    };
    EXPECT_EQ(*resultOf(Body::use()), 5);
}

TEST_F(TaskTest, theAwaitThrowsWhatTheBodyThrew) {
    struct Body {
        static Task<std::string> catches() {
            std::string text;
            try {
                co_await fails("boom");
            } catch (const std::runtime_error& error) {
                text = error.what();
            }
            co_return text;
        }
        static Task<int> passes() { co_return co_await fails("through"); }
    };
    EXPECT_EQ(*resultOf(Body::catches()), "boom");
    EXPECT_EQ(resultOf(Body::passes()).error().getErrorMessage(), "through");
}

TEST_F(TaskTest, outcomeGivesTheFailureAsAValue) {
    struct Body {
        static Task<std::string> look() {
            Result<int> well = co_await outcome(number(1));
            Result<int> badly = co_await outcome(fails("boom"));
            co_return std::to_string(*well) + badly.error().getErrorMessage();
        }
    };
    EXPECT_EQ(*resultOf(Body::look()), "1boom");
}

TEST_F(TaskTest, aBodyMayReturnAFailureOrAResult) {
    struct Body {
        static Task<int> failure() { co_return Failure::of<TimeoutError>(); }
        static Task<int> result(bool well) {
            Result<int> chosen = Failure::of<TimeoutError>();
            if (well) chosen = 3;
            co_return chosen;
        }
    };
    EXPECT_TRUE(resultOf(Body::failure()).error().check<TimeoutError>());
    EXPECT_TRUE(resultOf(Body::result(false)).error().check<TimeoutError>());
    EXPECT_EQ(*resultOf(Body::result(true)), 3);
}

TEST_F(TaskTest, aTaskThatSuspendsResumesWhoAwaitsIt) {
    Gate gate;
    std::optional<Result<int>> result;
    Foreign driver = drive(throughGate(gate, 9), result);
    EXPECT_FALSE(result);
    gate.open();
    driver.end();
    EXPECT_EQ(**result, 9);
}

TEST_F(TaskTest, argumentsLiveAsLongAsTheTask) {
    auto token = std::make_shared<int>(1);
    struct Body {
        static Task<long> count(std::shared_ptr<int> held) { co_return held.use_count(); }
    };
    {
        Task<long> task = Body::count(token);
        EXPECT_EQ(token.use_count(), 2);
        Task<long> moved = std::move(task);
        EXPECT_EQ(token.use_count(), 2);
    }
    EXPECT_EQ(token.use_count(), 1) << "a task that was never awaited frees what it holds";
    EXPECT_EQ(*resultOf(Body::count(token)), 2);
    EXPECT_EQ(token.use_count(), 1);
}

TEST_F(TaskTest, awaitsOfTasksThatEndAtOnceDoNotGrowTheStackSlow) {
    struct Body {
        static Task<int> leaf(int i, std::uintptr_t& lowest) {
            lowest = std::min(lowest, reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
            co_return i & 1;
        }
        static Task<long> loop(int count, std::uintptr_t& lowest, std::uintptr_t& first) {
            long sum = 0;
            for (int i = 0; i < count; ++i) {
                sum += co_await leaf(i, lowest);
                if (i == 0) first = lowest;
            }
            co_return sum;
        }
    };
    std::uintptr_t lowest = ~std::uintptr_t{0}, first = 0;
    EXPECT_EQ(*resultOf(Body::loop(1'000'000, lowest, first)), 500'000);
    EXPECT_LT(first - lowest, 4096u);
}

TEST_F(TaskTest, tasksThatSuspendEachTimeDoNotGrowTheStackEither) {
    struct Body {
        static Task<long> loop(Gate& gate, int count) {
            long sum = 0;
            for (int i = 0; i < count; ++i) sum += co_await throughGate(gate, 1);
            co_return sum;
        }
    };
    Gate gate;
    std::optional<Result<long>> result;
    Foreign driver = drive(Body::loop(gate, 50'000), result);
    while (gate.waiting) gate.open();
    driver.end();
    EXPECT_EQ(**result, 50'000);
}

TEST(TaskDeathTest, aTaskIsAwaitedOnce) {
    struct Body {
        static Task<> twice() {
            Task<int> task = number(1);
            co_await std::move(task);
            co_await std::move(task);  // NOLINT: that is the mistake
        }
        static Task<> moved() {
            Task<int> task = number(1);
            Task<int> other = std::move(task);
            co_await std::move(task);  // NOLINT
        }
    };
    EXPECT_DEATH((void)resultOf(Body::twice()), "a Task is awaited once");
    EXPECT_DEATH((void)resultOf(Body::moved()), "a Task is awaited once");
}

}  // namespace
}  // namespace wring
