#pragma once

#include <wring/endpoints/reactor_tcp.hpp>
#include <wring/net/tls_context.hpp>

namespace wring {

/// Listens on a TCP port as listenTCP() does, and secures each connection; for `factory` there are
/// none but those whose handshake went well.
///
/// Errors    CannotListenError; UsageError for a context without a certificate. Thrown before
///           anything is open.
/// Source    Twisted: IReactorSSL.listenSSL.
WRING_API Ref<IListeningPort> listenSSL(Reactor& reactor, std::uint16_t port, Ref<IFactory> factory,
                                        Ref<TLSContext> context, int backlog = 50,
                                        std::string_view interface = {});

/// Connects to a TCP port as connectTCP() does, and secures the connection. `timeout` is over the
/// handshake as well; the context may have a shorter one for that. A handshake that fails is told
/// by clientConnectionFailed(), with SSLError, CertificateVerifyError or TimeoutError.
///
/// Errors    as connectEndpoint(): none of the attempt is thrown.
/// Source    Twisted: IReactorSSL.connectSSL, for which the connection is made before the
///           handshake.
WRING_API Ref<IConnector> connectSSL(Reactor& reactor, std::string host, std::uint16_t port,
                                     Ref<ClientFactory> factory, Ref<TLSContext> context,
                                     Duration timeout = std::chrono::seconds(30),
                                     std::optional<Address> bindAddress = {});

}  // namespace wring
