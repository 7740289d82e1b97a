#pragma once

namespace wring {
class EndpointRegistry;
}

namespace wring::detail {

/// Registers "stdio" (listening).
void addStandardIOParser(EndpointRegistry& registry);

}  // namespace wring::detail
