#include <wring/net/socket.hpp>

#include <wring/net/detail/connection.hpp>
#include <wring/net/detail/tls_layer.hpp>
#include <wring/net/proxy_header.hpp>
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

Address hostOf(Reactor& reactor, int fd, const ProxyHeader* header) noexcept {
    bool isKnown = header && header->destination.family() != AddressFamily::none;
    return isKnown ? header->destination : hostOf(reactor, fd);
}

Address peerOf(Reactor& reactor, int fd, const ProxyHeader* header) noexcept {
    bool isKnown = header && header->source.family() != AddressFamily::none;
    return isKnown ? header->source : peerOf(reactor, fd);
}

}  // namespace detail

Socket::Socket(Reactor& reactor, int fd) noexcept : reactor_(&reactor), fd_(fd) {}

Socket::Socket(Socket&& other) noexcept
    : reactor_(other.reactor_),
      fd_(other.release()),
      group_(std::move(other.group_)),
      proxyHeader_(std::move(other.proxyHeader_)),
      layer_(std::move(other.layer_)) {}

Socket& Socket::operator=(Socket other) noexcept {
    std::swap(reactor_, other.reactor_);
    std::swap(fd_, other.fd_);
    std::swap(group_, other.group_);
    std::swap(proxyHeader_, other.proxyHeader_);
    std::swap(layer_, other.layer_);
    return *this;
}

Socket::~Socket() {
    if (fd_ < 0) return;
    reactor_->closeDescriptor(fd_);
    // A connection that it was released by may have been the last of its port.
    if (group_) group_->removed();
}

Address Socket::getPeer() const noexcept {
    return detail::peerOf(*reactor_, fd_, proxyHeader_.get());
}
Address Socket::getHost() const noexcept {
    return detail::hostOf(*reactor_, fd_, proxyHeader_.get());
}

void Socket::setProxyHeader(Ref<ProxyHeader> header) noexcept { proxyHeader_ = std::move(header); }

void Socket::setGroup(Ref<detail::ConnectionGroup> group) noexcept { group_ = std::move(group); }

void Socket::setLayer(Ref<detail::TlsLayer> layer) noexcept { layer_ = std::move(layer); }
Ref<detail::TlsLayer> Socket::takeLayer() noexcept { return std::move(layer_); }

}  // namespace wring
