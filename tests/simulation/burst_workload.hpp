#pragma once

#include <wring/deferred/event.hpp>
#include <wring/endpoints/interfaces.hpp>
#include <wring/tests/simulation/trial.hpp>

namespace wring {
class Scope;
}

namespace wring::testing {

/// Connections that come in bursts to a port that stops, in the midst of each, and listens again:
/// what the kernel has accepted by then and tells later must not be forgotten.
class BurstWorkload final : public Workload {
 public:
    void begin(Trial& trial) override;
    bool hasEnded() const override { return clients_ == 0 && servers_ == 0; }

 private:
    static Task<> serveOne(Stream peer, Trial* trial, BurstWorkload* self);
    static Task<> listenOn(Trial* trial, SimulatedHost* host, BurstWorkload* self);
    static Task<> stopInBursts(Trial* trial, Ref<IListeningPort> port, BurstWorkload* self);
    static Task<> runClient(Trial* trial, SimulatedHost* host, BurstWorkload* self);
    static Task<> burst(Scope& scope, Trial* trial, Ref<IStreamClientEndpoint> endpoint);
    static Task<> connectOnce(Trial* trial, Ref<IStreamClientEndpoint> endpoint);
    static Task<> waitForOne(BurstWorkload* self) { co_await self->arrival_.wait(); }

    std::uint16_t port_ = 0;
    std::string server_;
    Event arrival_;  // a connection has come since the port began to listen
    int clients_ = 0;
    int servers_ = 0;
};

}  // namespace wring::testing
