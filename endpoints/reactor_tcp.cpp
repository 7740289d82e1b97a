#include <wring/endpoints/reactor_tcp.hpp>

#include <wring/endpoints/connector.hpp>
#include <wring/endpoints/hostname_endpoint.hpp>
#include <wring/endpoints/listening_port.hpp>
#include <wring/runtime/reactor.hpp>

#include <arpa/inet.h>
#include <netdb.h>
#include <array>
#include <cerrno>

namespace wring {

WRING_DEFINE_ERROR(ServiceNameUnknownError, ConnectError, "Service name given as port is unknown",
                   true);

namespace {

std::uint16_t portOf(const std::string& service) {
    servent entry{};
    servent* found = nullptr;
    std::array<char, 4096> buffer;
    getservbyname_r(service.c_str(), "tcp", &entry, buffer.data(), buffer.size(), &found);
    if (!found) throw ServiceNameUnknownError(0, "connectTCP", "'" + service + "'");
    return ntohs(static_cast<std::uint16_t>(found->s_port));
}

}  // namespace

Ref<IListeningPort> listenTCP(Reactor& reactor, std::uint16_t port, Ref<IFactory> factory,
                              int backlog, std::string_view interface) {
    std::string_view literal = interface == "localhost" ? "127.0.0.1" : interface;
    std::optional<Address> address = Address::any4(port);
    if (!interface.empty()) address = Address::parse(literal, port);
    if (!address) throw CannotListenError(interface, std::to_string(port), EADDRNOTAVAIL);
    ListenOptions options(*address, std::string(interface));
    options.backlog = backlog;
    return listenTCP(reactor, options, std::move(factory));
}

Ref<IConnector> connectTCP(Reactor& reactor, std::string host, std::uint16_t port,
                           Ref<ClientFactory> factory, Duration timeout,
                           std::optional<Address> bindAddress) {
    ConnectOptions options(host, port);
    options.bindAddress = bindAddress;
    options.timeout = Duration::max();  // the connector has the time-out
    return connectEndpoint(reactor, makeRef<HostnameEndpoint>(reactor, std::move(options)),
                           Destination(std::move(host), port), std::move(factory), timeout);
}

Ref<IConnector> connectTCP(Reactor& reactor, std::string host, const std::string& service,
                           Ref<ClientFactory> factory, Duration timeout,
                           std::optional<Address> bindAddress) {
    return connectTCP(reactor, std::move(host), portOf(service), std::move(factory), timeout,
                      bindAddress);
}

}  // namespace wring
