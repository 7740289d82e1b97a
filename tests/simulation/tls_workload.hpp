#pragma once

#include <wring/tests/simulation/pattern.hpp>
#include <wring/tests/simulation/trial.hpp>

#include <set>

namespace wring {
class Scope;
}

namespace wring::testing {

/// Connections that begin in clear and are secured by startTLS(), some through a relay that cuts
/// them, some with a handshake that is cancelled, and clients that never shake hands at all. That
/// a stream has ended in order means that all of it has come.
class TlsWorkload final : public Workload {
 public:
    void begin(Trial& trial) override;
    bool hasEnded() const override { return clients_ == 0; }

    /// A server has heard so many of the `total` bytes of a client, and then an end in order.
    void heardTheEnd(Trial& trial, std::uint32_t identity, std::uint64_t heard,
                     std::uint64_t total);

 private:
    static Task<> listenOn(Trial* trial, SimulatedHost* host, TlsWorkload* self);
    static Task<> listenSecured(Trial* trial, SimulatedHost* host, TlsWorkload* self);
    static Task<> neverServed(Stream peer, Trial* trial);
    static Task<> listenAsRelay(Trial* trial, SimulatedHost* host, TlsWorkload* self);
    static Task<> serveOne(Stream peer, Trial* trial, TlsWorkload* self);
    static Task<> serveStream(Stream* peer, Trial* trial, TlsWorkload* self);
    static Task<> relayAndCut(Stream client, Trial* trial, Reactor* reactor, TlsWorkload* self);
    static Task<> sayNothing(Trial* trial, SimulatedHost* host, TlsWorkload* self);
    static Task<> beSilent(Trial* trial, Reactor* reactor, std::string where);
    static Task<> runClient(Trial* trial, SimulatedHost* host, TlsWorkload* self);
    static Task<> converse(Trial* trial, Reactor* reactor, TlsWorkload* self);
    static Task<> talk(Scope& scope, Stream* stream, Trial* trial, Pattern* pattern,
                       std::uint64_t total);
    static Task<> secure(Stream* stream, Trial* trial);
    std::string whereTo(std::uint16_t port) const;

    std::string server_;
    std::uint16_t port_ = 0;     // clear at first
    std::uint16_t secured_ = 0;  // from the beginning
    std::uint16_t relay_ = 0;
    bool hasProtocols_ = false;            // serve
    std::set<std::uint32_t> gaveUp_;       // clients that ended by themselves
    std::set<std::uint32_t> servedWhole_;  // by their identities
    int clients_ = 0;
    int servers_ = 0;
};

}  // namespace wring::testing
