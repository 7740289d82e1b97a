#pragma once

#include <wring/endpoints/interfaces.hpp>
#include <wring/tests/simulation/trial.hpp>

namespace wring::testing {

/// Connections that are made, used a little and dropped as fast as it goes, attempts that are
/// cancelled, and a port that stops, drains and listens again meanwhile.
class StormWorkload final : public Workload {
 public:
    void begin(Trial& trial) override;
    bool hasEnded() const override { return clients_ == 0 && servers_ == 0; }

 private:
    static Task<> serveOne(Stream peer, Trial* trial);
    static Task<> listenOn(Trial* trial, SimulatedHost* host, StormWorkload* self);
    static Task<> useAndStop(Trial* trial, Ref<IListeningPort> port);
    static Task<> runClient(Trial* trial, SimulatedHost* host, StormWorkload* self);
    static Task<> connectOnce(Trial* trial, Reactor* reactor, std::string where);

    std::uint16_t port_ = 0;
    std::string server_;
    int clients_ = 0;
    int servers_ = 0;
};

}  // namespace wring::testing
