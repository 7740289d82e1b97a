#include <wring/tests/simulation/serving.hpp>

#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/tls_endpoints.hpp>
#include <wring/tests/support/certificates.hpp>

namespace wring::testing {

using namespace std::chrono_literals;

namespace {

TrialContexts makeContexts() {
    Authority authority;  // its files are not needed once they have been read
    CertificateOptions server = authority.server();
    CertificateOptions client = authority.client();
    server.resumesSessions = client.resumesSessions = false;
    return {makeRef<TLSContext>(std::move(server)), makeRef<TLSContext>(std::move(client))};
}

}  // namespace

const TrialContexts& trialContexts() {
    static const TrialContexts contexts = makeContexts();
    return contexts;
}

Ref<IStreamServerEndpoint> serverAt(SimulatedHost& host, std::uint16_t port, bool isSecured) {
    auto plain = serverFromString(host.reactor(), "tcp:" + std::to_string(port));
    if (!isSecured) return plain;
    return makeRef<TLSServerEndpoint>(trialContexts().server, std::move(plain));
}

Ref<IStreamClientEndpoint> clientTo(SimulatedHost& host, const std::string& where, bool isSecured) {
    auto plain = clientFromString(host.reactor(), where);
    return isSecured ? wrapClientTLS(trialContexts().client, std::move(plain)) : plain;
}

Task<> keepListening(Trial* trial, Ref<IStreamServerEndpoint> endpoint, Ref<IFactory> factory) {
    for (;;) {
        auto port = co_await outcome(endpoint->listen(factory));
        if (port) {
            co_await *port;
            co_return;
        }
        trial->failed(port.error());
        co_await sleepFor(10ms);
    }
}

Task<> sendPattern(Stream* stream, Trial* trial, Pattern* pattern, std::uint64_t total) {
    while (pattern->written() < total) {
        std::uint64_t most = std::min<std::uint64_t>(total - pattern->written(), 20'000);
        std::uint64_t count = 1 + trial->choose(static_cast<std::uint32_t>(most));
        count = std::min(count, most);
        std::string piece = pattern->next(count);
        if (trial->happens(2)) {
            co_await stream->write(Bytes::copyOf(piece));
        } else {
            co_await stream->write(std::string_view(piece));
        }
        if (trial->happens(10)) co_await sleepFor(trial->pause());
    }
    co_await stream->shutdownSend();
}

}  // namespace wring::testing
