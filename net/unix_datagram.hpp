#pragma once

#include <wring/net/datagram_protocol.hpp>

#include <string>

namespace wring {

/// How a UNIX datagram socket is opened. Set by name on an object.
class WRING_API UNIXDatagramOptions {
 public:
    UNIXDatagramOptions();
    UNIXDatagramOptions(const UNIXDatagramOptions&);
    UNIXDatagramOptions& operator=(const UNIXDatagramOptions&);
    ~UNIXDatagramOptions();

    std::size_t maxPacketSize = 8192;  ///< bytes; what is longer is truncated
    unsigned mode = 0666;              ///< of the file: who may send to it, whatever the umask says
    /// Where a socket that is connected is bound itself; empty: nowhere, and nobody can answer.
    std::string bindAddress;
};

/// Opens a UNIX datagram socket at `path`, a NUL and a name for the abstract namespace, and serves
/// it by `protocol`. Its transport is as that of UDP: paths are Addresses, of no family that of a
/// sender who is bound nowhere; what is for IP alone throws UsageError. A datagram that a full
/// receiver has no room for is dropped and counted.
///
/// The file never has a wider mode than asked for, and goes when the port closes, if it still is
/// the one that was made.
/// Errors    CannotListenError; what startProtocol() throws, and then nothing stays open. A write()
///           to where nobody is throws ConnectionRefusedError, or Error for ENOENT.
/// Source    Twisted: IReactorUNIXDatagram.listenUNIXDatagram, which sets the mode after binding
///           and leaves the file.
WRING_API Ref<IUDPTransport> listenUNIXDatagram(Reactor& reactor, const std::string& path,
                                                Ref<DatagramProtocol> protocol,
                                                UNIXDatagramOptions options = {});

/// A protocol that has one peer.
///
/// Source    Twisted: protocol.ConnectedDatagramProtocol.
class WRING_API ConnectedDatagramProtocol : public DatagramProtocol {
 public:
    using DatagramProtocol::datagramReceived;
    /// One datagram came; it is lent for the length of the call.
    virtual void datagramReceived(BytesView) {}
    void datagramReceived(BytesView data, const Address&) final { datagramReceived(data); }
    /// There is nobody at that path, or the socket could not be opened: nothing else will come.
    virtual void connectionFailed(const Failure&) {}
};

/// Opens a UNIX datagram socket that talks to the one at `path`, served by `protocol`, whose
/// connectionRefused() tells that nobody is there any more. A failure is told by
/// connectionFailed() before this returns; the transport is a closed one then.
///
/// Errors    what startProtocol() or connectionFailed() throws.
/// Source    Twisted: IReactorUNIXDatagram.connectUNIXDatagram.
WRING_API Ref<IUDPTransport> connectUNIXDatagram(Reactor& reactor, const std::string& path,
                                                 Ref<ConnectedDatagramProtocol> protocol,
                                                 UNIXDatagramOptions options = {});

}  // namespace wring
