#pragma once

#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/wait.hpp>
#include <wring/runtime/result.hpp>

#include <coroutine>
#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace wring {

template <class T = void>
class Task;

namespace detail {
class RootTask;

/// What a task's promise keeps besides its result.
struct TaskPromiseBase : PromiseBase {
    explicit TaskPromiseBase(const std::source_location& where) noexcept : place(where) {}

    std::source_location place;

    std::suspend_always initial_suspend() const noexcept { return {}; }

    struct Final {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
            std::coroutine_handle<> parent = self.promise().continuation;
            return parent ? parent : std::noop_coroutine();
        }
        void await_resume() const noexcept {}
    };
    Final final_suspend() const noexcept { return {}; }
};

template <class T>
struct TaskPromise : TaskPromiseBase {
    explicit TaskPromise(
        const std::source_location& where = std::source_location::current()) noexcept
        : TaskPromiseBase(where) {}
    Task<T> get_return_object() noexcept;
    void unhandled_exception() noexcept { result.emplace(Failure::current()); }
    template <class U>
    requires std::is_constructible_v<Result<T>, U &&> void return_value(U&& value) {
        result.emplace(std::forward<U>(value));
    }
    T takeValue() { return std::move(*result).value(); }
    std::optional<Result<T>> result;
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
    explicit TaskPromise(
        const std::source_location& where = std::source_location::current()) noexcept
        : TaskPromiseBase(where) {}
    Task<void> get_return_object() noexcept;
    void unhandled_exception() noexcept { error = std::current_exception(); }
    void return_void() const noexcept {}
    void takeValue() const {
        if (error) std::rethrow_exception(error);
    }
    std::exception_ptr error;  // smaller than a Result: every waiting task has one
};

/// The result of a task that has ended.
template <class T>
Result<T> takeResultOf(TaskPromise<T>& promise) noexcept {
    if constexpr (std::is_void_v<T>) {
        if (promise.error) return Failure(std::move(promise.error));
        return {};
    } else {
        return std::move(*promise.result);
    }
}

}  // namespace detail

/// Work that is written as a coroutine and starts when it is awaited, once.
///
/// Errors    `co_await task` rethrows what the body threw; `co_await outcome(task)` gives it as a
///           value. A Task<T> body may also `co_return` a Failure or a Result<T>.
/// Cancel    shares the fate of who awaits it: every suspension point in it throws.
/// Lifetime  the body's parameters live until the Task is destroyed. Destroying a task that was
///           never awaited runs nothing; destroying one that is suspended ends the process.
/// Source    Twisted has no word for it: there every coroutine is started by a Deferred.
template <class T>
class [[nodiscard]] Task {
 public:
    using promise_type = detail::TaskPromise<T>;
    using value_type = T;

    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Task() {
        if (handle_) handle_.destroy();
    }

    /// Waits for the end; see outcome() for the form that does not throw.
    class Awaiter {
     public:
        explicit Awaiter(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
        Awaiter(const Awaiter&) = delete;
        Awaiter& operator=(const Awaiter&) = delete;

        bool await_ready() const noexcept { return false; }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> parent) noexcept {
            return begin(parent, detail::fiberOf(parent.promise()));
        }
        /// Begins it as part of `fiber`; false when it ended at once, else `parent` is resumed at
        /// its end.
        bool begin(std::coroutine_handle<> parent, detail::Fiber* fiber) noexcept {
            promise_type& promise = handle_.promise();
            promise.fiber = fiber;
            handle_.resume();
            // Not before: a task that ends in there returns to here instead of resuming the
            // parent, so that awaits of tasks that end at once do not pile up on the stack, tail
            // calls or not.
            promise.continuation = parent;
            return !handle_.done();
        }
        T await_resume() { return handle_.promise().takeValue(); }
        /// How the task ended, for outcome().
        Result<T> takeResult() noexcept { return detail::takeResultOf(handle_.promise()); }

     private:
        std::coroutine_handle<promise_type> handle_;
    };

    /// Where its coroutine was written, for reports.
    const std::source_location& place() const noexcept { return handle_.promise().place; }

    Awaiter operator co_await() && noexcept {
        WRING_ASSERT(handle_ && !handle_.promise().continuation, "a Task is awaited once");
        return Awaiter(handle_);
    }

 private:
    friend promise_type;
    friend detail::RootTask;
    explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}

    std::coroutine_handle<promise_type> handle_;
};

template <class T>
Task<T> detail::TaskPromise<T>::get_return_object() noexcept {
    return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

inline Task<void> detail::TaskPromise<void>::get_return_object() noexcept {
    return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

}  // namespace wring
