#pragma once

#include <wring/runtime/detail/fiber.hpp>
#include <wring/runtime/time.hpp>

namespace wring::detail {

/// What runs, as a tree of tasks and the groups that they own, a line each: where it was written,
/// what it waits for and since when. The oldest come first.
WRING_API std::string dumpTasks(const FiberList& fibers, Time now);

/// A duration in seconds, to the millisecond.
WRING_API std::string secondsText(Duration duration);

}  // namespace wring::detail
