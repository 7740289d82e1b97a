// A plugin whose registration fails.

#include <wring/endpoints/plugins.hpp>

#include <stdexcept>

namespace {
void addTypes(wring::EndpointRegistry&) { throw std::runtime_error("it has changed its mind"); }
}  // namespace

WRING_ENDPOINT_PLUGIN(addTypes);
