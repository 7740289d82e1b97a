#pragma once

#include <wring/deferred/detail/deferred_state.hpp>
#include <wring/runtime/detail/call.hpp>

#include <tuple>
#include <type_traits>

namespace wring {
template <class T>
class Deferred;
}

namespace wring::detail {

/// What a callback produced: a result, or a Deferred that will have it.
template <class T>
struct Produced {
    Produced(Result<T> result) : now(std::move(result)) {}
    Produced(Ref<DeferredState<T>> state) : later(std::move(state)) {}
    std::optional<Result<T>> now;
    Ref<DeferredState<T>> later;
};

/// The result type that a callback's return type stands for.
template <class R>
struct ChainValue {
    using type = R;
};
template <class U>
struct ChainValue<Result<U>> {
    using type = U;
};
template <class U>
struct ChainValue<Deferred<U>> {
    using type = U;
};

/// Calls `function(args…)` and turns what it returns or throws into a Produced<U>.
template <class U, class F, class... Args>
Produced<U> produce(F& function, Args&&... args) noexcept {
    using R = std::remove_cvref_t<std::invoke_result_t<F&, Args...>>;
    try {
        if constexpr (std::is_void_v<R>) {
            call(function, std::forward<Args>(args)...);
            return Result<U>();
        } else if constexpr (std::is_same_v<R, Deferred<U>>) {
            return call(function, std::forward<Args>(args)...).state();
        } else {
            return Result<U>(call(function, std::forward<Args>(args)...));
        }
    } catch (...) {
        return Result<U>(Failure::current());
    }
}

/// A function that both halves of a pair call.
template <class F>
struct SharedCall final : RefCounted, Pooled {
    explicit SharedCall(F given) : function(std::move(given)) {}
    F function;
};
template <class F>
Ref<SharedCall<F>> shareCall(F function) {
    return makeRef<SharedCall<F>>(std::move(function));
}

/// Moves the result of the Deferred it hangs on to the one that waits for it.
template <class T>
class ContinuationLink final : public OwnedLink {
 public:
    explicit ContinuationLink(Ref<DeferredState<T>> waiter) noexcept : waiter_(std::move(waiter)) {}
    ~ContinuationLink() override {
        if (!waiter_) return;
        waiter_->innerLost();
        DeferredBase::drop(std::move(waiter_));
    }
    Step run(DeferredBase& current, Ref<DeferredBase>& next) noexcept override {
        auto& giver = static_cast<DeferredState<T>&>(current);
        waiter_->put(giver.takeOrNothing());
        waiter_->stopWaiting();
        next = std::move(waiter_);
        return Step::moved;
    }

 private:
    Ref<DeferredState<T>> waiter_;
};

/// Gives `state`, whose turn it is, what a callback produced.
template <class T>
Step settle(DeferredState<T>& state, Produced<T> produced) noexcept {
    if (produced.now) {
        state.put(std::move(*produced.now));
        return Step::next;
    }
    DeferredState<T>& inner = *produced.later;
    WRING_ASSERT(&inner != &state, "a callback returned the Deferred it was attached to");
    if (inner.isReady()) {
        state.put(inner.takeOrNothing());
        return Step::next;
    }
    state.waitFor(inner);
    inner.append(*new ContinuationLink<T>(Ref<DeferredState<T>>(&state)));
    return Step::blocked;
}

/// Calls one half of a pair of callbacks with the result.
template <class T, class U, class Callback, class Errback>
Produced<U> applyPair(Result<T> result, Callback& callback, Errback& errback) noexcept {
    if (!result.has_value()) return errback(std::move(result).error());
    if constexpr (std::is_void_v<T>) {
        return callback();
    } else {
        return callback(std::move(*result));
    }
}

/// Fires another Deferred with the result, and leaves nothing here.
template <class T>
class FiringLink final : public OwnedLink {
 public:
    explicit FiringLink(Ref<DeferredState<T>> target) noexcept : target_(std::move(target)) {}
    Step run(DeferredBase& current, Ref<DeferredBase>&) noexcept override {
        auto& state = static_cast<DeferredState<T>&>(current);
        try {
            target_->fire(state.takeOrNothing());
        } catch (...) {
            state.put(Failure::current());  // it has been called already
        }
        return Step::next;
    }

 private:
    Ref<DeferredState<T>> target_;
};

/// A pair of callbacks that keeps the type: the chain goes on in place.
template <class T, class Callback, class Errback>
class InPlaceLink final : public OwnedLink {
 public:
    InPlaceLink(Callback callback, Errback errback)
        : callback_(std::move(callback)), errback_(std::move(errback)) {}
    Step run(DeferredBase& current, Ref<DeferredBase>&) noexcept override {
        auto& state = static_cast<DeferredState<T>&>(current);
        return settle(state, applyPair<T, T>(state.takeOrNothing(), callback_, errback_));
    }

 private:
    Callback callback_;
    Errback errback_;
};

/// A pair of callbacks that changes the type: the chain goes on in another Deferred.
template <class T, class U, class Callback, class Errback>
class MovingLink final : public OwnedLink {
 public:
    MovingLink(Ref<DeferredState<U>> target, Callback callback, Errback errback)
        : target_(std::move(target)),
          callback_(std::move(callback)),
          errback_(std::move(errback)) {}
    ~MovingLink() override {
        if (!target_) return;
        target_->setUpstream(nullptr);
        DeferredBase::drop(std::move(target_));
    }
    Step run(DeferredBase& current, Ref<DeferredBase>& next) noexcept override {
        auto& state = static_cast<DeferredState<T>&>(current);
        Produced<U> produced = applyPair<T, U>(state.takeOrNothing(), callback_, errback_);
        Ref<DeferredState<U>> target = std::move(target_);
        if (!target->acceptFrom()) return Step::next;
        if (settle(*target, std::move(produced)) == Step::blocked) return Step::next;
        next = std::move(target);
        return Step::moved;
    }

 private:
    Ref<DeferredState<U>> target_;
    Callback callback_;
    Errback errback_;
};

}  // namespace wring::detail
