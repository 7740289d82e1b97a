#include <wring/net/name_resolver.hpp>

#include <wring/net/dns_resolver.hpp>
#include <wring/net/errors.hpp>
#include <wring/runtime/reactor.hpp>

#include <string_view>
#include <utility>

namespace wring {

namespace {

constexpr char key = 0;  // its address stands for the resolver of a reactor

/// For reactors of a simulated kernel: this machine's name servers are not in their world.
class NoResolver final : public IHostnameResolver {
 public:
    Task<std::vector<Address>> resolveHostName(std::string host, std::uint16_t, int) override {
        co_return Failure(DNSLookupError(0, "resolve",
                                         "address '" + host +
                                             "' not found: no names in a simulation, but those of "
                                             "a resolver that is installed"));
    }
};

std::shared_ptr<void>& place(Reactor& reactor) { return reactor.attachment(&key); }

std::shared_ptr<IHostnameResolver> firstResolver(Reactor& reactor) {
    if (reactor.driver().name() == std::string_view("sim")) return std::make_shared<NoResolver>();
    return std::make_shared<DnsResolver>(reactor);
}

}  // namespace

std::shared_ptr<IHostnameResolver> nameResolver(Reactor& reactor) {
    std::shared_ptr<void>& installed = place(reactor);
    if (!installed) installed = firstResolver(reactor);
    return std::static_pointer_cast<IHostnameResolver>(installed);
}

std::shared_ptr<IHostnameResolver> installNameResolver(
    Reactor& reactor, std::shared_ptr<IHostnameResolver> resolver) {
    auto before = nameResolver(reactor);
    place(reactor) = std::move(resolver);
    return before;
}

}  // namespace wring
