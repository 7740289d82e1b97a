#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/tests/simulation/trial.hpp>

namespace wring::testing {

/// Graphs of Deferreds: chains that wait for other chains, fired by timers, cancelled, paused and
/// timed out at random. Each callback comes once, in order, and each graph comes to its end.
class DeferredWorkload final : public Workload {
 public:
    void begin(Trial& trial) override;
    bool hasEnded() const override { return running_ == 0; }
    void check(Trial& trial) override;

 private:
    static Task<> run(Trial* trial, SimulatedHost* host, DeferredWorkload* self);
    Deferred<int> make(Reactor& reactor, unsigned depth);
    Deferred<int> source(Reactor& reactor);
    void follow(Deferred<int> chain);
    void disturb(Deferred<int> chain, Reactor& reactor);

    Trial* trial_ = nullptr;
    int running_ = 0;
    int followed_ = 0;
    int ended_ = 0;
};

}  // namespace wring::testing
