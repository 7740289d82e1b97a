#pragma once

#include <wring/net/socket.hpp>
#include <wring/runtime/task.hpp>

#include <optional>

namespace wring {

/// Connects to `remote`, over TCP or to a UNIX socket, from `local` if given: one attempt. At a
/// UNIX socket that has too many waiting already it queues up.
///
/// Errors    ConnectError and its subclasses; CancelledError.
/// Cancel    nothing stays open. A connection that was made all the same is given.
/// Source    connect(2).
[[nodiscard]] WRING_API Task<Socket> connectSocket(Reactor& reactor, Address remote,
                                                   std::optional<Address> local = {});

}  // namespace wring
