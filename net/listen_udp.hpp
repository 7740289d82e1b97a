#pragma once

#include <wring/net/datagram_protocol.hpp>

#include <string>

namespace wring {

/// How a datagram socket is opened. Set by name on an object.
class WRING_API UdpOptions {
 public:
    UdpOptions();
    UdpOptions(const UdpOptions&);
    UdpOptions& operator=(const UdpOptions&);
    ~UdpOptions();

    std::string interface;             ///< a literal address; empty: every one of IPv4
    std::size_t maxPacketSize = 8192;  ///< bytes; what is longer is truncated
    bool listenMultiple = false;       ///< others may share the port, as for multicast
    /// Datagrams of one size and one sender may come from the kernel together, and go to it so,
    /// where it can do that. Costs 64 KiB of memory. Without it datagrams of at most 8,000 bytes
    /// come as the driver has buffers for them, with io_uring many for one call: better for many
    /// senders of small ones.
    bool offload = true;
};

/// Opens a UDP socket, port 0 for any, and serves it by `protocol`.
///
/// Errors    CannotListenError; InvalidAddressError for an interface that is no literal address;
///           what startProtocol() throws, and then nothing stays open.
/// Source    Twisted: IReactorUDP.listenUDP, IReactorMulticast.listenMulticast.
WRING_API Ref<IUDPTransport> listenUDP(Reactor& reactor, std::uint16_t port,
                                       Ref<DatagramProtocol> protocol, UdpOptions options = {});

}  // namespace wring
