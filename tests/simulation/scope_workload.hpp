#pragma once

#include <wring/deferred/deferred_queue.hpp>
#include <wring/deferred/deferred_semaphore.hpp>
#include <wring/deferred/scope.hpp>
#include <wring/tests/simulation/trial.hpp>

namespace wring::testing {

/// Trees of scopes whose tasks sleep, fail, cancel each other, share a semaphore and a queue, and
/// shield themselves: no task outlives its scope, nobody holds what he gave back, and a failure is
/// told.
class ScopeWorkload final : public Workload {
 public:
    void begin(Trial& trial) override;
    bool hasEnded() const override { return running_ == 0; }
    void check(Trial& trial) override;

 private:
    struct Life;
    static Task<> run(Trial* trial, SimulatedHost* host, ScopeWorkload* self);
    static Task<> branch(Scope& scope, Trial* trial, ScopeWorkload* self, unsigned depth);
    static Task<> child(Trial* trial, ScopeWorkload* self, unsigned depth);
    static Task<> work(Trial* trial, ScopeWorkload* self);

    int running_ = 0;
    int alive_ = 0;
    int holders_ = 0;
    DeferredSemaphore semaphore_{2};
    DeferredQueue<int> queue_;
};

}  // namespace wring::testing
