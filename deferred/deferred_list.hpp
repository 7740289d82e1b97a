#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/deferred/detail/gathering.hpp>
#include <wring/deferred/detail/passing_link.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace wring {

/// What a DeferredList does about failures. Set by name on an object.
class DeferredListOptions {
 public:
    DeferredListOptions() noexcept {}

    /// Fails with FirstError at the first failure.
    DeferredListOptions& fireOnOneErrback(bool on = true) noexcept {
        firesOnOneErrback = on;
        return *this;
    }
    /// Takes the failures out of the inputs: what is added to them later sees nothing, and nobody
    /// reports them as unhandled.
    DeferredListOptions& consumeErrors(bool on = true) noexcept {
        consumesErrors = on;
        return *this;
    }

    bool firesOnOneErrback = false;  ///< as set
    bool consumesErrors = false;     ///< as set
};

/// What fireOnOneCallback() gives.
template <class T>
struct FirstSuccess {
    FirstSuccess(std::size_t at, Result<T> decided, std::vector<Result<T>> all)
        : index(at), first(std::move(decided)), results(std::move(all)) {}
    std::size_t index;               ///< who decided it
    Result<T> first;                 ///< the first success; if all failed, the last failure
    std::vector<Result<T>> results;  ///< empty, but if all failed: all, in the order of the inputs
};

namespace detail {

template <class T>
struct ListGathering final : Gathering {
    ListGathering(const std::vector<Deferred<T>>& given, DeferredListOptions chosen)
        : Gathering(given.size()), options(chosen), seen(given.size()) {
        results.reserve(given.size());
        for (std::size_t i = 0; i < given.size(); ++i) setInput(i, *given[i].state());
    }
    // The memory for it was taken before there was a result.
    std::vector<Result<T>> whole() noexcept {
        for (auto& each : seen) results.push_back(std::move(*each));
        return std::move(results);
    }
    DeferredListOptions options;
    std::vector<std::optional<Result<T>>> seen;
    std::vector<Result<T>> results;
};

/// The value for the list: a copy, or itself if it cannot be copied; a failure in any case a copy.
template <class T>
Result<T> seenResult(DeferredState<T>& input) noexcept {
    if (!input.hasResult()) return input.takeOrNothing();
    if (const Failure* failure = input.failure()) return *failure;
    if constexpr (std::is_void_v<T>) {
        return {};
    } else if constexpr (std::is_copy_constructible_v<T>) {
        try {
            return *input.result();
        } catch (...) {
            return Failure::current();
        }
    } else {
        return input.take();
    }
}

/// Hangs `all` on the inputs. decide(all, state, index) is called with each result that comes
/// before `all` has been fired, and may fire it.
template <class T, class Whole, class Decide>
void listen(std::vector<Deferred<T>> inputs, DeferredListOptions options, Deferred<Whole> all,
            Decide decide) {
    using State = ListGathering<T>;
    auto state = makeRef<State>(inputs, options);
    all.state()->setCanceller(askAll(state), true);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        auto look = [hold = Hold<State>(state, i), all, i,
                     decide](DeferredState<T>& input) mutable {
            State& list = hold.resolve();
            bool isEarly = !list.isOver && !all.called();
            if (isEarly) list.seen[i].emplace(seenResult(input));
            if (list.options.consumesErrors && input.failure()) (void)input.take();
            if (!isEarly) return;
            if (!list.seen[i]->has_value() && list.options.firesOnOneErrback) {
                list.isOver = true;
                return all.errback(firstError(list.seen[i]->error(), i));
            }
            decide(all, list, i);
            if (!all.called() && list.isAbandoned()) all.errback(Failure::of<CancelledError>());
        };
        lookAtResult(inputs[i].state(), std::move(look));
    }
}

}  // namespace detail

/// The results of all of `inputs`, values and failures, in their order: a Deferred that fires when
/// the last of them has one, inside the call that gives it, or here and now; at once if there are
/// none. Fails only if the options say so.
///
/// The inputs keep their results for the callbacks that are added to them later: a value that can
/// be copied is copied for the list, one that can only be moved goes to the list and leaves nothing
/// behind; a failure stays unless the options consume it. What was added to an input before counts
/// to its result.
///
/// Errors    FirstError with fireOnOneErrback; CancelledError when cancelled while no input is
///           left that could answer.
/// Cancel    while it has not fired: cancels every input, each time; what they do then decides.
///           Once it has fired, early too: nothing, the inputs that are left go on.
/// Lifetime  the vector is copied. The inputs are not kept alive.
/// Source    Twisted: defer.DeferredList.
template <class T>
class DeferredList : public Deferred<std::vector<Result<T>>> {
 public:
    explicit DeferredList(std::vector<Deferred<T>> inputs, DeferredListOptions options = {}) {
        using Whole = std::vector<Result<T>>;
        if (inputs.empty()) this->callback(Whole());
        auto decide = [](Deferred<Whole>& all, detail::ListGathering<T>& list, std::size_t) {
            if (!list.isComplete()) return;
            list.isOver = true;
            all.callback(list.whole());
        };
        detail::listen(std::move(inputs), options, Deferred<Whole>(*this), decide);
    }
};

/// DeferredList with fireOnOneCallback, a function as it gives another type: the first success of
/// `inputs`, and who it was, while the others go on; if all fail, all results. Never fires without
/// inputs, unless cancelled. All else is as with DeferredList; a value that can only be moved and
/// comes late stays in its input.
///
/// Source    Twisted: DeferredList(fireOnOneCallback=True).
template <class T>
Deferred<FirstSuccess<T>> fireOnOneCallback(std::vector<Deferred<T>> inputs,
                                            DeferredListOptions options = {}) {
    using Whole = FirstSuccess<T>;
    Deferred<Whole> one;
    auto decide = [](Deferred<Whole>& first, detail::ListGathering<T>& list, std::size_t index) {
        bool isSuccess = list.seen[index]->has_value();
        if (!isSuccess && !list.isComplete()) return;
        list.isOver = true;
        if (isSuccess) return first.callback(Whole(index, std::move(*list.seen[index]), {}));
        Result<T> last = list.seen[index]->error();
        first.callback(Whole(index, std::move(last), list.whole()));
    };
    detail::listen(std::move(inputs), options, one, decide);
    return one;
}

}  // namespace wring
