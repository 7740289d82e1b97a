#pragma once

#include <wring/deferred/detail/invoke.hpp>
#include <wring/runtime/reactor_time.hpp>

namespace wring {

namespace detail {
/// Fires when `delay` has passed; cancelling it cancels the delayed call.
WRING_API Deferred<> fireLater(IReactorTime& time, Duration delay);
}  // namespace detail

/// Fires with nothing, `delay` from now.
///
/// Errors    std::invalid_argument, thrown, for a negative delay or one that is not a number.
/// Cancel    fails with CancelledError; nothing stays scheduled.
/// Source    Twisted: task.deferLater.
template <class Rep, class Period>
Deferred<> deferLater(IReactorTime& time, std::chrono::duration<Rep, Period> delay) {
    return detail::fireLater(time, toDelay(delay));
}

/// Calls `function(args…)` `delay` from now and fires with what that returns, or what the Deferred
/// or Task that it returns leads to.
///
/// Errors    what the function fails with; as above.
/// Cancel    before the call: it is never made. After it: cancels what it returned.
template <class Rep, class Period, class F, class... Args>
auto deferLater(IReactorTime& time, std::chrono::duration<Rep, Period> delay, F function,
                Args... args) {
    return deferLater(time, delay)
        .addCallback([function = std::move(function), ... args = std::move(args)]() mutable {
            return detail::invokeOnce(std::move(function), std::move(args)...);
        });
}

}  // namespace wring
