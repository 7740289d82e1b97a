#include <wring/net/peer.hpp>

#include <wring/net/detail/stream_access.hpp>
#include <wring/net/protocol_wrapper.hpp>
#include <wring/net/proxy_header.hpp>
#include <wring/net/socket.hpp>
#include <wring/net/transport.hpp>
#include <wring/runtime/reactor.hpp>

#include <sys/socket.h>

namespace wring {

namespace {

std::optional<PeerCredentials> credentialsOf(Reactor& reactor, int fd) noexcept {
    if (fd < 0) return std::nullopt;
    ucred raw{};
    std::size_t bytes = sizeof raw;
    int result = reactor.driver().getOption(fd, SOL_SOCKET, SO_PEERCRED, &raw, bytes);
    // A socket that is not of the UNIX family answers, too, but about nobody.
    if (result < 0 || raw.pid == 0) return std::nullopt;
    return PeerCredentials{raw.pid, raw.uid, raw.gid};
}

// Policies may stand between the protocol that asks and the connection.
const detail::Connection* connectionOf(const ITransport& transport) noexcept {
    const ITransport* each = &transport;
    while (auto* wrapper = dynamic_cast<const ProtocolWrapper*>(each)) each = &wrapper->transport();
    return dynamic_cast<const detail::Connection*>(each);
}

}  // namespace

std::optional<PeerCredentials> getPeerCredentials(const Socket& socket) noexcept {
    return credentialsOf(socket.reactor(), socket.fd());
}

std::optional<PeerCredentials> getPeerCredentials(const Stream& stream) noexcept {
    const detail::Connection& connection = detail::StreamAccess::connection(stream);
    return credentialsOf(connection.reactor(), connection.fd());
}

std::optional<PeerCredentials> getPeerCredentials(const ITransport& transport) noexcept {
    const detail::Connection* connection = connectionOf(transport);
    if (!connection) return std::nullopt;
    return credentialsOf(connection->reactor(), connection->fd());
}

const ProxyHeader* getProxyHeader(const Socket& socket) noexcept {
    return socket.proxyHeader().get();
}

const ProxyHeader* getProxyHeader(const Stream& stream) noexcept {
    return detail::StreamAccess::connection(stream).proxyHeader();
}

const ProxyHeader* getProxyHeader(const ITransport& transport) noexcept {
    const detail::Connection* connection = connectionOf(transport);
    return connection ? connection->proxyHeader() : nullptr;
}

}  // namespace wring
