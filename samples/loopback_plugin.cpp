// A plugin: adds the endpoint type "loopback", a TCP port that only this host can reach.
//
//   WRING_PLUGINS=FOLDER echo loopback:7007
//   WRING_PLUGINS=FOLDER echo_client loopback:7007
//
// FOLDER is where this shared object lies. The program and the plugin share one libwring.so.

#include <wring/endpoints/arguments.hpp>
#include <wring/endpoints/plugins.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/tcp_endpoints.hpp>

using namespace wring;

namespace {

class LoopbackServer final : public IStreamServerEndpointStringParser {
 public:
    std::string prefix() const override { return "loopback"; }
    Ref<IStreamServerEndpoint> parseStreamServer(Reactor& reactor,
                                                 const Description& description) override {
        Arguments arguments(description, {"port"});
        ListenOptions options(Address::loopback4(arguments.port("port")), "127.0.0.1");
        return makeRef<TCPServerEndpoint>(reactor, std::move(options));
    }
};

class LoopbackClient final : public IStreamClientEndpointStringParser {
 public:
    std::string prefix() const override { return "loopback"; }
    Ref<IStreamClientEndpoint> parseStreamClient(Reactor& reactor,
                                                 const Description& description) override {
        Arguments arguments(description, {"port"}, {"timeout"});
        ConnectOptions options("127.0.0.1", arguments.port("port"));
        options.timeout = arguments.seconds("timeout", options.timeout);
        return makeRef<TCPClientEndpoint>(reactor, std::move(options));
    }
};

void addTypes(EndpointRegistry& registry) {
    registry.add(std::make_unique<LoopbackServer>());
    registry.add(std::make_unique<LoopbackClient>());
}

}  // namespace

WRING_ENDPOINT_PLUGIN(addTypes);
