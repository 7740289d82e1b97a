#include <wring/endpoints/memory_server_endpoint.hpp>

#include <utility>

namespace wring::testing {

MemoryServerEndpoint::MemoryServerEndpoint(Address host) : host_(std::move(host)) {}

Deferred<Ref<IListeningPort>> MemoryServerEndpoint::listen(Ref<IFactory> factory) {
    factories_.push_back(factory);
    if (failure_) return fail<Ref<IListeningPort>>(*failure_);
    auto port = makeRef<MemoryPort>(host_, std::move(factory));
    try {
        port->startListening();
    } catch (...) {
        return fail<Ref<IListeningPort>>(Failure::current());
    }
    ports_.push_back(port);
    return wring::succeed<Ref<IListeningPort>>(port);
}

}  // namespace wring::testing
