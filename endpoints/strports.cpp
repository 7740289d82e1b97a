#include <wring/endpoints/strports.hpp>

#include <wring/endpoints/registry.hpp>

namespace wring {

Ref<StreamServerEndpointService> strportsService(Reactor& reactor, std::string_view description,
                                                 Ref<IFactory> factory) {
    auto service = makeRef<StreamServerEndpointService>(serverFromString(reactor, description),
                                                        std::move(factory));
    service->raiseSynchronously();
    return service;
}

Deferred<Ref<IListeningPort>> strportsListen(Reactor& reactor, std::string_view description,
                                             Ref<IFactory> factory) {
    return serverFromString(reactor, description)->listen(std::move(factory));
}

}  // namespace wring
