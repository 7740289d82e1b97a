#pragma once

#include <wring/runtime/api.hpp>

#include <chrono>
#include <type_traits>

namespace wring {

/// A length of time. Anything longer than 146 years counts as "never".
using Duration = std::chrono::nanoseconds;

/// A moment of a reactor's (or a Clock's) monotonic time; unrelated to the time of day.
using Time = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// The moment that never comes.
inline constexpr Time never = Time::max();

/// `from` + `delay` without overflow: what lies too far ahead is `never`. `delay` >= 0.
constexpr Time after(Time from, Duration delay) noexcept {
    Duration left = never.time_since_epoch() - (from.time_since_epoch() > Duration::zero()
                                                    ? from.time_since_epoch()
                                                    : Duration::zero());
    return delay >= left ? never : from + delay;
}

namespace detail {
/// Throws std::invalid_argument: a delay that is no number, or lies in the past.
[[noreturn]] WRING_API void refuseDelay(const char* why);
}  // namespace detail

/// Any chrono duration as a delay: what is too long becomes Duration::max(); a negative one and
/// "not a number" throw std::invalid_argument.
template <class Rep, class Period>
constexpr Duration toDelay(std::chrono::duration<Rep, Period> length) {
    using Wide = std::chrono::duration<long double, std::nano>;
    if constexpr (std::is_floating_point_v<Rep>) {
        if (length.count() != length.count()) detail::refuseDelay("the delay is not a number");
    }
    if (length.count() < 0) detail::refuseDelay("the delay is negative");
    if (std::chrono::duration_cast<Wide>(length) >= Wide(Duration::max())) return Duration::max();
    return std::chrono::duration_cast<Duration>(length);
}

}  // namespace wring
