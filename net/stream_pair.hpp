#pragma once

#include <wring/net/socket.hpp>
#include <wring/net/stream.hpp>

namespace wring {
class SimulatedHost;
}

namespace wring::testing {

/// The two ends of one connection in a Simulation.
struct ConnectedStreams {
    Stream near;
    Stream far;
};

/// The same as sockets, for what makes streams or transports of them itself.
struct ConnectedSockets {
    Socket near;
    Socket far;
};

/// Two sockets that are connected already, over IPv4: `near` of the reactor of `one`, `far` of the
/// reactor of `other`, which may be the same. Nothing goes wrong in connecting; from then on the
/// faults of their world apply. Before the first step, or from within a turn of either reactor.
///
/// Errors    ConnectError when a host has no descriptor left.
/// Lifetime  both end before the simulation does.
WRING_API ConnectedSockets socketPair(SimulatedHost& one, SimulatedHost& other);

/// Two streams that are connected already, likewise.
///
/// Source    Twisted's tests connect protocols only: iosim.connectedServerAndClient.
WRING_API ConnectedStreams streamPair(SimulatedHost& one, SimulatedHost& other);
/// The same with both ends on one host.
WRING_API ConnectedStreams streamPair(SimulatedHost& host);

}  // namespace wring::testing
