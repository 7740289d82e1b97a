#pragma once

#include <wring/runtime/api.hpp>

#include <cstdint>
#include <optional>

namespace wring {

class ITransport;
class ProxyHeader;
class Socket;
class Stream;

/// Who is at the other end of a UNIX connection, as the kernel knows it: the process that made its
/// end of it, at that time.
///
/// Source    SO_PEERCRED of unix(7). Twisted has no counterpart.
struct PeerCredentials {
    std::int32_t pid = 0;   ///< of the process, which may be gone by now
    std::uint32_t uid = 0;  ///< whom it worked for
    std::uint32_t gid = 0;  ///< and for which group
};

/// The credentials of the peer; nothing unless it is an open UNIX connection.
WRING_API std::optional<PeerCredentials> getPeerCredentials(const Socket& socket) noexcept;
WRING_API std::optional<PeerCredentials> getPeerCredentials(const Stream& stream) noexcept;
WRING_API std::optional<PeerCredentials> getPeerCredentials(const ITransport& transport) noexcept;

/// What a proxy has said of the connection; null without one. Lives as long as the connection.
WRING_API const ProxyHeader* getProxyHeader(const Socket& socket) noexcept;
WRING_API const ProxyHeader* getProxyHeader(const Stream& stream) noexcept;
WRING_API const ProxyHeader* getProxyHeader(const ITransport& transport) noexcept;

}  // namespace wring
