#include <wring/endpoints/registry.hpp>

#include <wring/endpoints/detail/excerpt.hpp>
#include <wring/endpoints/detail/tcp_parsers.hpp>

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

EndpointRegistry& EndpointRegistry::instance() {
    static EndpointRegistry registry;
    return registry;
}

EndpointRegistry::EndpointRegistry() { detail::addTcpParsers(*this); }

void EndpointRegistry::add(std::unique_ptr<IStreamServerEndpointStringParser> parser) {
    insert(servers_, std::move(parser));
}

void EndpointRegistry::add(std::unique_ptr<IStreamClientEndpointStringParser> parser) {
    insert(clients_, std::move(parser));
}

IStreamServerEndpointStringParser& EndpointRegistry::server(const std::string& type) const {
    return find(servers_, type);
}

IStreamClientEndpointStringParser& EndpointRegistry::client(const std::string& type) const {
    return find(clients_, type);
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
