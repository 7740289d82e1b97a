#pragma once

#include <wring/net/address.hpp>
#include <wring/runtime/task.hpp>

#include <string>
#include <vector>

namespace wring {

/// Knows the addresses of hosts. Each reactor has one, at first a DnsResolver; resolveHost() asks
/// it.
///
/// Thread    its reactor's.
/// Lifetime  whoever asks keeps it until the answer is there.
/// Source    Twisted: IHostnameResolver, whose receiver is told of each address; here they come
///           together, and a failure is a failure.
class WRING_API IHostnameResolver {
 public:
    virtual ~IHostnameResolver() = default;

    /// The addresses of a host in the order in which they should be tried.
    ///
    /// Shape     `host` is an ASCII name, no literal address and not "localhost"; `family` AF_INET,
    ///           AF_INET6 or AF_UNSPEC. The addresses have `port`.
    /// Errors    DNSLookupError. No address at all is none: resolveHost() makes it one.
    /// Cancel    at once; an answer that comes later is dropped.
    [[nodiscard]] virtual Task<std::vector<Address>> resolveHostName(std::string host,
                                                                     std::uint16_t port,
                                                                     int family) = 0;
};

}  // namespace wring
