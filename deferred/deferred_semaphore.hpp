#pragma once

#include <wring/deferred/detail/run_holding.hpp>

#include <utility>

namespace wring {

/// A number of tokens; who finds none waits for one, first come first served.
///
/// Thread    one reactor's.
/// Lifetime  may be destroyed while tokens are held or waited for: as long as somebody holds one,
///           those who wait get their turns. When none can come back any more, they fail with
///           CancelledError.
/// Source    Twisted: defer.DeferredSemaphore.
class WRING_API DeferredSemaphore {
 public:
    /// Throws UsageError for less than one token.
    explicit DeferredSemaphore(std::ptrdiff_t tokens);
    DeferredSemaphore(const DeferredSemaphore&) = delete;
    DeferredSemaphore& operator=(const DeferredSemaphore&) = delete;

    /// Gives a token: at once when one is free, else when those who came before have got theirs.
    /// It is free again when the Held ends; one that lies in a Deferred that nobody awaits ends
    /// with the last handle of that.
    ///
    /// Errors    CancelledError.
    /// Cancel    who waits leaves the queue; no effect on who has got a token.
    [[nodiscard]] Deferred<Held> acquire() { return tokens_->acquire(); }
    /// A token if one is free, else a Held that holds nothing.
    [[nodiscard]] Held tryAcquire() noexcept { return tokens_->tryAcquire(); }

    /// Gives back a token whose Held was told to detach(); asserts that there is one. The first
    /// who waits has it and goes on before this returns; called by one who is just being handed
    /// a token, this returns first.
    void release() noexcept;

    /// Runs function(args…), which returns a value, nothing, a Task or a Deferred, while having
    /// a token; gives its result. The token is free again before the result is told.
    ///
    /// Errors    CancelledError, and what the function fails with.
    /// Cancel    who waits leaves the queue and runs nothing; afterwards, the function's work.
    template <class F, class... Args>
    auto run(F function, Args... args) {
        return detail::runHolding(acquire(), std::move(function), std::move(args)...);
    }

    /// How many tokens are free.
    std::ptrdiff_t tokens() const noexcept { return tokens_->free(); }
    /// How many there are in all.
    std::ptrdiff_t limit() const noexcept { return tokens_->limit(); }

 private:
    Ref<detail::Tokens> tokens_;
};

}  // namespace wring
