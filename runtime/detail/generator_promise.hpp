#pragma once

#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/wait.hpp>
#include <wring/runtime/failure.hpp>
#include <wring/runtime/result.hpp>

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

namespace wring {

template <class T>
class AsyncGenerator;

namespace detail {

/// What a generator's promise keeps besides the item.
struct GeneratorPromiseBase : PromiseBase {
    /// Set while somebody waits for the next stop, at a co_yield or at the end.
    bool isWaitedFor = false;
    /// Set while that one is still inside its await_suspend, as with a task.
    bool isRunningInline = false;
    bool hasBegun = false;
    /// From close() on every co_yield throws.
    bool isClosing = false;
    std::optional<Failure> failure;

    /// Closed before it began: it never will.
    bool isUnbegun() const noexcept { return isClosing && !hasBegun; }

    /// What a body that was told to end ended with; that it was told to is no failure.
    Result<void> takeEnd() noexcept {
        std::optional<Failure> end = std::exchange(failure, std::nullopt);
        if (end && !end->check<CancelledError>()) return *end;
        return {};
    }

    std::suspend_always initial_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { failure = Failure::current(); }

    /// The body stops here, until somebody wants it to go on.
    struct Stop {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
            GeneratorPromiseBase& promise = self.promise();
            promise.isWaitedFor = false;
            if (promise.isRunningInline) return std::noop_coroutine();
            return promise.continuation;
        }
        void await_resume() const noexcept {}
    };
    Stop final_suspend() const noexcept { return {}; }

    /// At a co_yield.
    struct Yield : Stop {
        explicit Yield(GeneratorPromiseBase& owner) noexcept : promise(owner) {}
        bool await_ready() const noexcept { return promise.isClosing; }
        void await_resume() const {
            if (promise.isClosing) throw CancelledError();
        }
        GeneratorPromiseBase& promise;
    };

    /// Lets the body run to its next stop as part of whoever awaits that. False when it has got
    /// there already.
    template <class Body, class Promise>
    static bool advance(std::coroutine_handle<Body> body,
                        std::coroutine_handle<Promise> parent) noexcept {
        GeneratorPromiseBase& promise = body.promise();
        WRING_ASSERT(!promise.isWaitedFor, "an AsyncGenerator is asked for one item at a time");
        promise.continuation = parent;
        promise.fiber = fiberOf(parent.promise());
        promise.hasBegun = true;
        promise.isWaitedFor = true;
        promise.isRunningInline = true;
        body.resume();
        promise.isRunningInline = false;
        return promise.isWaitedFor;
    }
};

template <class T>
struct GeneratorPromise : GeneratorPromiseBase {
    AsyncGenerator<T> get_return_object() noexcept;
    template <class U = T>
        requires std::is_constructible_v<T, U&&>
    Yield yield_value(U&& value) {
        if (!isClosing) item.emplace(std::forward<U>(value));
        return Yield(*this);
    }
    std::optional<T> item;
};

}  // namespace detail

}  // namespace wring
