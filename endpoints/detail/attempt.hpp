#pragma once

#include <wring/endpoints/interfaces.hpp>
#include <wring/runtime/task.hpp>

#include <string>

namespace wring::detail {

/// What every connecting endpoint does with its own way of getting a socket: `socket` is to be
/// had within `limit`, and its failures get the names that connecting has for them, with
/// `destination` in the text.
Task<Socket> attemptInTime(Reactor& reactor, Task<Socket> socket, Duration limit,
                           std::string destination);

/// Connects what `factory` builds to the socket. The factory is in use from now until the attempt
/// has failed or the connection is lost.
Deferred<Ref<IProtocol>> connectFactory(Task<Socket> socket, Ref<IFactory> factory);

/// Makes a stream of the socket.
Deferred<Stream> connectAsStream(Task<Socket> socket);

}  // namespace wring::detail
