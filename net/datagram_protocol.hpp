#pragma once

#include <wring/net/udp_transport.hpp>

namespace wring {

/// What a datagram socket talks to. startProtocol() first; then any number of the others, one at a
/// time; stopProtocol() last. One protocol may serve several ports: it is started with the first
/// and stopped with the last.
///
/// Errors    what the members throw is logged; the port goes on.
/// Lifetime  the port keeps it until it has closed.
/// Source    Twisted: protocol.DatagramProtocol.
class WRING_API DatagramProtocol : public RefCounted {
 public:
    /// The transport is ready.
    virtual void startProtocol() {}
    /// The last port has closed; there is no transport any more.
    virtual void stopProtocol() {}
    /// One datagram came; it is lent for the length of the call.
    virtual void datagramReceived(BytesView, const Address&) {}
    /// Likewise, but its end is lost: it was longer than the port was told to expect. Twisted makes
    /// no difference, nor does this unless it is overridden.
    virtual void datagramTruncated(BytesView data, const Address& from) {
        datagramReceived(data, from);
    }
    /// Nobody listens where a connected socket has sent to. The port goes on.
    virtual void connectionRefused() {}

    /// The socket: between startProtocol() and stopProtocol(), both ends included and excluded.
    IUDPTransport& transport() const noexcept { return *transport_; }
    bool hasTransport() const noexcept { return transport_.get() != nullptr; }

    /// For ports: one begins to use it by that transport, or has stopped.
    void doStart(Ref<IUDPTransport> transport);
    void doStop();

 private:
    Ref<IUDPTransport> transport_;
    int numPorts_ = 0;
};

}  // namespace wring
