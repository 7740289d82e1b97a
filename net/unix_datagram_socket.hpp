#pragma once

#include <wring/net/datagram_socket.hpp>
#include <wring/net/unix_datagram.hpp>

namespace wring {

/// A UNIX datagram socket for coroutines.
class WRING_API UNIXDatagramSocket final : public DatagramSocket {
 public:
    /// Opens one at `path`, a NUL and a name for the abstract namespace; empty: bound nowhere, to
    /// send only. Its file goes with it. Throws CannotListenError.
    UNIXDatagramSocket(Reactor& reactor, const std::string& path,
                       const UNIXDatagramOptions& options = {});
};

}  // namespace wring
