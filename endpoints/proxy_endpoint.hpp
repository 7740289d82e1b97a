#pragma once

#include <wring/endpoints/interfaces.hpp>
#include <wring/net/address_range.hpp>

#include <vector>

namespace wring {

/// What is asked of proxies. Set by name on an object.
class WRING_API ProxyOptions {
 public:
    ProxyOptions();
    ProxyOptions(const ProxyOptions&);
    ProxyOptions& operator=(const ProxyOptions&);
    ~ProxyOptions();

    Duration headerTimeout = std::chrono::seconds(5);  ///< for all of the header
    std::vector<AddressRange> trusted;  ///< who may be a proxy; empty: whoever connects
};

/// Listens as `endpoint` does, behind a proxy that puts a PROXY header (version 1 or 2) in front of
/// each connection. getPeer() and getHost(), also of buildProtocol(), are then what the header
/// says, and getProxyHeader() gives all of it; where it says nothing they are the connection's own.
///
/// Where `endpoint` secures what it accepts, the header is expected inside, after the handshake; a
/// TLSServerEndpoint around a proxyEndpoint() takes one that comes in clear before it.
///
/// A connection is served once its header has come, in however many pieces. It is reset when the
/// header is none, is late, or comes from somebody who is not trusted (then unread).
/// Source    Twisted: proxyEndpoint, which connects the protocol before the header has come, closes
///           a connection whose header comes in pieces, and trusts everybody.
WRING_API Ref<IStreamServerEndpoint> proxyEndpoint(Ref<IStreamServerEndpoint> endpoint,
                                                   ProxyOptions options = ProxyOptions());

}  // namespace wring
