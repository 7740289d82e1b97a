#pragma once

#include <wring/tests/simulation/trial.hpp>

namespace wring::testing {

/// Requests by the line, several on their way at a time: a LineReceiver answers each, in order, now
/// at once, now later; a coroutine reads the answers.
class LineWorkload final : public Workload {
 public:
    void begin(Trial& trial) override;
    bool hasEnded() const override { return clients_ == 0; }

 private:
    static Task<> listenOn(Trial* trial, SimulatedHost* host, LineWorkload* self);
    static Task<> runClient(Trial* trial, SimulatedHost* host, LineWorkload* self);
    static Task<> ask(Trial* trial, Reactor* reactor, std::string where);

    std::uint16_t port_ = 0;
    std::string server_;
    int clients_ = 0;
    int servers_ = 0;
};

}  // namespace wring::testing
