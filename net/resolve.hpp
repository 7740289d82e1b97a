#pragma once

#include <wring/net/address.hpp>
#include <wring/runtime/task.hpp>

#include <string>
#include <vector>

namespace wring {

class Reactor;

/// The addresses of a host: of a literal itself, of "localhost" the loopback, of any other name what
/// the system's resolver says, asked in a thread of its own.
///
/// Shape     at least one address, in the resolver's order; `family` AF_INET, AF_INET6 or AF_UNSPEC.
/// Errors    DNSLookupError naming the host and what the resolver said; CancelledError.
/// Cancel    the resolver's late answer is dropped.
/// Source    getaddrinfo(3). Twisted: IReactorPluggableNameResolver's default.
[[nodiscard]] WRING_API Task<std::vector<Address>> resolveHost(Reactor& reactor, std::string host,
                                                               std::uint16_t port, int family);

}  // namespace wring
