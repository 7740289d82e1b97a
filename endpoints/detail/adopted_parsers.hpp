#pragma once

namespace wring {
class EndpointRegistry;
}

namespace wring::detail {

/// Registers "systemd" and "fd", listening.
void addAdoptedParsers(EndpointRegistry& registry);

}  // namespace wring::detail
