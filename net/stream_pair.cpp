#include <wring/net/stream_pair.hpp>

#include <wring/net/errors.hpp>
#include <wring/runtime/detail/sim_kernel.hpp>
#include <wring/runtime/simulation.hpp>

namespace wring::testing {

ConnectedSockets socketPair(SimulatedHost& one, SimulatedHost& other) {
    int fds[2];
    int error = one.kernel().connectedPair(other.kernel(), fds);
    if (error < 0) detail::connectFailure(-error).raise();
    return {Socket(one.reactor(), fds[0]), Socket(other.reactor(), fds[1])};
}

ConnectedStreams streamPair(SimulatedHost& one, SimulatedHost& other) {
    ConnectedSockets ends = socketPair(one, other);
    return {Stream(std::move(ends.near)), Stream(std::move(ends.far))};
}

ConnectedStreams streamPair(SimulatedHost& host) { return streamPair(host, host); }

}  // namespace wring::testing
