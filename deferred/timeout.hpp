#pragma once

#include <wring/deferred/errors.hpp>
#include <wring/deferred/sleep.hpp>
#include <wring/runtime/outcome.hpp>
#include <wring/runtime/task.hpp>

namespace wring {

namespace detail {

/// A region that is cancelled at a deadline.
class WRING_API DeadlineRegion : public CancelRegion, private Timer {
 public:
    DeadlineRegion(Fiber& fiber, IReactorTime& time, Duration limit);
    ~DeadlineRegion() override;
    /// Whether a cancellation felt inside is this deadline's work and nobody else's.
    bool isCause() const noexcept { return isRequested() && !isRequestedOutside(); }

 private:
    static void onDue(Timer& timer) noexcept;
    IReactorTime& time_;
};

/// A region that cancellation from outside reaches only after a limit.
class WRING_API ShieldRegion : public CancelRegion, private Timer {
 public:
    ShieldRegion(Fiber& fiber, IReactorTime& time, Duration limit);
    ~ShieldRegion() override;
    void outerRequested() noexcept override;

 private:
    static void onDue(Timer& timer) noexcept;
    IReactorTime& time_;
    Duration limit_;
    bool isCounting_ = false;
};

template <class A>
using TaskOf = Task<std::remove_cvref_t<AwaitValue<A>>>;

}  // namespace detail

/// Awaits `awaitable`, a Task or a Deferred, for `limit` at most: then everything inside is
/// cancelled, and once that has ended this fails with TimeoutError. A result that came all the
/// same is delivered. Nested deadlines: the earliest counts.
///
/// Errors    TimeoutError, and what the awaitable fails with.
/// Cancel    cancels what is inside.
/// Source    Twisted: Deferred.addTimeout, for a region of code; trio.fail_after.
template <class A>
detail::TaskOf<A&&> withTimeout(Duration limit, A awaitable,
                                IReactorTime& time = detail::currentTime()) {
    detail::Fiber* fiber = co_await detail::CurrentFiber{};
    WRING_ASSERT(fiber, "withTimeout needs a coroutine of wring's around it");
    detail::DeadlineRegion region(*fiber, time, limit);
    auto result = co_await outcome(std::move(awaitable));
    if (!result && region.isCause() && detail::isCancellation(result.error())) {
        result = Failure::of<TimeoutError>();
    }
    if constexpr (std::is_void_v<typename decltype(result)::value_type>) {
        result.value();
    } else {
        co_return std::move(result);
    }
}

/// Awaits `awaitable` untouched by cancellation from outside until `limit` after that was asked
/// for: for the clean-up that has to happen. What is cancelled stays so; the next suspension
/// point outside reports it.
///
/// Errors    what the awaitable fails with; CancelledError inside it when the limit is over.
/// Source    trio.CancelScope(shield=True), with a limit so that shutdown ends.
template <class A>
detail::TaskOf<A&&> shield(Duration limit, A awaitable,
                           IReactorTime& time = detail::currentTime()) {
    detail::Fiber* fiber = co_await detail::CurrentFiber{};
    WRING_ASSERT(fiber, "shield needs a coroutine of wring's around it");
    detail::ShieldRegion region(*fiber, time, limit);
    auto result = co_await outcome(std::move(awaitable));
    if constexpr (std::is_void_v<typename decltype(result)::value_type>) {
        result.value();
    } else {
        co_return std::move(result);
    }
}

}  // namespace wring
