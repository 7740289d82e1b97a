#pragma once

#include <wring/endpoints/interfaces.hpp>
#include <wring/net/connector.hpp>

#include <string>

namespace wring {

/// Listens on a UNIX socket; each connection is served by what `factory` makes of it. What the
/// arguments mean is in UNIXListenOptions and UNIXServerEndpoint.
///
/// Errors    CannotListenError, thrown before anybody can connect.
/// Source    Twisted: IReactorUNIX.listenUNIX.
WRING_API Ref<IListeningPort> listenUNIX(Reactor& reactor, std::string path, Ref<IFactory> factory,
                                         int backlog = 50, unsigned mode = 0666,
                                         bool wantPID = false);

/// Connects to a UNIX socket. The factory is told what becomes of it, see IConnector; the path is
/// the connector's Destination. With `checkPID` the lock has to have a living owner.
///
/// Errors    as connectEndpoint(): none of the attempt is thrown.
/// Source    Twisted: IReactorUNIX.connectUNIX.
WRING_API Ref<IConnector> connectUNIX(Reactor& reactor, std::string path,
                                      Ref<ClientFactory> factory,
                                      Duration timeout = std::chrono::seconds(30),
                                      bool checkPID = false);

}  // namespace wring
