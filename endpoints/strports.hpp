#pragma once

#include <wring/endpoints/stream_server_endpoint_service.hpp>

#include <string_view>

namespace wring {

class Reactor;

/// A service that listens where `description` says, see serverFromString(). Its start throws when
/// it cannot.
///
/// Errors    those of serverFromString(), thrown here.
/// Source    Twisted: strports.service.
WRING_API Ref<StreamServerEndpointService> strportsService(Reactor& reactor,
                                                           std::string_view description,
                                                           Ref<IFactory> factory);

/// Listens there now. Errors: those of serverFromString(), thrown; listening fails the Deferred.
///
/// Source    Twisted: strports.listen, which gives the port itself.
WRING_API Deferred<Ref<IListeningPort>> strportsListen(Reactor& reactor,
                                                       std::string_view description,
                                                       Ref<IFactory> factory);

}  // namespace wring
