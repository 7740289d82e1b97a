#include <wring/runtime/outcome.hpp>
#include <wring/runtime/task.hpp>

#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>

// Patterns of coroutine code that some compiler got wrong and that the library relies on being
// right: what is made is destroyed, once.

namespace wring {
namespace {

int made = 0;
int destroyed = 0;

/// Counts itself. Its constructors are written out: those that the compiler writes are the ones
/// that GCC 12 copies bit by bit in await expressions.
struct Counted {
    Counted() { ++made; }
    Counted(const Counted& other) : text(other.text) { ++made; }
    Counted(Counted&& other) noexcept : text(std::move(other.text)) { ++made; }
    Counted& operator=(const Counted&) = default;
    Counted& operator=(Counted&&) = default;
    ~Counted() { ++destroyed; }
    std::string text = "a text that is too long for a small string to hold in place";
};

/// As option types are: a user-provided constructor and members that own something.
class Options {
 public:
    Options() {}
    Options& setName(std::string name) {
        name_.text = std::move(name);
        return *this;
    }
    std::size_t size() const { return name_.text.size(); }

 private:
    Counted name_;
};

/// An awaiter that owns something and is made inside the await expression.
class OwningAwaiter {
 public:
    explicit OwningAwaiter(bool suspends) : suspends_(suspends) {}
    OwningAwaiter(const OwningAwaiter&) = delete;
    OwningAwaiter& operator=(const OwningAwaiter&) = delete;
    bool await_ready() const noexcept { return !suspends_; }
    bool await_suspend(std::coroutine_handle<>) const noexcept { return false; }
    Counted await_resume() { return std::move(owned_); }

 private:
    bool suspends_;
    Counted owned_;
};

OwningAwaiter waitFor(bool suspends) { return OwningAwaiter(suspends); }

Task<std::size_t> sizeOf(Options options) { co_return options.size(); }
Task<std::size_t> sizeOf(Counted counted) { co_return counted.text.size(); }
template <class F>
Task<std::size_t> call(F function) {
    co_return function();
}
Task<Counted> makes() { co_return Counted(); }
Task<Counted> throws() {
    Counted local;
    throw local.text.size();
    co_return local;
}
Task<> withoutLocals() { co_return; }

/// The task's result; its frame and everything in it are gone afterwards.
template <class T>
Result<T> resultOf(Task<T> task) {
    struct Driver {
        struct promise_type {
            Driver get_return_object() { return {}; }
            std::suspend_never initial_suspend() noexcept { return {}; }
            std::suspend_never final_suspend() noexcept { return {}; }
            void return_void() noexcept {}
            void unhandled_exception() noexcept { std::terminate(); }
        };
        static Driver run(Task<T> task, std::optional<Result<T>>& into) {
            into.emplace(co_await outcome(std::move(task)));
        }
    };
    std::optional<Result<T>> result;
    Driver::run(std::move(task), result);
    return std::move(*result);
}

struct CanaryTest : ::testing::Test {
    void SetUp() override { made = destroyed = 0; }
    void TearDown() override {
        EXPECT_GT(made, 0);
        EXPECT_EQ(made, destroyed);
    }
};

TEST_F(CanaryTest, anOwningAwaiterThatIsATemporaryIsDestroyedOnce) {
    struct Body {
        static Task<std::size_t> run() {
            std::size_t total = 0;
            for (bool suspends : {false, true}) {
                total += (co_await OwningAwaiter(suspends)).text.size();
                total += (co_await waitFor(suspends)).text.size();
            }
            co_return total;
        }
    };
    EXPECT_EQ(*resultOf(Body::run()), 4 * Counted().text.size());
}

TEST_F(CanaryTest, optionsMadeInTheAwaitExpressionAreDestroyedOnce) {
    struct Body {
        static Task<std::size_t> run() {
            co_return co_await sizeOf(Options().setName("a name that is too long for its place"));
        }
    };
    EXPECT_EQ(*resultOf(Body::run()), 37u);
}

TEST_F(CanaryTest, aNamedLocalThatIsMovedIsDestroyedOnce) {
    struct Body {
        static Task<std::size_t> run() {
            Counted local;
            std::size_t size = co_await sizeOf(std::move(local));
            auto closure = [kept = Counted()] { return kept.text.size(); };
            size += co_await call(std::move(closure));
            co_return size;
        }
    };
    EXPECT_EQ(*resultOf(Body::run()), 2 * Counted().text.size());
}

TEST_F(CanaryTest, aClosureOfReferencesMayBeMadeInTheAwaitExpression) {
    struct Body {
        static Task<std::size_t> run() {
            Counted local;
            co_return co_await call([&] { return local.text.size(); });
        }
    };
    EXPECT_EQ(*resultOf(Body::run()), Counted().text.size());
}

TEST_F(CanaryTest, coroutinesWithoutLocalsWork) {
    Counted one;
    EXPECT_TRUE(resultOf(withoutLocals()));
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(resultOf(withoutLocals()));
}

TEST_F(CanaryTest, resultsAreDestroyedOnceHoweverTheyAreTaken) {
    struct Body {
        static Task<std::size_t> run() {
            Counted named = co_await makes();
            std::size_t total = named.text.size() + (co_await makes()).text.size();
            co_await makes();  // dropped
            Result<Counted> seen = co_await outcome(makes());
            co_return total + seen->text.size();
        }
    };
    EXPECT_EQ(*resultOf(Body::run()), 3 * Counted().text.size());
}

TEST_F(CanaryTest, localsAreDestroyedOnceWhenAnExceptionPasses) {
    struct Body {
        static Task<std::size_t> run() {
            std::size_t caught = 0;
            Counted around;
            try {
                Counted within;
                co_await throws();
            } catch (std::size_t size) {
                caught = size;
            }
            Result<Counted> seen = co_await outcome(throws());
            co_return seen ? 0 : caught;
        }
    };
    EXPECT_EQ(*resultOf(Body::run()), Counted().text.size());
}

TEST_F(CanaryTest, argumentsAndLocalsOfATaskThatNeverRanAreDestroyedOnce) {
    {
        Task<std::size_t> first = sizeOf(Options());
        Task<std::size_t> second = sizeOf(Counted());
        first = std::move(second);
    }
    EXPECT_EQ(made, destroyed);
}

TEST_F(CanaryTest, severalAwaitsInOneExpressionKeepTheirTemporaries) {
    struct Body {
        static Task<std::string> join(std::string a, std::string b) { co_return a + b; }
        static Task<std::string> run() {
            co_return (co_await makes()).text + co_await join((co_await makes()).text, "-end");
        }
    };
    const std::string text = Counted().text;
    EXPECT_EQ(*resultOf(Body::run()), text + text + "-end");
}

TEST_F(CanaryTest, aLoopOfTasksKeepsTheCountsEqual) {
    struct Body {
        static Task<std::size_t> run() {
            std::size_t total = 0;
            for (int i = 0; i < 1000; ++i) total += (co_await makes()).text.size();
            co_return total;
        }
    };
    EXPECT_EQ(*resultOf(Body::run()), 1000 * Counted().text.size());
}

}  // namespace
}  // namespace wring
