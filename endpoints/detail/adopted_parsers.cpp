#include <wring/endpoints/detail/adopted_parsers.hpp>

#include <wring/endpoints/adopted_endpoint.hpp>
#include <wring/endpoints/arguments.hpp>
#include <wring/endpoints/detail/excerpt.hpp>
#include <wring/endpoints/listen_fds.hpp>
#include <wring/endpoints/registry.hpp>

#include <algorithm>
#include <limits>

namespace wring::detail {

namespace {

constexpr std::int64_t most = std::numeric_limits<int>::max();

AddressFamily domainFrom(const Arguments& arguments) {
    std::string domain = arguments.text("domain");
    if (domain == "INET") return AddressFamily::ipv4;
    if (domain == "INET6") return AddressFamily::ipv6;
    if (domain == "UNIX") return AddressFamily::unixSocket;
    arguments.reject("domain", "'" + excerpt(domain) + "' is none of INET, INET6, UNIX");
}

int byIndex(const Arguments& arguments, const std::vector<int>& descriptors) {
    auto index = static_cast<std::size_t>(arguments.integer("index", 0, most, 0));
    if (descriptors.empty()) arguments.reject("index", "finds no inherited descriptors");
    if (index < descriptors.size()) return descriptors[index];
    arguments.reject(
        "index", std::to_string(index) + " out of 0.." + std::to_string(descriptors.size() - 1));
}

int byName(const Arguments& arguments, const ListenFDs& inherited) {
    std::string wanted = arguments.text("name");
    const std::vector<std::string>& names = inherited.names();
    if (names.empty()) arguments.reject("name", "finds no inherited descriptors that have names");
    auto found = std::find(names.begin(), names.end(), wanted);
    if (found == names.end()) {
        arguments.reject("name", "'" + excerpt(wanted) + "' is no inherited descriptor's");
    }
    if (std::find(found + 1, names.end(), wanted) != names.end()) {
        arguments.reject("name", "'" + excerpt(wanted) + "' is several descriptors': use index");
    }
    return inherited.inheritedDescriptors()[static_cast<std::size_t>(found - names.begin())];
}

/// "systemd:domain=:index=" or "systemd:domain=:name=".
class SystemdServerParser final : public IStreamServerEndpointStringParser {
 public:
    std::string prefix() const override { return "systemd"; }
    Ref<IStreamServerEndpoint> parseStreamServer(Reactor& reactor,
                                                 const Description& description) override {
        Arguments arguments(description, {"domain", "index", "name"});
        AddressFamily family = domainFrom(arguments);
        if (arguments.has("index") == arguments.has("name")) {
            arguments.reject("index", "or name: specify exactly one of index or name");
        }
        const ListenFDs& inherited = ListenFDs::inherited();
        int fd = arguments.has("index") ? byIndex(arguments, inherited.inheritedDescriptors())
                                        : byName(arguments, inherited);
        return makeRef<AdoptedStreamServerEndpoint>(reactor, fd, family);
    }
};

/// "fd:descriptor:domain".
class FdServerParser final : public IStreamServerEndpointStringParser {
 public:
    std::string prefix() const override { return "fd"; }
    Ref<IStreamServerEndpoint> parseStreamServer(Reactor& reactor,
                                                 const Description& description) override {
        Arguments arguments(description, {"descriptor", "domain"});
        arguments.text("descriptor");  // has to be there
        auto fd = static_cast<int>(arguments.integer("descriptor", 0, most, -1));
        AddressFamily family = AddressFamily::none;
        if (arguments.has("domain")) family = domainFrom(arguments);
        return makeRef<AdoptedStreamServerEndpoint>(reactor, fd, family);
    }
};

}  // namespace

void addAdoptedParsers(EndpointRegistry& registry) {
    registry.add(std::make_unique<SystemdServerParser>());
    registry.add(std::make_unique<FdServerParser>());
}

}  // namespace wring::detail
