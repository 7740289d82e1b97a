#include <wring/endpoints/connector.hpp>

#include <wring/endpoints/detail/endpoint_connector.hpp>

namespace wring {

Ref<IConnector> connectEndpoint(IReactorTime& time, Ref<IStreamClientEndpoint> endpoint,
                                Destination destination, Ref<ClientFactory> factory,
                                Duration timeout) {
    auto connector = makeRef<detail::EndpointConnector>(
        time, std::move(endpoint), std::move(destination), std::move(factory), timeout);
    connector->connect();
    return connector;
}

}  // namespace wring
