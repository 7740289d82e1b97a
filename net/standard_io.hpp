#pragma once

#include <wring/net/protocol.hpp>

namespace wring {

/// Connects a protocol to two descriptors, this process's input and output unless others are given:
/// pipes, terminals, files, sockets. connectionMade() has run when this returns.
///
/// Shape     the end of the input ends the connection when everything written is out, unless the
///           protocol is IHalfCloseableProtocol; loseWriteConnection() is told when it is out.
/// Errors    what connectionMade() throws. Nobody reads the output any more: a half-closeable
/// protocol
///           gets writeConnectionLost(), any other one loses the connection with ConnectionLost.
///           SIGPIPE is ignored from now on unless it was handled.
/// Lifetime  the descriptors are never closed, and stay blocking if they were; keep them open until
///           connectionLost().
/// Source    Twisted: stdio.StandardIO.
WRING_API Ref<ITransport> standardIO(Reactor& reactor, Ref<IProtocol> protocol, int input = 0,
                                     int output = 1);

}  // namespace wring
