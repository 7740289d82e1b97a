#pragma once

#include <wring/deferred/start.hpp>
#include <wring/runtime/detail/result_of.hpp>

namespace wring::detail {

/// The value behind what a function returns: of a Deferred, Task or Result its own, else the type.
template <class R>
struct ValueBehind {
    using type = R;
    static constexpr bool isTask = false;
};
template <class T>
struct ValueBehind<Deferred<T>> {
    using type = T;
    static constexpr bool isTask = false;
};
template <class T>
struct ValueBehind<Result<T>> {
    using type = T;
    static constexpr bool isTask = false;
};
template <class T>
struct ValueBehind<Task<T>> {
    using type = T;
    static constexpr bool isTask = true;
};
template <class F, class... Args>
using BehindCall = ValueBehind<std::remove_cvref_t<std::invoke_result_t<F, Args...>>>;

/// Calls `function(args…)` and gives a Deferred of what it returns, throws, or promises with a
/// Deferred or a Task. Twisted: defer.maybeDeferred.
///
/// Lifetime  a Task that refers to `function` ends before it does; see invokeOnce().
template <class F, class... Args>
auto invoke(F& function, Args&&... args) -> Deferred<typename BehindCall<F&, Args...>::type> {
    using Behind = BehindCall<F&, Args...>;
    using T = typename Behind::type;
    try {
        if constexpr (std::is_void_v<std::invoke_result_t<F&, Args...>>) {
            call(function, std::forward<Args>(args)...);
            return succeed();
        } else if constexpr (Behind::isTask) {
            return start(call(function, std::forward<Args>(args)...));
        } else if constexpr (std::is_same_v<CallValue<F&, Args...>, Deferred<T>>) {
            return call(function, std::forward<Args>(args)...);
        } else {
            Deferred<T> done;
            done.callback(Result<T>(call(function, std::forward<Args>(args)...)));
            return done;
        }
    } catch (...) {
        return fail<T>(Failure::current());
    }
}

/// The same for a function that is called once: it and its arguments live as long as its Task.
template <class F, class... Args>
auto invokeOnce(F function, Args... args) {
    if constexpr (BehindCall<F&, Args...>::isTask) {
        return startCall(std::move(function), std::move(args)...);
    } else {
        return invoke(function, std::move(args)...);
    }
}

}  // namespace wring::detail
