#pragma once

namespace wring {
class EndpointRegistry;
}

namespace wring::detail {

/// Registers "unix", listening and connecting.
void addUnixParsers(EndpointRegistry& registry);

}  // namespace wring::detail
