#pragma once

#include <wring/deferred/detail/deferred_state.hpp>

namespace wring {
template <class T>
class Deferred;
}

namespace wring::detail {

/// The promise of a coroutine that returns a Deferred: runs at once, as a fiber of its own, and
/// fires its state at the end.
template <class T>
struct DeferredPromiseBase : PromiseBase {
    explicit DeferredPromiseBase(const std::source_location& where)
        : state(makeRef<DeferredState<T>>()) {
        fiber = &ownFiber;
        state->setFiber(&ownFiber);
        setPlace(where);
    }
    void setPlace(const std::source_location& where) noexcept {
        state->setPlace(where);
        ownFiber.setPlace(where);
    }
    Deferred<T> get_return_object() { return Deferred<T>(state); }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() noexcept {
        Ref<DeferredState<T>> last = std::move(state);
        if (ownFiber.isCancelled()) last->toldToEnd();
        last->fireOnce(std::move(*result));
        return {};
    }
    void unhandled_exception() noexcept { result.emplace(Failure::current()); }

    Ref<DeferredState<T>> state;
    std::optional<Result<T>> result;
    Fiber ownFiber;
};

template <class T>
struct DeferredPromise : DeferredPromiseBase<T> {
    explicit DeferredPromise(const std::source_location& where = std::source_location::current())
        : DeferredPromiseBase<T>(where) {}
    template <class U>
        requires std::is_constructible_v<Result<T>, U&&>
    void return_value(U&& value) {
        this->result.emplace(std::forward<U>(value));
    }
};

template <>
struct DeferredPromise<void> : DeferredPromiseBase<void> {
    explicit DeferredPromise(const std::source_location& where = std::source_location::current())
        : DeferredPromiseBase<void>(where) {}
    void return_void() noexcept { result.emplace(); }
};

}  // namespace wring::detail
