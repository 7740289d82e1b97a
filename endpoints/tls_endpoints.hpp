#pragma once

#include <wring/endpoints/interfaces.hpp>
#include <wring/net/tls_context.hpp>

namespace wring {

/// Listens as another endpoint does, and secures each connection before it is served.
///
/// Source    Twisted: SSL4ServerEndpoint, for any kind of port.
class WRING_API TLSServerEndpoint final : public IStreamServerEndpoint {
 public:
    TLSServerEndpoint(Ref<TLSContext> context, Ref<IStreamServerEndpoint> wrapped);
    Deferred<Ref<IListeningPort>> listen(Ref<IFactory> factory) override;
    /// What it secures with: reload() of it makes new certificates count.
    const Ref<TLSContext>& context() const noexcept { return context_; }

 private:
    Ref<TLSContext> context_;
    Ref<IStreamServerEndpoint> wrapped_;
};

/// Connects as another endpoint does, and secures the connection: its protocol is built, or the
/// stream given, when the handshake went well.
///
/// Source    Twisted: wrapClientTLS, SSL4ClientEndpoint; these give the protocol before the
///           handshake, and tell it of a certificate that is wrong by connectionLost().
class WRING_API TLSClientEndpoint final : public IStreamClientEndpoint {
 public:
    TLSClientEndpoint(Ref<TLSContext> context, Ref<IStreamClientEndpoint> wrapped);
    /// Errors: those of the wrapped endpoint; SSLError, CertificateVerifyError; TimeoutError after
    /// the context's time for a handshake.
    Deferred<Ref<IProtocol>> connect(Ref<IFactory> factory) override;
    Deferred<Stream> connectStream() override;
    /// What it secures with, and which server it wants.
    const Ref<TLSContext>& context() const noexcept { return context_; }

 private:
    static Task<Stream> attempt(Ref<TLSContext> context, Ref<IStreamClientEndpoint> wrapped);
    static Task<Socket> attemptSocket(Ref<TLSContext> context, Ref<IStreamClientEndpoint> wrapped);
    static Deferred<Stream> connectAsStream(Ref<TLSContext> context,
                                            Ref<IStreamClientEndpoint> wrapped);

    Ref<TLSContext> context_;
    Ref<IStreamClientEndpoint> wrapped_;
};

/// TLS over any endpoint. With a context from optionsForClientTLS() chain and name are verified.
///
/// Source    Twisted: wrapClientTLS.
WRING_API Ref<IStreamClientEndpoint> wrapClientTLS(Ref<TLSContext> context,
                                                   Ref<IStreamClientEndpoint> endpoint);

}  // namespace wring
