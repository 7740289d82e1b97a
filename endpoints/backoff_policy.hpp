#pragma once

#include <wring/runtime/time.hpp>
#include <wring/runtime/unique_function.hpp>

namespace wring {

/// How long to wait after that many failures in a row: 1, 2, …
using RetryPolicy = UniqueFunction<Duration(unsigned failures)>;

/// Waits `initialDelay` times `factor` to the power of the failures, 100 at most, but no longer
/// than `maxDelay`, and then as long as `jitter()` says; without one, anything less than a second.
/// With the defaults the first wait is 1.5 to 2.5 s.
///
/// Source    Twisted: internet.backoffPolicy.
WRING_API RetryPolicy backoffPolicy(Duration initialDelay = std::chrono::seconds(1),
                                    Duration maxDelay = std::chrono::seconds(60),
                                    double factor = 1.5,
                                    UniqueFunction<Duration()> jitter = nullptr);

}  // namespace wring
