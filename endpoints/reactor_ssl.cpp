#include <wring/endpoints/reactor_ssl.hpp>

#include <wring/endpoints/connector.hpp>
#include <wring/endpoints/hostname_endpoint.hpp>
#include <wring/endpoints/tls_endpoints.hpp>
#include <wring/net/tls_factory.hpp>
#include <wring/runtime/reactor.hpp>

namespace wring {

Ref<IListeningPort> listenSSL(Reactor& reactor, std::uint16_t port, Ref<IFactory> factory,
                              Ref<TLSContext> context, int backlog, std::string_view interface) {
    auto securing = makeRef<TLSFactory>(std::move(context), std::move(factory));
    return listenTCP(reactor, port, std::move(securing), backlog, interface);
}

Ref<IConnector> connectSSL(Reactor& reactor, std::string host, std::uint16_t port,
                           Ref<ClientFactory> factory, Ref<TLSContext> context, Duration timeout,
                           std::optional<Address> bindAddress) {
    ConnectOptions options(host, port);
    options.bindAddress = bindAddress;
    options.timeout = Duration::max();  // the connector has the time-out
    auto inner = makeRef<HostnameEndpoint>(reactor, std::move(options));
    return connectEndpoint(reactor, wrapClientTLS(std::move(context), std::move(inner)),
                           Destination(std::move(host), port), std::move(factory), timeout);
}

}  // namespace wring
