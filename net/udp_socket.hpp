#pragma once

#include <wring/net/datagram_socket.hpp>
#include <wring/net/listen_udp.hpp>

namespace wring {

/// A UDP socket for coroutines.
class WRING_API UdpSocket final : public DatagramSocket {
 public:
    /// Opens one, port 0 for any. Throws CannotListenError, InvalidAddressError.
    UdpSocket(Reactor& reactor, std::uint16_t port, const UdpOptions& options = {});
};

}  // namespace wring
