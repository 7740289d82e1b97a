#pragma once

#include <wring/runtime/task.hpp>

namespace wring {

class Stream;

/// Copies what comes from each of two streams to the other until both have ended. The end of one
/// is told to the other by shutdownSend(), so that answers still come through; one that takes
/// nothing keeps the other from sending more.
///
/// Errors    the first that a read or a write meets; the other direction has been cancelled then.
///           Neither stream is closed.
/// Cancel    cancels both directions.
/// Lifetime  both stay where they are until the await returns.
[[nodiscard]] WRING_API Task<> relay(Stream& one, Stream& other);

}  // namespace wring
