#include <wring/endpoints/registry.hpp>

#include <wring/endpoints/detail/adopted_parsers.hpp>
#include <wring/endpoints/detail/excerpt.hpp>
#include <wring/endpoints/detail/proxy_parser.hpp>
#include <wring/endpoints/detail/environment_plugins.hpp>
#include <wring/endpoints/detail/standard_io_parser.hpp>
#include <wring/endpoints/detail/tcp_parsers.hpp>
#include <wring/endpoints/detail/tls_parsers.hpp>
#include <wring/endpoints/detail/unix_parsers.hpp>

#include <map>

namespace wring {

namespace {

template <class Map>
auto& find(const Map& parsers, const std::string& type) {
    auto found = parsers.find(type);
    if (found != parsers.end()) return *found->second;
    std::string known;
    for (const auto& [name, parser] : parsers) known += (known.empty() ? "" : ", ") + name;
    throw EndpointSyntaxError("unknown endpoint type '" + detail::excerpt(type) + "' (known: " + known + ")", 0);
}

template <class Map, class Parser>
void insert(Map& parsers, std::unique_ptr<Parser> parser) {
    std::string name = parser->prefix();
    if (!parsers.emplace(name, std::move(parser)).second) {
        throw UsageError(0, "register an endpoint type", "'" + name + "' is registered already");
    }
}

}  // namespace

struct EndpointRegistry::Types {
    std::map<std::string, std::unique_ptr<IStreamServerEndpointStringParser>> servers;
    std::map<std::string, std::unique_ptr<IStreamClientEndpointStringParser>> clients;
};

EndpointRegistry& EndpointRegistry::instance() {
    static EndpointRegistry registry;
    return registry;
}

EndpointRegistry::EndpointRegistry() : types_(std::make_unique<Types>()) {
    detail::addAdoptedParsers(*this);
    detail::addProxyParser(*this);
    detail::addTcpParsers(*this);
    detail::addTlsParsers(*this);
    detail::addUnixParsers(*this);
    detail::addStandardIOParser(*this);
    detail::loadEnvironmentPlugins(*this);  // last: nobody takes the name of a built-in type
}
EndpointRegistry::~EndpointRegistry() = default;

void EndpointRegistry::add(std::unique_ptr<IStreamServerEndpointStringParser> parser) {
    insert(types_->servers, std::move(parser));
}

void EndpointRegistry::add(std::unique_ptr<IStreamClientEndpointStringParser> parser) {
    insert(types_->clients, std::move(parser));
}

IStreamServerEndpointStringParser& EndpointRegistry::server(const std::string& type) const {
    return find(types_->servers, type);
}

IStreamClientEndpointStringParser& EndpointRegistry::client(const std::string& type) const {
    return find(types_->clients, type);
}

Ref<IStreamServerEndpoint> serverFromString(Reactor& reactor, std::string_view description) {
    Description parsed = parseDescription(description);
    return EndpointRegistry::instance().server(parsed.type()).parseStreamServer(reactor, parsed);
}

Ref<IStreamClientEndpoint> clientFromString(Reactor& reactor, std::string_view description) {
    Description parsed = parseDescription(description);
    return EndpointRegistry::instance().client(parsed.type()).parseStreamClient(reactor, parsed);
}

}  // namespace wring
