#pragma once

#include <wring/endpoints/interfaces.hpp>
#include <wring/net/connector.hpp>

namespace wring {

/// A connector that makes its connections by `endpoint`, for `destination`; it has begun the first
/// attempt. `timeout`, by `time`, is for everything from connect() to buildProtocol(); a limit of
/// the endpoint's own should be longer.
///
/// Errors    throws what the factory's doStart() and startedConnecting() throw. All else is told
///           to clientConnectionFailed(): what the endpoint fails with, TimeoutError, UserError
///           after stopConnecting(), what buildProtocol() threw. One that builds no protocol gets
///           clientConnectionLost().
/// Source    Twisted: tcp.Connector and its like, by way of an endpoint.
WRING_API Ref<IConnector> connectEndpoint(IReactorTime& time, Ref<IStreamClientEndpoint> endpoint,
                                          Destination destination, Ref<ClientFactory> factory,
                                          Duration timeout = std::chrono::seconds(30));

}  // namespace wring
