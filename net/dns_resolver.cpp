#include <wring/net/dns_resolver.hpp>

#include <wring/net/detail/dns_query.hpp>

namespace wring {

DnsOptions::DnsOptions() = default;
DnsOptions::DnsOptions(const DnsOptions&) = default;
DnsOptions& DnsOptions::operator=(const DnsOptions&) = default;
DnsOptions::~DnsOptions() = default;

DnsResolver::DnsResolver(Reactor& reactor, DnsOptions options)
    : reactor_(reactor), options_(std::move(options)) {}

Task<std::vector<Address>> DnsResolver::resolveHostName(std::string host, std::uint16_t port,
                                                        int family) {
    detail::DnsQuery query(reactor_, options_, std::move(host), port, family);
    Result<std::vector<Address>> found = co_await query;
    co_return found;
}

}  // namespace wring
