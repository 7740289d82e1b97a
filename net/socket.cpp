#include <wring/net/socket.hpp>

#include <wring/net/detail/connection.hpp>
#include <wring/runtime/reactor.hpp>

#include <sys/socket.h>

namespace wring {

namespace detail {

Address hostOf(Reactor& reactor, int fd) noexcept {
    sockaddr_storage storage{};
    std::size_t bytes = sizeof storage;
    if (reactor.driver().getSocketName(fd, &storage, bytes) < 0) return {};
    return Address::fromSockaddr(&storage, bytes);
}

Address peerOf(Reactor& reactor, int fd) noexcept {
    sockaddr_storage storage{};
    std::size_t bytes = sizeof storage;
    if (reactor.driver().getPeerName(fd, &storage, bytes) < 0) return {};
    return Address::fromSockaddr(&storage, bytes);
}

}  // namespace detail

Socket::Socket(Reactor& reactor, int fd) noexcept : reactor_(&reactor), fd_(fd) {}

Socket::Socket(Socket&& other) noexcept
    : reactor_(other.reactor_), fd_(other.release()), group_(std::move(other.group_)) {}

Socket& Socket::operator=(Socket other) noexcept {
    std::swap(reactor_, other.reactor_);
    std::swap(fd_, other.fd_);
    std::swap(group_, other.group_);
    return *this;
}

Socket::~Socket() {
    if (fd_ >= 0) reactor_->closeDescriptor(fd_);
}

Address Socket::getPeer() const noexcept { return detail::peerOf(*reactor_, fd_); }
Address Socket::getHost() const noexcept { return detail::hostOf(*reactor_, fd_); }

void Socket::setGroup(Ref<detail::ConnectionGroup> group) noexcept { group_ = std::move(group); }

}  // namespace wring
