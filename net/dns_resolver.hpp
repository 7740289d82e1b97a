#pragma once

#include <wring/net/hostname_resolver.hpp>
#include <wring/runtime/time.hpp>

namespace wring {

class Reactor;

/// Where names are looked up and how long that may take. Set by name on an object.
class WRING_API DnsOptions {
 public:
    DnsOptions();
    DnsOptions(const DnsOptions&);
    DnsOptions& operator=(const DnsOptions&);
    ~DnsOptions();

    /// Name servers, "192.0.2.1" or "192.0.2.1:5353" or "[2001:db8::1]:53", with commas between
    /// them; those of /etc/resolv.conf if it is empty.
    std::string servers;
    Duration timeout = std::chrono::seconds(2);  ///< for a first answer; doubled for each try more
    int tries = 3;                               ///< of each server
};

/// Looks names up in /etc/hosts (or where CARES_HOSTS in the environment says) and by DNS in the
/// reactor's own thread, which never waits: the questions are sent from and the answers come to
/// sockets of the reactor's.
///
/// Shape     both families are asked for at once; the addresses are in the order of RFC 6724. Files
/// are
///           read at each look-up, so changes of them count from the next one.
/// Errors    DNSLookupError: "address 'NAME' not found: " and what the servers said.
/// Source    c-ares, ares_getaddrinfo(3). Twisted: names.client.Resolver.
class WRING_API DnsResolver final : public IHostnameResolver {
 public:
    explicit DnsResolver(Reactor& reactor, DnsOptions options = {});

    [[nodiscard]] Task<std::vector<Address>> resolveHostName(std::string host, std::uint16_t port,
                                                             int family) override;

 private:
    Reactor& reactor_;
    DnsOptions options_;
};

}  // namespace wring
