#include <wring/net/resolve.hpp>

#include <wring/net/hostname.hpp>
#include <wring/net/name_resolver.hpp>
#include <wring/runtime/outcome.hpp>
#include <wring/runtime/reactor.hpp>

#include <sys/socket.h>

namespace wring {

namespace {

// Whether the name is `top` or ends in it.
bool isWithin(std::string_view name, std::string_view top) {
    if (name.ends_with('.')) name.remove_suffix(1);
    if (!name.ends_with(top)) return false;
    return name.size() == top.size() || name[name.size() - top.size() - 1] == '.';
}

// Most servers that listen on one loopback only listen on that of IPv4.
std::vector<Address> loopbacks(std::uint16_t port, int family) {
    std::vector<Address> found;
    if (family != AF_INET6) found.push_back(Address::loopback4(port));
    if (family != AF_INET) found.push_back(Address::loopback6(port));
    return found;
}

// A resolver's own fault is told as any other reason for there being no address.
Failure lookupFailure(const Failure& failure, const std::string& host) {
    if (failure.check<DNSLookupError>() || failure.check<CancelledError>() ||
        failure.check<TimeoutError>()) {
        return failure;
    }
    return Failure(DNSLookupError(
        0, "resolve", "Couldn't find the hostname '" + host + "': " + failure.getErrorMessage()));
}

}  // namespace

Task<std::vector<Address>> resolveHost(Reactor& reactor, std::string host, std::uint16_t port,
                                       int family) {
    std::vector<Address> found;
    if (auto literal = Address::parse(host, port)) {
        found.push_back(*literal);
        co_return found;
    }
    Result<std::string> name = asciiHostname(host);
    if (!name) co_return name.error();
    if (isWithin(*name, "localhost")) co_return loopbacks(port, family);
    if (isWithin(*name, "invalid")) {
        co_return Failure(DNSLookupError(
            0, "resolve", "address '" + host + "' not found: no host has such a name"));
    }
    std::shared_ptr<IHostnameResolver> resolver = nameResolver(reactor);
    auto got = co_await outcome(resolver->resolveHostName(*name, port, family));
    if (!got) co_return lookupFailure(got.error(), host);
    if (got->empty()) {
        co_return Failure(DNSLookupError(0, "resolve", "no results for hostname lookup: " + host));
    }
    co_return std::move(*got);
}

}  // namespace wring
