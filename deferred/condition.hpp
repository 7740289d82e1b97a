#pragma once

#include <wring/deferred/detail/waiter.hpp>
#include <wring/runtime/result.hpp>

namespace wring {

/// Waiting until somebody has changed some state of a program's own:
///
///     while (jobs.empty()) co_await changed.wait();     jobs.push(job);
///     take(jobs);                                       changed.notifyOne();
///
/// There is no lock around it and no wake-up is lost: on one thread nothing runs between the test
/// and the wait, nor between the end of the wait and the next test. The loop is needed, as others
/// that were woken before may have changed the state again.
///
/// Thread    one reactor's.
/// Lifetime  outlives who waits for it; whom it wakes may destroy it.
/// Source    trio.Condition, tokio::sync::Notify; Twisted has nothing like it.
class WRING_API Condition {
 public:
    Condition() = default;
    Condition(const Condition&) = delete;
    Condition& operator=(const Condition&) = delete;
    ~Condition();

    /// Waits until it is notified. See wait().
    class WRING_API Awaiter final : public detail::Waiter {
     public:
        explicit Awaiter(Condition& condition) noexcept : condition_(condition) {}
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
            return enqueue(handle, condition_.waiting_);
        }
        void await_resume() { takeResult().value(); }
        /// How the wait ended, for outcome().
        Result<void> takeResult() noexcept {
            if (isCancelled()) return Failure::of<CancelledError>();
            return {};
        }

     private:
        Condition& condition_;
    };
    /// Waits for the next notification that is this one's turn: `co_await condition.wait()`.
    ///
    /// Errors    CancelledError.
    /// Cancel    leaves the line, and no notification is lost: one that was notified before it was
    ///           cancelled ends well, and makes of it what there is to be made.
    [[nodiscard]] Awaiter wait() noexcept { return Awaiter(*this); }

    /// Wakes the one that has waited longest, if anybody waits; it goes on before this returns.
    /// Called by one that is just being woken, this returns first: those it wakes go on after it.
    void notifyOne() noexcept;
    /// Wakes all who wait now, in the order in which they came, likewise.
    void notifyAll() noexcept;

    /// Whether anybody waits to be notified.
    bool hasWaiters() const noexcept { return !waiting_.empty(); }

 private:
    detail::WaiterList waiting_;
    detail::Resumer resumer_;
};

}  // namespace wring
