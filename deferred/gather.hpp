#pragma once

#include <wring/deferred/deferred.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace wring {

namespace detail {

template <class T>
struct Gathering {
    using Values = std::conditional_t<std::is_void_v<T>, Result<void>, Result<T>>;
    explicit Gathering(const std::vector<Deferred<T>>& given)
        : results(given.size()), missing(given.size()) {
        inputs.reserve(given.size());
        for (const Deferred<T>& each : given) inputs.push_back(each.state().get());
    }
    /// Whether those that could still answer have.
    bool isAbandoned() const noexcept { return isCancelled && missing == lost; }

    // Not kept alive by this: they keep it. Null once nothing is to be had from them any more.
    std::vector<DeferredState<T>*> inputs;
    std::vector<std::optional<Values>> results;
    std::size_t missing = 0;  // inputs without a result …
    std::size_t lost = 0;     // … and of these, who will never have one
    bool isCancelled = false;
    bool isOver = false;
};

/// What hangs on one input, until that has a result or is gone.
template <class State>
class Hold {
 public:
    Hold(std::shared_ptr<State> state, std::size_t index) noexcept
        : state_(std::move(state)), index_(index) {}
    Hold(Hold&&) noexcept = default;
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
        if (!state_) return;
        state_->inputs[index_] = nullptr;
        if (!hasResult_) ++state_->lost;
    }
    /// Notes that the result has come.
    State& resolve() noexcept {
        hasResult_ = true;
        --state_->missing;
        return *state_;
    }

 private:
    std::shared_ptr<State> state_;
    std::size_t index_;
    bool hasResult_ = false;
};

template <class State>
void cancelAll(State& state, std::size_t except) noexcept {
    for (std::size_t i = 0; i < state.inputs.size(); ++i) {
        if (i == except || !state.inputs[i]) continue;
        Ref<DeferredBase> each(state.inputs[i]);
        try {
            each->cancel();
        } catch (...) {
            reportCancellerError();
        }
    }
}

/// A canceller that asks every input; what they do then decides, if there is one left.
template <class State>
auto askAll(std::shared_ptr<State> state) {
    return [state](DeferredBase& all) {
        state->isCancelled = true;
        cancelAll(*state, state->inputs.size());
        if (state->isAbandoned()) all.fail(Failure::of<CancelledError>());
    };
}

}  // namespace detail

/// All the values, in the order of `inputs`. Fails with FirstError at the first failure; the others
/// go on, and what they give or fail with later is dropped. Consumes the inputs' results.
///
/// Cancel    cancels every input; fails with what they fail with.
/// Source    Twisted: defer.gatherResults(consumeErrors=True).
template <class T>
    requires(!std::is_void_v<T>)
Deferred<std::vector<T>> gatherResults(std::vector<Deferred<T>> inputs) {
    using State = detail::Gathering<T>;
    auto state = std::make_shared<State>(inputs);
    Deferred<std::vector<T>> all;
    all.state()->setCanceller(detail::askAll(state), true);
    if (inputs.empty()) all.callback(std::vector<T>());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        inputs[i].addBoth([hold = detail::Hold<State>(state, i), all, i](Result<T> result) mutable {
            State& gathering = hold.resolve();
            if (gathering.isOver || all.called()) return;
            if (!result) {
                gathering.isOver = true;
                return all.errback(FirstError(result.error(), i));
            }
            gathering.results[i].emplace(std::move(result));
            if (gathering.missing > 0) {
                if (gathering.isAbandoned()) all.errback(Failure::of<CancelledError>());
                return;
            }
            std::vector<T> values;
            values.reserve(gathering.results.size());
            for (auto& each : gathering.results) values.push_back(std::move(**each));
            gathering.isOver = true;
            all.callback(std::move(values));
        });
    }
    return all;
}

/// Waits for all of `inputs`; otherwise as above.
inline Deferred<> gatherResults(std::vector<Deferred<>> inputs) {
    std::vector<Deferred<bool>> flags;
    flags.reserve(inputs.size());
    for (Deferred<>& each : inputs) flags.push_back(each.addCallback([] { return true; }));
    return gatherResults(std::move(flags)).addCallback([](std::vector<bool>) {});
}

/// What race() gives: who came first, and with what.
template <class T>
struct RaceResult {
    RaceResult(std::size_t winner, T result) : index(winner), value(std::move(result)) {}
    std::size_t index;
    T value;
};

/// The first success; all others are cancelled then, and have ended when this fires. If all fail:
/// FailureGroup with the failures in the order of `inputs`. Consumes the inputs' results. Without
/// inputs it never fires, unless cancelled.
///
/// Cancel    cancels every input, which normally makes it fail with FailureGroup.
/// Source    Twisted: defer.race; there the losers' ends are not awaited.
template <class T>
    requires(!std::is_void_v<T>)
Deferred<RaceResult<T>> race(std::vector<Deferred<T>> inputs) {
    struct State : detail::Gathering<T> {
        using detail::Gathering<T>::Gathering;
        std::optional<RaceResult<T>> winner;
    };
    auto state = std::make_shared<State>(inputs);
    Deferred<RaceResult<T>> first;
    first.state()->setCanceller(detail::askAll(state), true);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        inputs[i].addBoth([hold = detail::Hold<State>(state, i), first, i](Result<T> result) mutable {
            State& running = hold.resolve();
            if (!result) {
                running.results[i].emplace(result.error());
            } else if (!running.winner) {
                running.winner.emplace(i, std::move(*result));
                running.isCancelled = true;
                detail::cancelAll(running, i);
            }
            bool isLast = running.missing == 0 || running.isAbandoned();
            if (!isLast || first.called() || std::exchange(running.isOver, true)) return;
            if (running.winner) return first.callback(std::move(*running.winner));
            if (running.missing > 0) return first.errback(Failure::of<CancelledError>());
            std::vector<Failure> failures;
            for (auto& each : running.results) failures.push_back(each->error());
            first.errback(FailureGroup(std::move(failures)));
        });
    }
    return first;
}

}  // namespace wring
