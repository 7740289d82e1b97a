// Sends back what it gets, over TLS, and says who asked.
//
//   tls_echo ssl:7443:privateKey=key.pem:certKey=cert.pem
//   tls_echo tcp:7443 --certificate server.pem --clients authority.pem
//   openssl s_client -connect localhost:7443 -quiet        in another terminal
//
// The second form secures any endpoint, and with --clients lets only those in who show a
// certificate of that authority (--optional: or none at all). A file with --certificate holds a
// key, too.
#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/run.hpp>
#include <wring/endpoints/tls_endpoints.hpp>
#include <wring/net/certificate.hpp>
#include <wring/net/tls_info.hpp>

#include <cstdio>
#include <string>

namespace {

using namespace wring;
using namespace std::chrono_literals;

// [serve]
Task<> echo(Stream peer) {
    TLSInfo secured = peer.tlsInfo();
    Ref<Certificate> shown = peer.getPeerCertificate();
    std::printf("%s %s from %s\n", secured.version.c_str(), secured.cipher.c_str(),
                shown ? shown->subject().c_str() : "somebody");
    std::fflush(stdout);
    while (Bytes chunk = co_await peer.read()) co_await peer.write(std::move(chunk));
    co_await peer.close();
}
// [/serve]

/// What the command line asks for.
struct Wanted {
    Wanted() {}
    std::string endpoint;
    std::string certificate;
    std::string clients;
    bool isOptional = false;
    ReactorOptions reactor;
};

Ref<IStreamServerEndpoint> endpointFor(Reactor& reactor, const Wanted& wanted) {
    auto endpoint = serverFromString(reactor, wanted.endpoint);
    if (wanted.certificate.empty()) return endpoint;
    CertificateOptions options;
    options.own = CertificateFiles(wanted.certificate);
    if (!wanted.clients.empty()) {
        options.trustFiles.push_back(wanted.clients);
        options.verification =
            wanted.isOptional ? PeerVerification::optional : PeerVerification::required;
    }
    return makeRef<TLSServerEndpoint>(makeRef<TLSContext>(options), endpoint);
}

Task<> app(Reactor& reactor, Wanted wanted) {
    auto endpoint = endpointFor(reactor, wanted);
    auto port = co_await endpoint->listen(serve(echo));
    std::printf("listening on %s\n", port->getHost().format().c_str());
    std::fflush(stdout);
    reactor.addSystemEventTrigger(EventPhase::before, "shutdown",
                                  [port] { return port->drain(2s); });
    co_await port;
}

bool read(Wanted& wanted, int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        std::string word = argv[i];
        bool hasValue = i + 1 < argc;
        if (word == "--reactor" && hasValue) {
            wanted.reactor.driver.kind = driverKindFromString(argv[++i]);
        } else if (word == "--certificate" && hasValue) {
            wanted.certificate = argv[++i];
        } else if (word == "--clients" && hasValue) {
            wanted.clients = argv[++i];
        } else if (word == "--optional") {
            wanted.isOptional = true;
        } else if (wanted.endpoint.empty() && !word.starts_with("--")) {
            wanted.endpoint = word;
        } else {
            return false;
        }
    }
    return !wanted.endpoint.empty() && (wanted.clients.empty() || !wanted.certificate.empty());
}

}  // namespace

int main(int argc, char** argv) try {
    Wanted wanted;
    if (!read(wanted, argc, argv)) {
        std::fputs(
            "usage: tls_echo ENDPOINT [--certificate FILE [--clients FILE [--optional]]]\n"
            "                [--reactor auto|uring|epoll]\n",
            stderr);
        return 2;
    }
    ReactorOptions options = wanted.reactor;
    return run(options, app, wanted);
} catch (const Error& error) {
    std::fprintf(stderr, "tls_echo: %s\n", error.what());
    return 2;
}
