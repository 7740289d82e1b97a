#pragma once

#include <wring/runtime/detail/fiber.hpp>
#include <wring/runtime/frame_pool.hpp>

#include <concepts>
#include <coroutine>

namespace wring::detail {

/// Base of the promises of wring's coroutines: where to go on, and the fiber it is part of.
struct PromiseBase : Pooled {
    std::coroutine_handle<> continuation;
    Fiber* fiber = nullptr;
};

/// The fiber that a suspending coroutine is part of; null in a foreign coroutine type, which
/// cannot be cancelled.
template <class Promise>
Fiber* fiberOf([[maybe_unused]] Promise& promise) noexcept {
    if constexpr (std::derived_from<Promise, PromiseBase>) {
        return promise.fiber;
    } else {
        return nullptr;
    }
}

/// `co_await CurrentFiber{}`: the running coroutine's fiber, without suspending.
struct CurrentFiber {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
        fiber = fiberOf(handle.promise());
        return false;
    }
    Fiber* await_resume() const noexcept { return fiber; }
    Fiber* fiber = nullptr;
};

/// `co_await TakePlace(place)`: the running coroutine is reported as the one written there.
class TakePlace {
 public:
    explicit TakePlace(const std::source_location& place) noexcept : place_(place) {}
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
        handle.promise().setPlace(place_);
        return false;
    }
    void await_resume() const noexcept {}

 private:
    std::source_location place_;
};

/// Base of leaf awaiters: keeps who waits and resumes it.
class Wait : public Suspension {
 public:
    Wait() noexcept = default;
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

 protected:
    ~Wait() = default;

    /// Notes the waiting coroutine. False when its fiber is cancelled: then do not wait.
    template <class Promise>
    bool begin(std::coroutine_handle<Promise> handle) noexcept {
        handle_ = handle;
        fiber_ = fiberOf(handle.promise());
        if (!fiber_) return true;
        if (fiber_->isCancelled()) return false;
        fiber_->suspended(*this);
        return true;
    }

    /// After a begin() that gave false: waits all the same, for the end of what was cancelled.
    void suspendAnyway() noexcept { fiber_->suspended(*this); }

    /// Undoes begin() of a wait that turned out not to be one.
    void withdraw() noexcept {
        if (fiber_) fiber_->resumed();
    }

    /// Goes on; `this` may be gone afterwards.
    void resume() noexcept {
        withdraw();
        handle_.resume();
    }

 private:
    std::coroutine_handle<> handle_;
    Fiber* fiber_ = nullptr;
};

}  // namespace wring::detail
