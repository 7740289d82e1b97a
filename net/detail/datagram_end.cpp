#include <wring/net/detail/udp_end.hpp>

#include <wring/net/socket.hpp>
#include <wring/runtime/reactor.hpp>

#include <netinet/in.h>
#include <sys/uio.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

namespace wring::detail {

namespace {

constexpr std::size_t packetBytesMax = 65536;

Address addressOf(const std::string& interface, std::uint16_t port) {
    if (interface.empty()) return Address::any4(port);
    if (auto address = Address::parse(interface, port)) return *address;
    throw InvalidAddressError(0, "listenUDP", "'" + interface + "' is not an IPv4 or IPv6 address");
}

}  // namespace

Failure datagramFailure(int code, const char* operation) noexcept {
    switch (code) {
        case EMSGSIZE:
            return Failure::of<MessageLengthError>(code, operation);
        case ECONNREFUSED:
            return Failure::of<ConnectionRefusedError>(code, operation);
        case ECANCELED:
            return Failure::of<CancelledError>(code, operation);
        default:
            return Failure::of<Error>(code, operation);
    }
}

UdpEnd::UdpEnd(Reactor& reactor, std::uint16_t port, const UdpOptions& options)
    : reactor_(reactor),
      roomBytes_(std::clamp(options.maxPacketSize, std::size_t{1}, packetBytesMax)),
      room_(std::make_unique<std::byte[]>(roomBytes_)) {
    int error = open(addressOf(options.interface, port), options.listenMultiple);
    if (error < 0) throw CannotListenError(options.interface, std::to_string(port), -error);
    host_ = hostOf(reactor, fd_);
}

UdpEnd::~UdpEnd() {
    if (fd_ >= 0) reactor_.closeDescriptor(fd_);
}

// 0, or a negative errno with nothing left open.
int UdpEnd::open(const Address& address, bool isShared) noexcept {
    Driver& driver = reactor_.driver();
    int family = address.sockaddrData()->sa_family;
    int fd = driver.openSocket(family, SOCK_DGRAM, 0);
    if (fd < 0) return fd;
    const int yes = 1;
    int result = 0;
    if (family == AF_INET6) {
        result = driver.setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    }
    if (result >= 0 && isShared) {
        result = driver.setOption(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (result >= 0) result = driver.setOption(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
    }
    driver.setOption(fd, SOL_SOCKET, SO_RXQ_OVFL, &yes, sizeof yes);  // else drops are not counted
    if (result >= 0) result = driver.bind(fd, address.sockaddrData(), address.sockaddrSize());
    if (result >= 0) {
        fd_ = fd;
        return 0;
    }
    reactor_.closeDescriptor(fd);
    return result;
}

// A datagram socket connects without a wait.
void UdpEnd::connect(const Address& peer) {
    if (peer_.sockaddrSize() != 0)
        throw UsageError(0, "connect", "the socket is connected already");
    if (peer.family() != host_.family()) {
        throw InvalidAddressError(0, "connect", "'" + peer.format() + "' is of another family");
    }
    if (::connect(fd_, peer.sockaddrData(), peer.sockaddrSize()) < 0) {
        connectFailure(errno).raise();
    }
    peer_ = peer;
    host_ = hostOf(reactor_, fd_);
}

void UdpEnd::resetMessage() noexcept {
    part_ = {room_.get(), roomBytes_};
    message_ = {};
    message_.msg_name = &sender_;
    message_.msg_namelen = sizeof sender_;
    message_.msg_iov = &part_;
    message_.msg_iovlen = 1;
    message_.msg_control = control_.data();
    message_.msg_controllen = control_.size();
}

void UdpEnd::prepare(Operation& receive) noexcept {
    resetMessage();
    receive.prepareRecvmsg(fd_, message_);
}

int UdpEnd::receiveNow() noexcept {
    resetMessage();
    ssize_t count = ::recvmsg(fd_, &message_, MSG_DONTWAIT);
    return count < 0 ? -errno : static_cast<int>(count);
}

void UdpEnd::note(int bytes) noexcept {
    size_ = static_cast<std::size_t>(bytes);
    ++stats_.received;
    if (isTruncated()) ++stats_.truncated;
    for (::cmsghdr* each = CMSG_FIRSTHDR(&message_); each; each = CMSG_NXTHDR(&message_, each)) {
        if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SO_RXQ_OVFL) continue;
        std::uint32_t dropped = 0;
        std::memcpy(&dropped, CMSG_DATA(each), sizeof dropped);
        stats_.dropped = unsent_ + dropped;
    }
}

Address UdpEnd::from() const noexcept {
    return Address::fromSockaddr(&sender_, message_.msg_namelen);
}

void UdpEnd::check(const Address* to) const {
    bool isConnected = peer_.sockaddrSize() != 0;
    if (!to) {
        if (isConnected) return;
        throw UsageError(0, "write", "the socket is not connected: say where to send it");
    }
    if (isConnected && *to != peer_) {
        throw UsageError(0, "write", "the socket is connected to " + peer_.format());
    }
    if (to->family() == host_.family()) return;
    throw InvalidAddressError(0, "write",
                              isIPv6() ? "an IPv6 port cannot write to '" + to->format() + "'"
                                       : "an IPv4 port cannot write to '" + to->format() + "'");
}

int UdpEnd::sendNow(BytesView data, const Address* to) noexcept {
    ::iovec part{const_cast<std::byte*>(data.data()), data.size()};
    ::msghdr message{};
    bool isConnected = peer_.sockaddrSize() != 0;
    if (to && !isConnected) {
        message.msg_name = const_cast<::sockaddr*>(to->sockaddrData());
        message.msg_namelen = to->sockaddrSize();
    }
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    ssize_t sent = 0;
    do {
        sent = ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        ++stats_.sent;
        return 0;
    }
    return -errno;
}

void UdpEnd::noteUnsent() noexcept {
    ++unsent_;
    ++stats_.dropped;
}

int UdpEnd::setOption(int level, int option, const void* value, std::size_t bytes) noexcept {
    return reactor_.driver().setOption(fd_, level, option, value, bytes);
}

void UdpEnd::setNumber(int level, int option, int value, const char* what) {
    int result = setOption(level, option, &value, sizeof value);
    if (result < 0) throw Error(-result, what);
}

int UdpEnd::getNumber(int level, int option) const noexcept {
    int value = 0;
    std::size_t bytes = sizeof value;
    reactor_.driver().getOption(fd_, level, option, &value, bytes);
    return value;
}

}  // namespace wring::detail
