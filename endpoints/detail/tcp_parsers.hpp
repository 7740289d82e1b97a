#pragma once

namespace wring {
class EndpointRegistry;
}

namespace wring::detail {

/// Registers "tcp" (listening and connecting) and "tcp6" (listening).
void addTcpParsers(EndpointRegistry& registry);

}  // namespace wring::detail
