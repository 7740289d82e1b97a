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
    std::vector<Deferred<T>> inputs;
    std::vector<std::optional<Values>> results;
    std::size_t missing = 0;
    bool isOver = false;
};

template <class T>
void cancelAll(const std::vector<Deferred<T>>& inputs, std::size_t except) noexcept {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (i == except) continue;
        try {
            inputs[i].cancel();
        } catch (...) {
            reportCancellerError();
        }
    }
}

/// A canceller that asks every input; what they do then decides.
template <class State>
auto askAll(std::shared_ptr<State> state) {
    return [state](DeferredBase&) {
        auto inputs = state->inputs;
        cancelAll(inputs, inputs.size());
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
    auto state = std::make_shared<detail::Gathering<T>>();
    Deferred<std::vector<T>> all;
    all.state()->setCanceller(detail::askAll(state), true);
    state->inputs = inputs;
    state->results.resize(inputs.size());
    state->missing = inputs.size();
    if (inputs.empty()) all.callback(std::vector<T>());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        inputs[i].addBoth([state, all, i](Result<T> result) mutable {
            --state->missing;
            if (state->isOver) return;
            if (!result) {
                state->isOver = true;
                return all.errback(FirstError(result.error(), i));
            }
            state->results[i].emplace(std::move(result));
            if (state->missing > 0) return;
            std::vector<T> values;
            values.reserve(state->results.size());
            for (auto& each : state->results) values.push_back(std::move(**each));
            state->isOver = true;
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
/// inputs it never fires.
///
/// Cancel    cancels every input, which normally makes it fail with FailureGroup.
/// Source    Twisted: defer.race; there the losers' ends are not awaited.
template <class T>
    requires(!std::is_void_v<T>)
Deferred<RaceResult<T>> race(std::vector<Deferred<T>> inputs) {
    struct State : detail::Gathering<T> {
        std::optional<RaceResult<T>> winner;
    };
    auto state = std::make_shared<State>();
    state->inputs = inputs;
    state->results.resize(inputs.size());
    state->missing = inputs.size();
    Deferred<RaceResult<T>> first;
    first.state()->setCanceller(detail::askAll(state), true);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        inputs[i].addBoth([state, first, i](Result<T> result) mutable {
            --state->missing;
            bool wins = result.has_value() && !state->winner;
            if (wins) {
                state->winner.emplace(i, std::move(*result));
                auto losers = state->inputs;
                detail::cancelAll(losers, i);
            } else if (!result) {
                state->results[i].emplace(result.error());
            }
            if (state->missing > 0 || std::exchange(state->isOver, true) || first.called()) return;
            if (state->winner) return first.callback(std::move(*state->winner));
            std::vector<Failure> failures;
            for (auto& each : state->results) failures.push_back(each->error());
            first.errback(FailureGroup(std::move(failures)));
        });
    }
    return first;
}

}  // namespace wring
