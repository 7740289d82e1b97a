#include <wring/net/name_resolver.hpp>

#include <wring/net/dns_resolver.hpp>
#include <wring/runtime/reactor.hpp>

#include <utility>

namespace wring {

namespace {

constexpr char key = 0;  // its address stands for the resolver of a reactor

std::shared_ptr<void>& place(Reactor& reactor) { return reactor.attachment(&key); }

}  // namespace

std::shared_ptr<IHostnameResolver> nameResolver(Reactor& reactor) {
    std::shared_ptr<void>& installed = place(reactor);
    if (!installed) installed = std::make_shared<DnsResolver>(reactor);
    return std::static_pointer_cast<IHostnameResolver>(installed);
}

std::shared_ptr<IHostnameResolver> installNameResolver(
    Reactor& reactor, std::shared_ptr<IHostnameResolver> resolver) {
    auto before = nameResolver(reactor);
    place(reactor) = std::move(resolver);
    return before;
}

}  // namespace wring
