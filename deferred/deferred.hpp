#pragma once

#include <wring/deferred/detail/deferred_awaiter.hpp>
#include <wring/deferred/detail/deferred_links.hpp>
#include <wring/deferred/detail/deferred_promise.hpp>
#include <wring/deferred/detail/timeout_link.hpp>
#include <wring/deferred/errors.hpp>

#include <source_location>
#include <string>
#include <utility>

namespace wring {

/// A result that is there or will be, with a chain of callbacks, and what a running task is: a
/// coroutine may return a Deferred and starts at once.
///
/// A copyable handle to one state. Callbacks run in order, synchronously in whoever fires it or,
/// when there is a result already, inside the call that adds them. What a callback returns or
/// throws is the result the next one gets; returning a Deferred makes the chain wait for it. A
/// callback that keeps the type runs in place and `*this` is returned; one that changes it moves
/// the chain into a new Deferred, after which this handle can cancel and inspect only. The result
/// is moved along, so it needs not be copyable, and can be awaited once.
///
/// Errors    a failure that nobody handled is logged when the last handle goes.
/// Thread    its reactor's.
/// Source    Twisted: defer.Deferred.
template <class T = void>
class Deferred {
    using State = detail::DeferredState<T>;
    template <class U, class F, class... Args>
    static auto bind(F function, Args... args) {
        return [function = std::move(function), ... args = std::move(args)](auto&&... in) mutable {
            return detail::produce<U>(function, std::forward<decltype(in)>(in)..., args...);
        };
    }
    template <class U>
    static auto passFailure() {
        return [](Failure&& failure) { return detail::Produced<U>(Result<U>(std::move(failure))); };
    }

 public:
    using promise_type = detail::DeferredPromise<T>;
    using value_type = T;

    /// One that has no result yet. Without a canceller, cancel() fails it and swallows one late
    /// result.
    Deferred(std::source_location where = std::source_location::current())
        : state_(makeRef<State>()) {
        state_->setPlace(where);
    }
    /// One whose work is stopped by `canceller(deferred)`, which may fire it; else it fails with
    /// CancelledError when the canceller returns.
    template <class Canceller>
        requires std::invocable<Canceller&, Deferred&>
    explicit Deferred(Canceller canceller,
                      std::source_location where = std::source_location::current())
        : Deferred(where) {
        state_->setCanceller([canceller = std::move(canceller)](detail::DeferredBase& base) mutable {
            Deferred self{Ref<State>(static_cast<State*>(&base))};
            canceller(self);
        });
    }
    explicit Deferred(Ref<State> state) noexcept : state_(std::move(state)) {}

    /// Fires it with a value (or a Result, or a Failure). Throws AlreadyCalledError.
    void callback()
        requires std::is_void_v<T>
    {
        state_->fire({});
    }
    template <class V>
        requires std::is_constructible_v<Result<T>, V&&>
    void callback(V&& value) {
        state_->fire(Result<T>(std::forward<V>(value)));
    }
    /// Fires it with a failure or an exception object. Throws AlreadyCalledError.
    void errback(Failure failure) { state_->fire(std::move(failure)); }
    /// Fires it with the exception that is being handled. Throws NoCurrentExceptionError.
    void errback() { errback(detail::currentFailure()); }

    /// Adds callback(value, args…) for success and passes failures through.
    template <class F, class... Args>
    auto addCallback(F function, Args... args) {
        using U = CallbackValue<F, Args...>;
        return link<U>(bind<U>(std::move(function), std::move(args)...), passFailure<U>());
    }
    /// Adds errback(failure, args…) for failure and passes values through. It returns a T, a
    /// Failure, a Result<T> or a Deferred<T>; with T void also nothing.
    template <class F, class... Args>
    Deferred addErrback(F function, Args... args) {
        auto passValue = [](auto&&... value) {
            return detail::Produced<T>(Result<T>(std::move(value)...));
        };
        return link<T>(std::move(passValue), bind<T>(std::move(function), std::move(args)...));
    }
    /// Adds both halves of a pair; they lead to the same type.
    template <class F, class G>
    auto addCallbacks(F onValue, G onFailure) {
        using U = CallbackValue<F>;
        return link<U>(bind<U>(std::move(onValue)), bind<U>(std::move(onFailure)));
    }
    /// Adds function(result, args…), called with a Result<T> either way.
    template <class F, class... Args>
    auto addBoth(F function, Args... args) {
        using R = std::remove_cvref_t<std::invoke_result_t<F&, Result<T>, Args&...>>;
        using U = Keep<typename detail::ChainValue<R>::type>;
        // Shared by the two halves, of which one is called.
        auto shared = detail::shareCall(bind<U>(std::move(function), std::move(args)...));
        return link<U>(
            [shared](auto&&... value) { return shared->function(Result<T>(std::move(value)...)); },
            [shared](Failure&& failure) { return shared->function(Result<T>(std::move(failure))); });
    }

    /// Cancels it unless the chain has come this far in time: callbacks added before are covered,
    /// those added later are not. A CancelledError that comes of it turns into TimeoutError; any
    /// other result is passed on.
    template <class D>
    Deferred addTimeout(D limit, IReactorTime& time) {
        return addTimeout(limit, time, detail::timedOut<T, D>);
    }
    /// Likewise; `onTimeoutCancel(result, limit)`, called with the Result<T> that came after the
    /// time was over, decides. It returns what an errback may.
    template <class D, class F>
    Deferred addTimeout(D limit, IReactorTime& time, F onTimeoutCancel) {
        Ref<State> alive = state_;
        alive->append(*new detail::ConvertingTimeoutLink<T, D, F>(*alive, time, limit,
                                                                  std::move(onTimeoutCancel)));
        return *this;
    }

    /// Hands the result to `next`, as its callback() or errback(); nothing is left here but, where T
    /// is void, a success. When `next` has been called already this goes on with
    /// AlreadyCalledError. Cancelling one of the two does not cancel the other.
    Deferred chainDeferred(Deferred next) {
        Ref<State> alive = state_;
        alive->append(*new detail::FiringLink<T>(next.state_));
        return *this;
    }

    /// Asks that the work behind it ends: a coroutine at its next suspension point and at all
    /// that follow; what it waits for, if its chain waits for another Deferred; else the canceller.
    /// No effect once there is a result. Await it to know the end.
    void cancel() const { Ref<State>(state_)->cancel(); }

    /// Holds back callbacks until unpause() was called as often.
    void pause() noexcept { state_->pause(); }
    void unpause() noexcept { Ref<State>(state_)->unpause(); }

    /// Whether it has been fired (its chain may still wait for another one).
    bool called() const noexcept { return state_->isCalled(); }
    /// Whether the result can be had without waiting.
    bool isReady() const noexcept { return state_->isReady(); }
    friend bool operator==(const Deferred&, const Deferred&) noexcept = default;
    /// "<Deferred at 0x…>", with what it waits for or the result it has, and where it was made.
    std::string toString() const { return state_->toString(); }

    /// Waits for the result and moves it out. Cancelling the one who waits cancels this.
    auto operator co_await() const { return detail::DeferredAwaiter<T>(state_); }

    /// For the library and for those who extend it.
    const Ref<State>& state() const noexcept { return state_; }

 private:
    template <class U>
    using Keep = std::conditional_t<std::is_same_v<U, Failure>, T, U>;

    template <class F, class... Args>
    struct CallbackResult : std::invoke_result<F&, T, Args&...> {};
    template <class F, class... Args>
        requires std::is_void_v<T>
    struct CallbackResult<F, Args...> : std::invoke_result<F&, Args&...> {};
    template <class F, class... Args>
    using CallbackValue = Keep<typename detail::ChainValue<
        std::remove_cvref_t<typename CallbackResult<F, Args...>::type>>::type>;

    template <class U, class Callback, class Errback>
    Deferred<U> link(Callback onValue, Errback onFailure) {
        if constexpr (std::is_same_v<T, U>) {
            Ref<State> alive = state_;
            alive->append(*new detail::InPlaceLink<T, Callback, Errback>(std::move(onValue),
                                                                         std::move(onFailure)));
            return *this;
        } else {
            auto target = makeRef<detail::DeferredState<U>>();
            target->setUpstream(state_.get());
            Ref<State> alive = state_;
            alive->append(*new detail::MovingLink<T, U, Callback, Errback>(
                target, std::move(onValue), std::move(onFailure)));
            return Deferred<U>(std::move(target));
        }
    }

    Ref<State> state_;
};

/// A Deferred that has succeeded already. Twisted: defer.succeed.
template <class T>
Deferred<T> succeed(T value, std::source_location where = std::source_location::current()) {
    Deferred<T> deferred(where);
    deferred.callback(std::move(value));
    return deferred;
}
inline Deferred<> succeed(std::source_location where = std::source_location::current()) {
    Deferred<> deferred(where);
    deferred.callback();
    return deferred;
}

/// A Deferred that has failed already. Twisted: defer.fail.
template <class T = void>
Deferred<T> fail(Failure failure,
                 std::source_location where = std::source_location::current()) {
    Deferred<T> deferred(where);
    deferred.errback(std::move(failure));
    return deferred;
}

}  // namespace wring
