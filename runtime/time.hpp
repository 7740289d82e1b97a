#pragma once

#include <chrono>

namespace wring {

/// A length of time. Anything longer than 146 years counts as "never".
using Duration = std::chrono::nanoseconds;

/// A moment of a reactor's (or a Clock's) monotonic time; unrelated to the time of day.
using Time = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// The moment that never comes.
inline constexpr Time never = Time::max();

/// `from` + `delay` without overflow: what lies too far ahead is `never`.
constexpr Time after(Time from, Duration delay) noexcept {
    return delay >= never - from ? never : from + delay;
}

}  // namespace wring
