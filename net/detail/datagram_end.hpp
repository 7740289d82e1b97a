#pragma once

#include <wring/net/listen_udp.hpp>
#include <wring/runtime/operation.hpp>

#include <sys/socket.h>
#include <array>
#include <memory>

namespace wring::detail {

/// A UDP descriptor, the room for one datagram that is being received, and what has been counted.
/// Closed when destroyed, when no operation on it is in flight.
class UdpEnd {
 public:
    /// Throws CannotListenError, InvalidAddressError.
    UdpEnd(Reactor& reactor, std::uint16_t port, const UdpOptions& options);
    UdpEnd(const UdpEnd&) = delete;
    UdpEnd& operator=(const UdpEnd&) = delete;
    ~UdpEnd();

    Reactor& reactor() const noexcept { return reactor_; }
    int fd() const noexcept { return fd_; }
    const Address& host() const noexcept { return host_; }
    const Address& peer() const noexcept { return peer_; }
    const UdpStats& stats() const noexcept { return stats_; }

    void connect(const Address& peer);
    /// Prepares the receive of a datagram.
    void prepare(Operation& receive) noexcept;
    /// Receives one that is there already: its size, or a negative errno.
    int receiveNow() noexcept;
    /// Notes what a receive that was prepared has brought; then the three below tell of it.
    void note(int bytes) noexcept;
    BytesView data() const noexcept { return {room_.get(), size_}; }
    Address from() const noexcept;
    bool isTruncated() const noexcept { return (message_.msg_flags & MSG_TRUNC) != 0; }

    /// Checks the destination, null for the connected one. Throws InvalidAddressError, UsageError.
    void check(const Address* to) const;
    /// Sends at once: 0 or a negative errno.
    int sendNow(BytesView data, const Address* to) noexcept;
    /// The kernel had no room for one, and nobody waits for it.
    void noteUnsent() noexcept;

    int setOption(int level, int option, const void* value, std::size_t bytes) noexcept;
    void setNumber(int level, int option, int value, const char* what);
    int getNumber(int level, int option) const noexcept;
    bool isIPv6() const noexcept { return host_.family() == AddressFamily::ipv6; }

 private:
    int open(const Address& address, bool isShared) noexcept;
    void resetMessage() noexcept;

    Reactor& reactor_;
    int fd_ = -1;
    Address host_;
    Address peer_;
    std::size_t roomBytes_;
    std::unique_ptr<std::byte[]> room_;
    std::size_t size_ = 0;
    ::msghdr message_{};
    ::iovec part_{};
    ::sockaddr_storage sender_{};
    alignas(::cmsghdr) std::array<unsigned char, CMSG_SPACE(sizeof(std::uint32_t))> control_{};
    UdpStats stats_;
    std::uint64_t unsent_ = 0;  // of stats_.dropped
};

/// The failure that a send or receive of datagrams which gave `code` ends with.
Failure datagramFailure(int code, const char* operation) noexcept;

}  // namespace wring::detail
