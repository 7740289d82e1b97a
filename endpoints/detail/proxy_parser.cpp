#include <wring/endpoints/detail/proxy_parser.hpp>

#include <wring/endpoints/arguments.hpp>
#include <wring/endpoints/detail/excerpt.hpp>
#include <wring/endpoints/proxy_endpoint.hpp>
#include <wring/endpoints/registry.hpp>

namespace wring::detail {

namespace {

std::vector<AddressRange> rangesFrom(const Arguments& arguments) {
    std::vector<AddressRange> ranges;
    const std::string trust = arguments.text("trust");
    std::string_view left = trust;
    for (;;) {
        std::string_view one = left.substr(0, left.find(','));
        auto range = AddressRange::parse(one);
        if (!range) {
            arguments.reject("trust", "'" + excerpt(one) +
                                          "' is neither an address, nor one with a prefix such as "
                                          "10.0.0.0/8, nor unix");
        }
        ranges.push_back(*range);
        if (one.size() == left.size()) return ranges;
        left.remove_prefix(one.size() + 1);
    }
}

/// "haproxy:" and another description; `trust=` and `headerTimeout=` are its own.
class ProxyServerParser final : public IStreamServerEndpointStringParser {
 public:
    std::string prefix() const override { return "haproxy"; }
    Ref<IStreamServerEndpoint> parseStreamServer(Reactor& reactor,
                                                 const Description& description) override {
        Description whole = description;
        Arguments own(whole.take({"trust", "headerTimeout"}), {}, {"trust", "headerTimeout"});
        ProxyOptions options;
        if (own.has("trust")) options.trusted = rangesFrom(own);
        options.headerTimeout = own.seconds("headerTimeout", options.headerTimeout);
        Description inner = whole.inner();
        auto& parser = EndpointRegistry::instance().server(inner.type());
        return proxyEndpoint(parser.parseStreamServer(reactor, inner), options);
    }
};

}  // namespace

void addProxyParser(EndpointRegistry& registry) {
    registry.add(std::make_unique<ProxyServerParser>());
}

}  // namespace wring::detail
