#include <wring/endpoints/plugins.hpp>

#include <wring/endpoints/detail/environment_plugins.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/runtime/log.hpp>

#include <dlfcn.h>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace wring {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> sharedObjects(const std::string& folder) {
    std::vector<std::string> found;
    std::error_code error;
    fs::directory_iterator each(folder, error);
    for (; !error && each != fs::directory_iterator(); each.increment(error)) {
        if (each->path().extension() == ".so") found.push_back(each->path().string());
    }
    if (error) {
        log(LogLevel::error, "plugins: folder '" + folder + "' is skipped: " + error.message());
    }
    std::sort(found.begin(), found.end());
    return found;
}

template <class F>
F* symbol(void* library, const char* name) {
    void* found = ::dlsym(library, name);
    if (!found)
        throw std::runtime_error("it is no plugin of wring's: it has no " + std::string(name));
    return reinterpret_cast<F*>(found);
}

// Throws what is wrong with it.
void load(const std::string& path, EndpointRegistry& registry) {
    void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) throw std::runtime_error(::dlerror());
    void (*add)(EndpointRegistry&) = nullptr;
    try {
        int version = symbol<int()>(library, "wringPluginVersion")();
        if (version != pluginVersion) {
            throw std::runtime_error("it is for version " + std::to_string(version) +
                                     " of plugins, this is " + std::to_string(pluginVersion));
        }
        add = symbol<void(EndpointRegistry&)>(library, "wringPluginRegister");
    } catch (...) {
        ::dlclose(library);
        throw;
    }
    add(registry);
}

}  // namespace

std::vector<std::string> loadEndpointPlugins(const std::string& folder,
                                             EndpointRegistry& registry) {
    std::vector<std::string> loaded;
    for (const std::string& path : sharedObjects(folder)) {
        try {
            load(path, registry);
            loaded.push_back(path);
        } catch (...) {
            log(LogLevel::error,
                "plugins: '" + path + "' is skipped: " + Failure::current().getErrorMessage());
        }
    }
    return loaded;
}

void detail::loadEnvironmentPlugins(EndpointRegistry& registry) {
    const char* folders = ::secure_getenv("WRING_PLUGINS");
    std::string left = folders ? folders : "";
    while (!left.empty()) {
        std::string folder = left.substr(0, left.find(':'));
        left.erase(0, folder.size() + 1);
        if (!folder.empty()) loadEndpointPlugins(folder, registry);
    }
}

}  // namespace wring
