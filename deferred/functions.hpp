#pragma once

#include <wring/deferred/start.hpp>

#include <concepts>
#include <source_location>
#include <utility>

namespace wring {

namespace detail {

template <class R>
struct MaybeDeferred {
    using type = Deferred<R>;
    static type from(R value) { return succeed(std::move(value)); }
};
template <>
struct MaybeDeferred<Failure> {
    using type = Deferred<>;
    static type from(Failure failure) { return fail(std::move(failure)); }
};
template <class T>
struct MaybeDeferred<Result<T>> {
    using type = Deferred<T>;
    static type from(Result<T> result) {
        type deferred;
        deferred.callback(std::move(result));
        return deferred;
    }
};
template <class T>
struct MaybeDeferred<Deferred<T>> {
    using type = Deferred<T>;
    static type from(Deferred<T> deferred) { return deferred; }
};
template <class T>
struct MaybeDeferred<Task<T>> {
    using type = Deferred<T>;
    static type from(Task<T> task) { return wring::start(std::move(task)); }
};

template <class F, class... Args>
using ReturnOf = std::remove_cvref_t<std::invoke_result_t<F&, Args...>>;

}  // namespace detail

/// Calls function(args…) and gives what it returned or threw as a Deferred that has fired. A
/// Deferred that is returned is the value.
///
/// Source    Twisted: defer.execute.
template <class F, class... Args>
auto execute(F function, Args... args) -> Deferred<detail::ReturnOf<F, Args...>> {
    using R = detail::ReturnOf<F, Args...>;
    try {
        if constexpr (std::is_void_v<R>) {
            detail::call(function, std::move(args)...);
            return succeed();
        } else {
            return succeed<R>(detail::call(function, std::move(args)...));
        }
    } catch (...) {
        return fail<R>(Failure::current());
    }
}

/// Calls function(args…) and gives a Deferred whatever it did: one that it returned is given as it
/// is, a Task is started, a Failure or an exception fails it, any other value succeeds. Never
/// throws what the function does.
///
/// Lifetime  of a task's arguments: they live until the function returns, unless it is a coroutine,
///           which takes them by value.
/// Source    Twisted: defer.maybeDeferred.
template <class F, class... Args>
auto maybeDeferred(F function, Args... args) {
    using R = detail::ReturnOf<F, Args...>;
    if constexpr (std::is_void_v<R>) {
        return execute(std::move(function), std::move(args)...);
    } else {
        using Maybe = detail::MaybeDeferred<R>;
        using D = typename Maybe::type;
        try {
            return D(Maybe::from(detail::call(function, std::move(args)...)));
        } catch (...) {
            return fail<typename D::value_type>(Failure::current());
        }
    }
}

/// A Deferred as it is; a Task is started. Twisted: defer.ensureDeferred, Deferred.fromCoroutine.
template <class T>
Deferred<T> ensureDeferred(Deferred<T> deferred) {
    return deferred;
}
template <class T>
Deferred<T> ensureDeferred(Task<T> task) {
    return start(std::move(task));
}

/// Logs the failure as an error and gives it on, for use as an errback. Twisted: defer.logError.
WRING_API Failure logError(Failure failure);

}  // namespace wring
