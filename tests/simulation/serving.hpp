#pragma once

#include <wring/endpoints/interfaces.hpp>
#include <wring/net/tls_context.hpp>
#include <wring/tests/simulation/pattern.hpp>
#include <wring/tests/simulation/trial.hpp>

namespace wring::testing {

/// What workloads secure connections with: one certificate for the process, made when first asked
/// for. Whatever chance puts into it and into a handshake, the lengths of what is sent are the same
/// in each run: there are no tickets, and no signature whose length varies.
struct TrialContexts {
    Ref<TLSContext> server;
    Ref<TLSContext> client;
};
const TrialContexts& trialContexts();

/// "tcp:port" of that host, secured if wanted.
Ref<IStreamServerEndpoint> serverAt(SimulatedHost& host, std::uint16_t port, bool isSecured);
/// What `where` says, secured if wanted.
Ref<IStreamClientEndpoint> clientTo(SimulatedHost& host, const std::string& where, bool isSecured);

/// Listens, again and again until that goes well, and waits until the port has stopped.
Task<> keepListening(Trial* trial, Ref<IStreamServerEndpoint> endpoint, Ref<IFactory> factory);

/// Writes the pattern up to `total` bytes, in pieces, and then the end of the stream.
Task<> sendPattern(Stream* stream, Trial* trial, Pattern* pattern, std::uint64_t total);

}  // namespace wring::testing
