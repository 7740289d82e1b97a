#pragma once

#include <wring/endpoints/interfaces.hpp>
#include <wring/net/connector.hpp>
#include <wring/net/errors.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace wring {

/// A port was given as a text that is no service's name. Twisted: error.ServiceNameUnknownError.
WRING_DECLARE_ERROR(ServiceNameUnknownError, ConnectError);

/// Listens on a TCP port, 0 for any, of the interface with that address, empty for all of IPv4;
/// each connection is served by what `factory` makes of it.
///
/// Errors    CannotListenError, thrown before anything is open.
/// Source    Twisted: IReactorTCP.listenTCP.
WRING_API Ref<IListeningPort> listenTCP(Reactor& reactor, std::uint16_t port, Ref<IFactory> factory,
                                        int backlog = 50, std::string_view interface = {});

/// Connects to a TCP port of a host, by name or number, from `bindAddress` if given: to the first of
/// its addresses that answers, see HostnameEndpoint. The factory is told what becomes of it, see
/// IConnector. `timeout` is over everything, the name included.
///
/// Errors    as connectEndpoint(): none of the attempt is thrown.
/// Source    Twisted: IReactorTCP.connectTCP, which tries one IPv4 address.
WRING_API Ref<IConnector> connectTCP(Reactor& reactor, std::string host, std::uint16_t port,
                                     Ref<ClientFactory> factory,
                                     Duration timeout = std::chrono::seconds(30),
                                     std::optional<Address> bindAddress = {});

/// Likewise, to the port of a service: "http". Throws ServiceNameUnknownError.
///
/// Source    getservbyname(3).
WRING_API Ref<IConnector> connectTCP(Reactor& reactor, std::string host, const std::string& service,
                                     Ref<ClientFactory> factory,
                                     Duration timeout = std::chrono::seconds(30),
                                     std::optional<Address> bindAddress = {});

}  // namespace wring
