#pragma once

#include <wring/net/udp_transport.hpp>
#include <wring/runtime/task.hpp>

#include <memory>
#include <span>

namespace wring {

namespace detail {
class DatagramEnd;
}

/// One datagram that came.
class WRING_API Datagram {
 public:
    Datagram(Bytes bytes, Address sender, bool lostItsEnd) noexcept
        : data(std::move(bytes)), from(sender), isTruncated(lostItsEnd) {}

    Bytes data;        ///< may be empty: there are datagrams without bytes
    Address from;      ///< who sent it; of no family if that is a UNIX socket bound nowhere
    bool isTruncated;  ///< it was longer than the socket's maxPacketSize
};

/// A datagram socket for coroutines: see UdpSocket and UNIXDatagramSocket.
///
/// Thread    its reactor's. One receiveFrom() and any number of sendTo() at a time.
/// Lifetime  stays where it is while somebody waits for it; closed when destroyed.
/// Source    Twisted has no counterpart; datagrams as in listenUDP().
class WRING_API DatagramSocket {
 public:
    DatagramSocket(DatagramSocket&& other) noexcept;
    DatagramSocket& operator=(DatagramSocket&& other) noexcept;
    ~DatagramSocket();

    /// The next datagram.
    ///
    /// Errors    ConnectionRefusedError where a connected socket has sent to a port without a
    ///           listener: the socket lives, ask again. CancelledError.
    /// Cancel    one that had come already is given all the same.
    [[nodiscard]] Task<Datagram> receiveFrom();
    /// Sends one datagram, waiting until the kernel has room for it. Over a UNIX socket that is
    /// not connected nobody is told of room with the receiver: it is tried again after 1 ms, and
    /// less and less often.
    ///
    /// Errors    MessageLengthError, InvalidAddressError, ConnectionRefusedError, CancelledError.
    /// Lifetime  `data` stays until the await returns.
    [[nodiscard]] Task<> sendTo(BytesView data, Address to);
    /// Likewise, to the address that connect() was given. Throws UsageError without one.
    [[nodiscard]] Task<> send(BytesView data);
    /// Sends each as a datagram of its own, in order. Those of one size, the last perhaps shorter,
    /// go to the kernel together where it can split them, up to 64 at a time.
    ///
    /// Errors    as of sendTo(); those before the one that failed have been sent.
    [[nodiscard]] Task<> sendManyTo(std::span<const BytesView> datagrams, Address to);
    [[nodiscard]] Task<> sendMany(std::span<const BytesView> datagrams);
    /// Sends and receives with that address only. Throws UsageError the second time.
    void connect(const Address& peer);

    /// Where it is bound.
    Address getHost() const noexcept;
    /// Counters; cheap.
    UdpStats stats() const noexcept;

 protected:
    explicit DatagramSocket(std::unique_ptr<detail::DatagramEnd> end) noexcept;

 private:
    static Task<> sendAll(detail::DatagramEnd* end, std::span<const BytesView> datagrams,
                          bool hasAddress, Address address);
    static Task<> sendOne(detail::DatagramEnd* end, BytesView data, bool hasAddress,
                          Address address);
    detail::DatagramEnd* end_;
};

}  // namespace wring
