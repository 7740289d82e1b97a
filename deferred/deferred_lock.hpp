#pragma once

#include <wring/deferred/detail/run_holding.hpp>

#include <utility>

namespace wring {

/// At most one at a time has it; others wait for their turn, first come first served.
///
///     Held held = co_await lock.acquire();   // until the end of the block
///
/// Thread    one reactor's: it keeps coroutines apart, not threads.
/// Lifetime  may be destroyed while it is held or waited for: as long as somebody holds it, those
///           who wait get their turns. When nobody can give it back any more, they fail with
///           CancelledError.
/// Source    Twisted: defer.DeferredLock.
class WRING_API DeferredLock {
 public:
    DeferredLock();
    DeferredLock(const DeferredLock&) = delete;
    DeferredLock& operator=(const DeferredLock&) = delete;

    /// Gives the lock: at once when it is free, else when those who came before have had it. The
    /// lock is free again when the Held ends; one that lies in a Deferred that nobody awaits ends
    /// with the last handle of that.
    ///
    /// Errors    CancelledError.
    /// Cancel    who waits leaves the queue; no effect on who has got the lock.
    [[nodiscard]] Deferred<Held> acquire() { return tokens_->acquire(); }
    /// The lock if it is free, else a Held that holds nothing.
    [[nodiscard]] Held tryAcquire() noexcept { return tokens_->tryAcquire(); }

    /// Gives back a lock whose Held was told to detach(); any other has its guard to do that, and
    /// this asserts. The first who waits has the lock and goes on before this returns; the lock
    /// stays locked throughout. Called by one who is just being handed the lock, this returns
    /// first: the next in the queue go on one after the other, not one within the other.
    void release() noexcept;

    /// Runs function(args…), which returns a value, nothing, a Task or a Deferred, while having
    /// the lock; gives its result. The lock is free again before the result is told.
    ///
    /// Errors    CancelledError, and what the function fails with.
    /// Cancel    who waits leaves the queue and runs nothing; afterwards, the function's work.
    template <class F, class... Args>
    auto run(F function, Args... args) {
        return detail::runHolding(acquire(), std::move(function), std::move(args)...);
    }

    /// Whether somebody has it.
    bool locked() const noexcept { return tokens_->free() == 0; }

 private:
    Ref<detail::Tokens> tokens_;
};

}  // namespace wring
