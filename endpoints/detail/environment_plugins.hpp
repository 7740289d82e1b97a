#pragma once

namespace wring {
class EndpointRegistry;
}

namespace wring::detail {

/// Loads the plugins of the folders that WRING_PLUGINS names.
void loadEnvironmentPlugins(EndpointRegistry& registry);

}  // namespace wring::detail
