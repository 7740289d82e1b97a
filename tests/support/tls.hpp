#pragma once

#include <wring/deferred/start.hpp>
#include <wring/net/certificate.hpp>
#include <wring/net/tls_context.hpp>
#include <wring/net/tls_errors.hpp>
#include <wring/net/tls_info.hpp>
#include <wring/tests/support/certificates.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <fcntl.h>

namespace wring::testing {

inline Ref<TLSContext> contextOf(CertificateOptions options) {
    return makeRef<TLSContext>(std::move(options));
}

/// How the two ends of a handshake ended: class and text, or nothing if well.
struct HandshakeEnds {
    std::string server;
    std::string client;
};

inline std::string textOf(const Result<void>& result) {
    return result ? "" : result.error().className() + ": " + result.error().getErrorMessage();
}

inline Task<> secureAs(Stream* stream, Ref<TLSContext> context, TLSRole role) {
    co_await stream->startTLS(context, role);
}

/// Two connected streams, in clear until shakeHands(), and a second descriptor for the client's
/// socket.
struct TlsPair {
    explicit TlsPair(Reactor& reactor) : TlsPair(reactor, PeerPair()) {}
    TlsPair(Reactor& reactor, PeerPair ends)
        : tap(::fcntl(ends.far.fd(), F_DUPFD_CLOEXEC, 0)),
          server(Socket(reactor, ends.near.release())),
          client(Socket(reactor, ends.far.release())) {}

    Peer tap;  ///< of the client's end, behind its back
    Stream server;
    Stream client;
};

/// Lets both ends shake hands; a failure of one is not the other's.
inline Task<HandshakeEnds> shakeHands(TlsPair* pair, Ref<TLSContext> server,
                                      Ref<TLSContext> client) {
    HandshakeEnds ends;
    auto serving = start(secureAs(&pair->server, server, TLSRole::server));
    auto calling = co_await outcome(secureAs(&pair->client, client, TLSRole::client));
    // A client of TLS 1.3 is done before the server has looked at its certificate.
    if (!calling) pair->client.abort();
    auto served = co_await outcome(serving);
    ends.client = textOf(calling);
    ends.server = textOf(served);
    co_return ends;
}

/// The same with what most tests want, and it has to go well.
inline Task<> secureBoth(TlsPair* pair) {
    auto server = contextOf(testAuthority().server());
    auto client = contextOf(testAuthority().client());
    HandshakeEnds ends = co_await shakeHands(pair, server, client);
    EXPECT_EQ(ends.server, "");
    EXPECT_EQ(ends.client, "");
}

inline Task<> echoAll(Stream* stream) {
    while (Bytes chunk = co_await stream->read()) co_await stream->write(std::move(chunk));
    co_await stream->shutdownSend();
}

/// Everything up to the end of the stream.
inline Task<std::string> readAll(Stream* stream) {
    std::string all;
    while (Bytes chunk = co_await stream->read()) all += chunk.text();
    co_return all;
}

}  // namespace wring::testing
