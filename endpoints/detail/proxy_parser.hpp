#pragma once

namespace wring {
class EndpointRegistry;
}

namespace wring::detail {

/// Registers "haproxy", which stands in front of what is listened on.
void addProxyParser(EndpointRegistry& registry);

}  // namespace wring::detail
