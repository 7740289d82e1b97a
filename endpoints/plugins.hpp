#pragma once

#include <wring/runtime/api.hpp>

#include <string>
#include <vector>

namespace wring {

class EndpointRegistry;

/// Loads every shared object ("NAME.so") of a folder, in the order of their names, and has each
/// register its endpoint types; gives the paths of those that did. They stay for good.
///
/// Shape     a plugin says WRING_ENDPOINT_PLUGIN(function) once and is linked with the same shared
///           libwring as the program. The folders that the environment's WRING_PLUGINS names, with
///           colons between them, are loaded when the registry is first used; not in programs that
///           run with other rights than their user's.
/// Errors    a folder that cannot be read, and a plugin that is broken, was made for another
/// version,
///           or throws, are logged with the reason and skipped. What a plugin had registered before
///           it threw stays.
/// Thread    before reactors run.
/// Source    dlopen(3). Twisted: plugin.getPlugins.
WRING_API std::vector<std::string> loadEndpointPlugins(const std::string& folder,
                                                       EndpointRegistry& registry);

/// The version of what plugins and programs must agree on: it counts up when a header does that
/// they share.
inline constexpr int pluginVersion = 1;

}  // namespace wring

/// Makes a shared object a plugin: `function` is called once with the EndpointRegistry& to add to,
/// which is the only one that it may use then.
#define WRING_ENDPOINT_PLUGIN(function)                                  \
    extern "C" [[gnu::visibility("default")]] int wringPluginVersion() { \
        return ::wring::pluginVersion;                                   \
    }                                                                    \
    extern "C" [[gnu::visibility("default")]] void wringPluginRegister(  \
        ::wring::EndpointRegistry& registry) {                           \
        function(registry);                                              \
    }                                                                    \
    static_assert(true)
