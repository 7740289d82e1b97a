#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/deferred/detail/gathering.hpp>
#include <wring/deferred/start.hpp>

#include <optional>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace wring {

namespace detail {

template <class T>
Deferred<T> deferredOf(Deferred<T> given) {
    return given;
}
template <class T>
Deferred<T> deferredOf(Task<T> task) {
    return start(std::move(task));
}

/// What can be gathered: a Deferred, or a task, which is started.
template <class A>
concept Gatherable = requires(A input) { detail::deferredOf(std::move(input)); };

/// What stands for a result of type T where several stand side by side.
template <class T>
using PlaceOf = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
struct VectorGathering final : Gathering {
    explicit VectorGathering(const std::vector<Deferred<T>>& given)
        : Gathering(given.size()), values(given.size()) {
        for (std::size_t i = 0; i < given.size(); ++i) setInput(i, *given[i].state());
    }
    std::vector<T> whole() {
        std::vector<T> all;
        all.reserve(values.size());
        for (auto& each : values) all.push_back(std::move(*each));
        return all;
    }
    std::vector<std::optional<T>> values;
};

template <class... T>
struct TupleGathering final : Gathering {
    explicit TupleGathering(const Deferred<T>&... given) : Gathering(sizeof...(T)) {
        std::size_t i = 0;
        (setInput(i++, *given.state()), ...);
    }
    std::tuple<PlaceOf<T>...> whole() {
        return std::apply(
            [](auto&... each) { return std::tuple<PlaceOf<T>...>(std::move(*each)...); }, values);
    }
    std::tuple<std::optional<PlaceOf<T>>...> values;
};

/// Hangs one input on the whole; placeIn(state) is where its value waits for the others.
template <class State, class T, class Whole, class PlaceIn>
void gatherOne(Ref<State> state, std::size_t index, Deferred<T> input, Deferred<Whole> all,
               PlaceIn placeIn) {
    input.addBoth([hold = Hold<State>(std::move(state), index), all = std::move(all), index,
                   placeIn](Result<T> result) mutable {
        State& gathering = hold.resolve();
        if (gathering.isOver || all.called()) return;
        if (!result) {
            gathering.isOver = true;
            return all.errback(firstError(result.error(), index));
        }
        if constexpr (std::is_void_v<T>) {
            placeIn(gathering).emplace();
        } else {
            placeIn(gathering).emplace(std::move(*result));
        }
        if (gathering.isComplete()) {
            gathering.isOver = true;
            all.callback(gathering.whole());
        } else if (gathering.isAbandoned()) {
            all.errback(Failure::of<CancelledError>());
        }
    });
}

template <class... T>
Deferred<std::tuple<PlaceOf<T>...>> gatherTuple(Deferred<T>... inputs) {
    using State = TupleGathering<T...>;
    auto state = makeRef<State>(inputs...);
    Deferred<std::tuple<PlaceOf<T>...>> all;
    all.state()->setCanceller(askAll(state), true);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (gatherOne(state, I, std::move(inputs), all,
                   [](State& gathering) -> auto& { return std::get<I>(gathering.values); }),
         ...);
    }(std::index_sequence_for<T...>());
    return all;
}

}  // namespace detail

/// All the values, in the order of `inputs`. Fails with FirstError at the first failure; the others
/// go on, and what they give or fail with later is dropped. Consumes the inputs' results.
///
/// Cancel    cancels every input; fails with what they fail with. May be repeated.
/// Source    Twisted: defer.gatherResults(consumeErrors=True).
template <class T>
    requires(!std::is_void_v<T>)
Deferred<std::vector<T>> gatherResults(std::vector<Deferred<T>> inputs) {
    using State = detail::VectorGathering<T>;
    auto state = makeRef<State>(inputs);
    Deferred<std::vector<T>> all;
    all.state()->setCanceller(detail::askAll(state), true);
    if (inputs.empty()) all.callback(std::vector<T>());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        detail::gatherOne(state, i, inputs[i], all,
                          [i](State& gathering) -> auto& { return gathering.values[i]; });
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

/// The values of inputs of different types, Deferreds and tasks, as a tuple in their order; where
/// there is no value, of void, it has a std::monostate. Tasks are started from left to right, each
/// as a fiber of its own. Otherwise as above. Give the tuple a name before taking it apart.
///
/// Cancel    as above. Whoever awaits this and is cancelled, or meets a deadline, cancels all.
template <detail::Gatherable... Inputs>
    requires(sizeof...(Inputs) > 0)
auto gatherResults(Inputs... inputs)
    -> Deferred<std::tuple<detail::PlaceOf<typename Inputs::value_type>...>> {
    // A braced list: it is evaluated from left to right, unlike arguments.
    std::tuple<Deferred<typename Inputs::value_type>...> started{
        detail::deferredOf(std::move(inputs))...};
    return std::apply([](auto&... each) { return detail::gatherTuple(std::move(each)...); },
                      started);
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
    struct State final : detail::Gathering {
        using Gathering::Gathering;
        std::vector<std::optional<Failure>> failures{size()};
        std::optional<RaceResult<T>> winner;
    };
    auto state = makeRef<State>(inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) state->setInput(i, *inputs[i].state());
    Deferred<RaceResult<T>> first;
    first.state()->setCanceller(detail::askAll(state), true);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        inputs[i].addBoth([hold = detail::Hold<State>(state, i), first, i](Result<T> result) mutable {
            State& running = hold.resolve();
            if (!result) {
                running.failures[i] = result.error();
            } else if (!running.winner) {
                running.winner.emplace(i, std::move(*result));
                running.cancelAll(i);
            }
            bool isLast = running.isComplete() || running.isAbandoned();
            if (!isLast || first.called() || std::exchange(running.isOver, true)) return;
            if (running.winner) return first.callback(std::move(*running.winner));
            if (!running.isComplete()) return first.errback(Failure::of<CancelledError>());
            std::vector<Failure> failures;
            for (auto& each : running.failures) failures.push_back(std::move(*each));
            first.errback(FailureGroup(std::move(failures)));
        });
    }
    return first;
}

}  // namespace wring
