#include <wring/endpoints/detail/tcp_parsers.hpp>

#include <wring/endpoints/arguments.hpp>
#include <wring/endpoints/detail/backlog.hpp>
#include <wring/endpoints/hostname_endpoint.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/tcp_endpoints.hpp>

namespace wring::detail {

namespace {

Address addressFrom(const Arguments& arguments, const std::string& interface, std::uint16_t port) {
    if (interface.empty()) return Address::any4(port);
    if (interface == "localhost") return Address::loopback4(port);
    if (auto address = Address::parse(interface, port)) return *address;
    arguments.reject("interface", "'" + interface + "' is not an IP address");
}

/// "tcp:port:interface:backlog" and "tcp6:port:backlog:interface".
class TcpServerParser final : public IStreamServerEndpointStringParser {
 public:
    explicit TcpServerParser(bool isIPv6) : isIPv6_(isIPv6) {}
    std::string prefix() const override { return isIPv6_ ? "tcp6" : "tcp"; }
    Ref<IStreamServerEndpoint> parseStreamServer(Reactor& reactor,
                                                 const Description& description) override {
        Arguments arguments = isIPv6_ ? Arguments(description, {"port", "backlog", "interface"})
                                      : Arguments(description, {"port", "interface", "backlog"});
        std::uint16_t port = arguments.port("port");
        std::string interface = arguments.text("interface", isIPv6_ ? "::" : "");
        Address address = addressFrom(arguments, interface, port);
        if (isIPv6_ && address.family() != AddressFamily::ipv6) {
            arguments.reject("interface", "'" + interface + "' is not an IPv6 address");
        }
        ListenOptions options(address, interface);
        options.backlog = backlogFrom(arguments);
        return makeRef<TCPServerEndpoint>(reactor, std::move(options));
    }

 private:
    bool isIPv6_;
};

/// "tcp:host:port:timeout:bindAddress".
class TcpClientParser final : public IStreamClientEndpointStringParser {
 public:
    std::string prefix() const override { return "tcp"; }
    Ref<IStreamClientEndpoint> parseStreamClient(Reactor& reactor,
                                                 const Description& description) override {
        Arguments arguments(description, {"host", "port"}, {"timeout", "bindAddress"},
                            Positionals::skipNamed);
        return clientEndpoint(reactor, connectOptionsFrom(arguments));
    }
};

}  // namespace

ListenOptions listenOptionsFrom(const Arguments& arguments) {
    std::uint16_t port = arguments.port("port");
    std::string interface = arguments.text("interface", "");
    ListenOptions options(addressFrom(arguments, interface, port), interface);
    options.backlog = backlogFrom(arguments);
    return options;
}

ConnectOptions connectOptionsFrom(const Arguments& arguments) {
    std::string host = arguments.text("host");  // first: what is missing is told in order
    ConnectOptions options(std::move(host), arguments.port("port"));
    if (options.port == 0) arguments.reject("port", "0 cannot be connected to");
    options.timeout = arguments.seconds("timeout", options.timeout);
    if (arguments.has("bindAddress")) {
        std::string local = arguments.text("bindAddress");
        options.bindAddress = Address::parse(local, 0);
        if (!options.bindAddress) {
            arguments.reject("bindAddress", "'" + local + "' is not an IP address");
        }
    }
    return options;
}

Ref<IStreamClientEndpoint> clientEndpoint(Reactor& reactor, ConnectOptions options) {
    if (Address::parse(options.host, 0)) {
        return makeRef<TCPClientEndpoint>(reactor, std::move(options));
    }
    return makeRef<HostnameEndpoint>(reactor, std::move(options));
}

void addTcpParsers(EndpointRegistry& registry) {
    registry.add(std::make_unique<TcpServerParser>(false));
    registry.add(std::make_unique<TcpServerParser>(true));
    registry.add(std::make_unique<TcpClientParser>());
}

}  // namespace wring::detail
