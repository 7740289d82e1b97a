#include <wring/tests/simulation/scope_workload.hpp>

#include <wring/deferred/timeout.hpp>

namespace wring::testing {

using namespace std::chrono_literals;

/// Counts what is alive.
struct ScopeWorkload::Life {
    explicit Life(int& counter) : count(counter) { ++count; }
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;
    ~Life() { --count; }
    int& count;
};

void ScopeWorkload::begin(Trial& trial) { trial.start(trial.client(), running_, run, this); }

Task<> ScopeWorkload::run(Trial* trial, SimulatedHost*, ScopeWorkload* self) {
    while (!trial->isFinishing()) {
        Duration limit = trial->pause() + 1us;
        auto ended = co_await outcome(withTimeout(limit, withScope(branch, trial, self, 3u)));
        if (!ended) trial->failed(ended.error());
        trial->expect(self->alive_ == 0, "a task has outlived its scope");
        trial->expect(self->holders_ == 0, "somebody holds a semaphore that was given back");
        co_await sleepFor(1us);
    }
}

Task<> ScopeWorkload::branch(Scope& scope, Trial* trial, ScopeWorkload* self, unsigned depth) {
    for (std::uint32_t i = 0, count = 1 + trial->choose(3); i < count; ++i) {
        Deferred<> one = scope.spawn(child, trial, self, depth);
        if (trial->happens(6)) one.cancel();
    }
    if (trial->happens(4)) co_await sleepFor(trial->pause());
    if (trial->happens(6)) scope.cancel();
    if (trial->happens(8)) throw PlannedFailure();
}

Task<> ScopeWorkload::child(Trial* trial, ScopeWorkload* self, unsigned depth) {
    Life life(self->alive_);
    if (depth > 0 && trial->happens(2)) {
        co_await withScope(branch, trial, self, depth - 1);
    } else if (trial->happens(4)) {
        co_await shield(50ms, work(trial, self));
        trial->reached("shieldedWork");
    } else {
        co_await work(trial, self);
    }
    if (trial->happens(12)) throw PlannedFailure();
}

Task<> ScopeWorkload::work(Trial* trial, ScopeWorkload* self) {
    Life life(self->alive_);
    if (trial->happens(3)) {
        auto held = co_await self->semaphore_.acquire();
        Life holder(self->holders_);
        trial->expect(self->holders_ <= 2, "a semaphore let in more than it may");
        trial->reached("heldSemaphore");
        co_await sleepFor(trial->pause());
    } else if (trial->happens(2)) {
        self->queue_.put(7);
        int value = co_await self->queue_.get();
        trial->expect(value == 7, "a queue gave what nobody put");
    } else {
        co_await sleepFor(trial->pause());
    }
}

void ScopeWorkload::check(Trial& trial) {
    trial.expect(alive_ == 0, "a task is alive after its reactor has stopped");
}

}  // namespace wring::testing
