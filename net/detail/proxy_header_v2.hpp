#pragma once

#include <wring/net/proxy_header.hpp>

namespace wring::detail {

/// What a header of version 2 begins with.
inline constexpr std::string_view proxySignature{"\r\n\r\n\0\r\nQUIT\n", 12};

/// parseProxyHeader() of bytes that begin with the signature or are its beginning.
ProxyHeaderResult parseProxyHeaderV2(std::string_view text);

}  // namespace wring::detail
