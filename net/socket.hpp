#pragma once

#include <wring/net/address.hpp>
#include <wring/runtime/ref.hpp>

#include <utility>

namespace wring {

class ProxyHeader;
class Reactor;

namespace detail {
class ConnectionGroup;
class TlsLayer;
}  // namespace detail

/// A connected stream socket that nobody reads or writes yet: what accept and connect give, and
/// what streams and transports are made from. Closed when destroyed.
class WRING_API Socket {
 public:
    /// Takes `fd` over.
    Socket(Reactor& reactor, int fd) noexcept;
    Socket(Socket&& other) noexcept;
    Socket& operator=(Socket other) noexcept;
    ~Socket();

    /// Where it lives, and its descriptor; -1 once released.
    Reactor& reactor() const noexcept { return *reactor_; }
    int fd() const noexcept { return fd_; }
    /// The other end; an address of no family when the peer is gone already.
    Address getPeer() const noexcept;
    /// This end.
    Address getHost() const noexcept;

    /// Gives the descriptor up; the caller closes it.
    int release() noexcept { return std::exchange(fd_, -1); }

    /// The connections of one listening port, which count this one; may be null.
    const Ref<detail::ConnectionGroup>& group() const noexcept { return group_; }
    void setGroup(Ref<detail::ConnectionGroup> group) noexcept;

    /// What a proxy has said of the connection, whose addresses are then the ones that getPeer()
    /// and getHost() give; null without a proxy.
    const Ref<ProxyHeader>& proxyHeader() const noexcept { return proxyHeader_; }
    void setProxyHeader(Ref<ProxyHeader> header) noexcept;

    /// Whether it is secured already: who uses the connection does not see what goes over it.
    bool isSecured() const noexcept { return static_cast<bool>(layer_); }
    /// What secures it, for the connection that takes the descriptor over.
    void setLayer(Ref<detail::TlsLayer> layer) noexcept;
    Ref<detail::TlsLayer> takeLayer() noexcept;

 private:
    Reactor* reactor_;
    int fd_;
    Ref<detail::ConnectionGroup> group_;
    Ref<ProxyHeader> proxyHeader_;
    Ref<detail::TlsLayer> layer_;
};

namespace detail {
/// The addresses of a descriptor's two ends, of no family where there is none.
Address hostOf(Reactor& reactor, int fd) noexcept;
Address peerOf(Reactor& reactor, int fd) noexcept;
/// Likewise, with what a proxy has said going before; `header` may be null.
Address hostOf(Reactor& reactor, int fd, const ProxyHeader* header) noexcept;
Address peerOf(Reactor& reactor, int fd, const ProxyHeader* header) noexcept;
}  // namespace detail

}  // namespace wring
