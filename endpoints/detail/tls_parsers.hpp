#pragma once

namespace wring {
class EndpointRegistry;
}

namespace wring::detail {

/// Registers "ssl" (listening and connecting) and "tls" (connecting).
void addTlsParsers(EndpointRegistry& registry);

}  // namespace wring::detail
