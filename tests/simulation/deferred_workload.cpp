#include <wring/tests/simulation/deferred_workload.hpp>

#include <wring/deferred/gather.hpp>
#include <wring/net/errors.hpp>

namespace wring::testing {

using namespace std::chrono_literals;

void DeferredWorkload::begin(Trial& trial) {
    trial_ = &trial;
    trial.start(trial.client(), running_, run, this);
}

Task<> DeferredWorkload::run(Trial* trial, SimulatedHost* host, DeferredWorkload* self) {
    while (!trial->isFinishing()) {
        std::vector<Deferred<int>> graphs;
        for (std::uint32_t i = 0, count = 1 + trial->choose(4); i < count; ++i) {
            graphs.push_back(self->make(host->reactor(), trial->choose(4)));
            self->follow(graphs.back());
            if (trial->happens(3)) self->disturb(graphs.back(), host->reactor());
        }
        auto all = gatherResults(std::move(graphs));
        if (trial->happens(5))
            host->reactor().callLater(trial->pause(), [all]() mutable { all.cancel(); });
        auto results = co_await outcome(all);
        if (!results) trial->failed(results.error());
        co_await sleepFor(1us);  // where a cancellation of this task ends it
    }
}

// Something that fires by itself, in one way or another.
Deferred<int> DeferredWorkload::source(Reactor& reactor) {
    if (trial_->happens(5)) return succeed(1);
    if (trial_->happens(8)) return fail<int>(TimeoutError());
    Trial* trial = trial_;
    auto handle = std::make_shared<Ref<IDelayedCall>>();
    Deferred<int> made([handle, trial](Deferred<int>&) {
        if (*handle && (*handle)->active()) (*handle)->cancel();
        trial->reached("canceller");
    });
    // Holds its Deferred: a graph that nobody follows any more comes to its end all the same.
    *handle = reactor.callLater(trial_->pause(), [made]() mutable {
        if (!made.called()) made.callback(1);
    });
    return made;
}

Deferred<int> DeferredWorkload::make(Reactor& reactor, unsigned depth) {
    Deferred<int> chain = source(reactor);
    if (depth == 0) return chain;
    Trial* trial = trial_;
    auto steps = std::make_shared<int>(0);
    chain.addBoth([this, steps, depth, &reactor](Result<int> result) {
        trial_->expect(++*steps == 1, "a callback came out of order");
        bool isOver = !result && result.error().check<CancelledError>();
        if (isOver || reactor.hasStopped()) return fail<int>(CancelledError());
        if (!result && trial_->happens(2)) return fail<int>(result.error());
        return make(reactor, depth - 1);
    });
    chain.addCallback([steps, trial](int value) {
        trial->expect(++*steps == 2, "a callback came out of order");
        return value + 1;
    });
    chain.addErrback([steps, trial](const Failure& failure) -> Result<int> {
        trial->expect(++*steps == 2, "an errback came out of order");
        return failure;
    });
    return chain;
}

void DeferredWorkload::follow(Deferred<int> chain) {
    ++followed_;
    auto count = std::make_shared<int>(0);
    chain.addBoth([this, count](Result<int> result) {
        trial_->expect(++*count == 1, "a Deferred had two results");
        ++ended_;
        trial_->reached(result ? "deferredValue" : "deferredFailure");
        return result;
    });
}

void DeferredWorkload::disturb(Deferred<int> chain, Reactor& reactor) {
    switch (trial_->choose(3)) {
        case 0:
            chain.addTimeout(trial_->pause() + 1us, reactor);
            break;
        case 1:
            reactor.callLater(trial_->pause(), [chain]() mutable { chain.cancel(); });
            break;
        default:
            chain.pause();
            trial_->reached("pausedDeferred");
            reactor.callLater(std::min<Duration>(trial_->pause(), 1s),
                              [chain]() mutable { chain.unpause(); });
    }
}

void DeferredWorkload::check(Trial& trial) {
    // What a machine that shut down had not done yet stays undone.
    if (ended_ < followed_) trial.reached("abandonedDeferred");
    trial.expect(ended_ <= followed_, "more Deferreds ended than there were");
}

}  // namespace wring::testing
