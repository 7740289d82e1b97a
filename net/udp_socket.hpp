#pragma once

#include <wring/net/listen_udp.hpp>
#include <wring/runtime/task.hpp>

namespace wring {

namespace detail {
class UdpEnd;
}

/// One datagram that came.
class WRING_API Datagram {
 public:
    Datagram(Bytes bytes, Address sender, bool lostItsEnd) noexcept
        : data(std::move(bytes)), from(sender), isTruncated(lostItsEnd) {}

    Bytes data;        ///< may be empty: there are datagrams without bytes
    Address from;      ///< who sent it
    bool isTruncated;  ///< it was longer than UdpOptions::maxPacketSize
};

/// A UDP socket for coroutines.
///
/// Thread    its reactor's. One receiveFrom() and any number of sendTo() at a time.
/// Lifetime  stays where it is while somebody waits for it; closed when destroyed.
/// Source    Twisted has no counterpart; datagrams as in listenUDP().
class WRING_API UdpSocket {
 public:
    /// Opens one, port 0 for any. Throws CannotListenError, InvalidAddressError.
    UdpSocket(Reactor& reactor, std::uint16_t port, const UdpOptions& options = {});
    UdpSocket(UdpSocket&& other) noexcept;
    UdpSocket& operator=(UdpSocket&& other) noexcept;
    ~UdpSocket();

    /// The next datagram.
    ///
    /// Errors    ConnectionRefusedError where a connected socket has sent to a port without a
    ///           listener: the socket lives, ask again. CancelledError.
    /// Cancel    one that had come already is given all the same.
    [[nodiscard]] Task<Datagram> receiveFrom();
    /// Sends one datagram, waiting until the kernel has room for it.
    ///
    /// Errors    MessageLengthError, InvalidAddressError, ConnectionRefusedError, CancelledError.
    /// Lifetime  `data` stays until the await returns.
    [[nodiscard]] Task<> sendTo(BytesView data, Address to);
    /// Likewise, to the address that connect() was given. Throws UsageError without one.
    [[nodiscard]] Task<> send(BytesView data);
    /// Sends and receives with that address only. Throws UsageError the second time.
    void connect(const Address& peer);

    /// Where it is bound.
    Address getHost() const noexcept;
    /// Counters; cheap.
    UdpStats stats() const noexcept;

 private:
    static Task<> sendWith(detail::UdpEnd* end, BytesView data, const Address* to, Address copy);
    detail::UdpEnd* end_;
};

}  // namespace wring
