#pragma once

#include <wring/runtime/detail/call.hpp>
#include <wring/runtime/ref.hpp>
#include <wring/runtime/timer.hpp>
#include <wring/runtime/unique_function.hpp>

#include <utility>
#include <vector>

namespace wring {

/// A function that will be called later.
///
/// Errors    cancel, delay and reset throw AlreadyCancelled or AlreadyCalled once it is too late;
///           the call counts as called before its function runs.
/// Lifetime  dropping the handle does not cancel the call.
/// Source    Twisted: IDelayedCall.
class WRING_API IDelayedCall : public RefCounted {
 public:
    /// When it will run.
    virtual Time getTime() const noexcept = 0;
    /// Whether it has neither begun to run nor been cancelled.
    virtual bool active() const noexcept = 0;
    /// Unschedules it; function and arguments are released.
    virtual void cancel() = 0;
    /// Moves it relative to the time it is scheduled for; `by` may be negative.
    virtual void delay(Duration by) = 0;
    /// Moves it to now + `from`, earlier or later.
    virtual void reset(Duration from) = 0;
};

/// Something that knows the time and can wait: a Reactor, or a Clock that a test moves.
///
/// Source    Twisted: IReactorTime.
class WRING_API IReactorTime {
 public:
    virtual ~IReactorTime() = default;

    /// The present. Twisted: seconds().
    virtual Time now() const noexcept = 0;
    /// Arms an embedded timer for that moment (again, if it is armed).
    virtual void arm(Timer& timer, Time due) = 0;
    /// Disarms an embedded timer; no effect when it is not armed.
    virtual void disarm(Timer& timer) noexcept = 0;
    /// All calls neither run nor cancelled. Twisted: getDelayedCalls().
    virtual std::vector<Ref<IDelayedCall>> getDelayedCalls() const = 0;

    /// Calls `function(args…)` once, `delay` from now: never from within this call, and in a
    /// reactor never in the turn phase that asked for it. Equal times run in order of asking.
    ///
    /// Errors    std::invalid_argument for a negative delay or one that is not a number.
    /// Thread    the reactor's. What the function throws is logged.
    /// Source    Twisted: IReactorTime.callLater.
    template <class Rep, class Period, class F, class... Args>
    Ref<IDelayedCall> callLater(std::chrono::duration<Rep, Period> delay, F function, Args... args) {
        if constexpr (sizeof...(Args) == 0) {
            return schedule(toDelay(delay), std::move(function));
        } else {
            return schedule(toDelay(delay),
                            [function = std::move(function), ... args = std::move(args)]() mutable {
                                detail::call(function, std::move(args)...);
                            });
        }
    }

 protected:
    virtual Ref<IDelayedCall> schedule(Duration delay, UniqueFunction<void()> function) = 0;
};

}  // namespace wring
