#pragma once

#include <wring/net/detail/datagram_notes.hpp>
#include <wring/net/detail/socket_file.hpp>
#include <wring/net/listen_udp.hpp>
#include <wring/net/unix_datagram.hpp>
#include <wring/runtime/operation.hpp>

#include <sys/socket.h>
#include <array>
#include <memory>

namespace wring::detail {

/// A datagram descriptor, the room for what is being received, and what has been counted. Closed
/// when destroyed, when no operation on it is in flight.
class DatagramEnd {
 public:
    /// Each throws CannotListenError, InvalidAddressError. An empty `path`: it is bound nowhere.
    static std::unique_ptr<DatagramEnd> openUdp(Reactor& reactor, std::uint16_t port,
                                                const UdpOptions& options);
    static std::unique_ptr<DatagramEnd> openUnix(Reactor& reactor, const std::string& path,
                                                 const UNIXDatagramOptions& options);
    DatagramEnd(const DatagramEnd&) = delete;
    DatagramEnd& operator=(const DatagramEnd&) = delete;
    ~DatagramEnd();

    Reactor& reactor() const noexcept { return reactor_; }
    int fd() const noexcept { return fd_; }
    const Address& host() const noexcept { return host_; }
    const Address& peer() const noexcept { return peer_; }
    const UdpStats& stats() const noexcept { return stats_; }
    bool isConnected() const noexcept { return peer_.sockaddrSize() != 0; }
    bool isIPv6() const noexcept { return host_.family() == AddressFamily::ipv6; }
    bool isUnix() const noexcept { return host_.family() == AddressFamily::unixSocket; }

    void connect(const Address& peer);
    /// Prepares the receive of one datagram, or of several that the kernel has put together.
    void prepare(Operation& receive) noexcept;
    /// Receives what is there already: its size, or a negative errno.
    int receiveNow() noexcept;
    /// Notes what a receive has brought; then next() goes to each, and the three below tell of it.
    void note(int bytes) noexcept;
    /// Whether a receive buffer of the driver has room for whatever may come at once: then
    /// prepareMulti() may be used, which brings datagrams until it is ended.
    bool fitsBuffers() const noexcept;
    void prepareMulti(Operation& receive) noexcept;
    /// Notes one that came so; false if it is none.
    bool noteMessage(Bytes message) noexcept;
    bool next() noexcept;
    bool hasMore() const noexcept { return !split_.empty(); }
    void forget() noexcept { held_ = Bytes(); }
    BytesView data() const noexcept { return split_.data(); }
    const Address& from() const noexcept { return sender_; }
    bool isTruncated() const noexcept { return split_.isTruncated(); }

    /// Checks the destination, null for the connected one. Throws InvalidAddressError, UsageError.
    void check(const Address* to) const;
    /// Sends at once: 0 or a negative errno.
    int sendNow(BytesView data, const Address* to) noexcept;
    /// Sends some from the front at once, and takes those off: 0, or the negative errno of the
    /// first that is left.
    int sendSomeNow(std::span<const BytesView>& datagrams, const Address* to) noexcept;
    /// The kernel had no room for so many, and nobody waits for it.
    void noteUnsent(std::size_t count = 1) noexcept;

    int setOption(int level, int option, const void* value, std::size_t bytes) noexcept;
    void setNumber(int level, int option, int value, const char* what);
    int getNumber(int level, int option) const noexcept;

 private:
    DatagramEnd(Reactor& reactor, std::size_t bytesMax) noexcept;
    void openIP(const Address& address, const UdpOptions& options);
    int openSocket(int family) noexcept;
    int bindShared(const Address& address, bool isShared) noexcept;
    void makeRoom(bool isSplit);
    void resetMessage() noexcept;
    void noteParts(BytesView name, BytesView control, BytesView data, bool isCut) noexcept;
    int send(std::span<const BytesView> datagrams, const Address* to) noexcept;

    Reactor& reactor_;
    int fd_ = -1;
    Address host_;
    Address peer_;
    SocketFile file_;
    std::size_t bytesMax_;  // of one datagram
    std::size_t roomBytes_ = 0;
    std::unique_ptr<std::byte[]> room_;
    DatagramSplit split_;
    ::msghdr message_{};
    ::iovec part_{};
    ::sockaddr_storage name_{};
    Address sender_;
    Bytes held_;  // what split_ is of, if it came in a buffer
    static constexpr std::size_t controlBytes =
        CMSG_SPACE(sizeof(std::uint32_t)) + CMSG_SPACE(sizeof(int));
    alignas(::cmsghdr) std::array<std::byte, controlBytes> control_{};
    UdpStats stats_;
    std::uint64_t unsent_ = 0;  // of stats_.dropped
    bool sendsTogether_ = false;
};

/// The failure that a send or receive of datagrams which gave `code` ends with.
Failure datagramFailure(int code, const char* operation) noexcept;

}  // namespace wring::detail
