#pragma once

#include <wring/runtime/detail/generator_promise.hpp>
#include <wring/runtime/outcome.hpp>
#include <wring/runtime/task.hpp>

#include <optional>

namespace wring {

/// A coroutine that gives any number of values one by one, with `co_yield`, and may `co_await` in
/// between. It runs only while somebody awaits the next one.
///
///     AsyncGenerator<std::string> lines(Stream& from) {
///         while (Bytes chunk = co_await from.read())
///             for (std::string& line : split(chunk)) co_yield std::move(line);
///     }
///     auto all = lines(peer);
///     while (auto line = co_await all.next()) use(*line);
///
/// An item is moved to the one who asked for it; none costs an allocation. `next()` after the end
/// or after a failure gives nothing.
///
/// Errors    what the body throws travels to next(), once.
/// Cancel    the body shares the fate of who awaits next(), which may be different fibers one after
///           the other: every `co_await` in it throws, `co_yield` does not. An item that is there
///           is delivered. A body that ended by that, or by a deadline around next(), has ended.
/// Lifetime  the body's parameters live until the generator is destroyed. Destroying one that has
///           not begun, has ended or stands at a `co_yield` runs the destructors of its locals;
///           await close() where the clean-up waits for something. Destroying one whose next() is
///           awaited ends the process.
/// Source    Python's asynchronous generators; Twisted has none.
template <class T>
class [[nodiscard]] AsyncGenerator {
    static_assert(std::is_object_v<T>, "an AsyncGenerator gives values: yield a pointer instead");

 public:
    using promise_type = detail::GeneratorPromise<T>;
    using value_type = T;

    AsyncGenerator(AsyncGenerator&& other) noexcept
        : handle_(std::exchange(other.handle_, nullptr)) {}
    AsyncGenerator& operator=(AsyncGenerator other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~AsyncGenerator() {
        if (!handle_) return;
        WRING_ASSERT(!handle_.promise().isWaitedFor,
                     "an AsyncGenerator was destroyed while somebody waits for its next item");
        handle_.destroy();
    }

    /// Waits for the next item; can be copied, awaited once.
    class Next {
     public:
        explicit Next(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
        bool await_ready() const noexcept {
            return handle_.done() || handle_.promise().isUnbegun();
        }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> parent) noexcept {
            return promise_type::advance(handle_, parent);
        }
        std::optional<T> await_resume() { return takeResult().value(); }
        /// What came, for outcome().
        Result<std::optional<T>> takeResult() noexcept {
            promise_type& promise = handle_.promise();
            if (promise.failure) return *std::exchange(promise.failure, std::nullopt);
            return std::exchange(promise.item, std::nullopt);
        }

     private:
        std::coroutine_handle<promise_type> handle_;
    };
    /// The next item, or nothing at the end. Runs the body until then.
    [[nodiscard]] Next next() noexcept { return Next(checked()); }

    /// Waits for the end of a body that was told to end.
    class Closing {
     public:
        explicit Closing(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
        bool await_ready() const noexcept {
            handle_.promise().isClosing = true;
            return handle_.done() || handle_.promise().isUnbegun();
        }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> parent) noexcept {
            return promise_type::advance(handle_, parent);
        }
        void await_resume() { takeResult().value(); }
        /// How the body ended, for outcome().
        Result<void> takeResult() noexcept { return handle_.promise().takeEnd(); }

     private:
        std::coroutine_handle<promise_type> handle_;
    };
    /// Ends the body before its end: the `co_yield` where it stands throws CancelledError, and so
    /// does every further one. Unlike in cancelled work, what the body awaits to clean up goes its
    /// usual way. Runs nothing of a body that has not begun; no effect on one that has ended.
    ///
    /// Errors    what the body ends with, but for CancelledError.
    [[nodiscard]] Closing close() noexcept { return Closing(checked()); }

 private:
    friend promise_type;
    explicit AsyncGenerator(std::coroutine_handle<promise_type> handle) noexcept
        : handle_(handle) {}
    std::coroutine_handle<promise_type> checked() const noexcept {
        WRING_ASSERT(handle_, "an AsyncGenerator is not used after it was moved from");
        return handle_;
    }

    std::coroutine_handle<promise_type> handle_;
};

template <class T>
AsyncGenerator<T> detail::GeneratorPromise<T>::get_return_object() noexcept {
    return AsyncGenerator<T>(std::coroutine_handle<GeneratorPromise>::from_promise(*this));
}

/// Calls function(item) for each item of a generator; what it returns is awaited, if that is
/// something to await. If it fails, the generator is closed and the failure rethrown.
///
/// Errors    what the body or the function throws.
/// Cancel    cancels the body or what the function waits for; the body is closed.
/// Source    Python: async for.
template <class T, class F>
Task<> forEach(AsyncGenerator<T> items, F function) {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
    static_assert(std::is_trivially_destructible_v<F>,
                  "GCC before 13 destroys a closure inside a co_await expression twice: pass a "
                  "function, or a lambda that captures nothing that has to be destroyed");
#endif
    std::optional<Failure> failure;
    try {
        while (auto item = co_await items.next()) {
            if constexpr (std::is_void_v<std::invoke_result_t<F&, T>>) {
                function(std::move(*item));
            } else {
                co_await function(std::move(*item));
            }
        }
    } catch (...) {
        failure = Failure::current();
    }
    // Here, because a handler cannot wait. No effect when it was the body that ended.
    auto closed = co_await outcome(items.close());
    if (failure) failure->raise();
    closed.value();
}

}  // namespace wring
