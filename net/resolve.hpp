#pragma once

#include <wring/net/address.hpp>
#include <wring/runtime/task.hpp>

#include <string>
#include <vector>

namespace wring {

class Reactor;

/// The addresses of a host: of a literal itself; of "localhost" and all names in it the loopback's,
/// of any other name what the reactor's resolver says.
///
/// Shape     at least one address, in the order in which they should be tried; `family` AF_INET,
///           AF_INET6 or AF_UNSPEC. Names that are not ASCII are looked up in their "xn--" form.
/// Errors    InvalidHostnameError before anybody is asked; DNSLookupError naming the host and what
///           the resolver said; CancelledError.
/// Cancel    at once; a late answer is dropped.
/// Source    RFC 6761: "invalid" has no hosts. Twisted: IReactorPluggableNameResolver.
[[nodiscard]] WRING_API Task<std::vector<Address>> resolveHost(Reactor& reactor, std::string host,
                                                               std::uint16_t port, int family);

}  // namespace wring
