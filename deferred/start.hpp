#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/runtime/outcome.hpp>
#include <wring/runtime/task.hpp>

#include <type_traits>
#include <utility>

namespace wring {

/// Starts a task now, as a fiber of its own, and gives its Deferred. It runs until its first
/// suspension inside this call. Dropping the handle does not end it: the reactor's shutdown does.
///
/// Source    Twisted: Deferred.fromCoroutine.
template <class T>
Deferred<T> start(Task<T> task) {
    co_await detail::TakePlace(task.place());
    // The task is a local: its frame, arguments included, is gone when the Deferred fires.
    Result<T> result = co_await outcome(Task<T>(std::move(task)));
    if constexpr (std::is_void_v<T>) {
        result.value();
    } else {
        co_return std::move(result);
    }
}

/// Starts function(args…), which returns a Task. Function and arguments are taken by value and
/// live as long as the task.
template <class F, class... Args>
auto startCall(F function, Args... args)
    -> Deferred<typename std::invoke_result_t<F&, Args...>::value_type> {
    using T = typename std::invoke_result_t<F&, Args...>::value_type;
    auto task = detail::call(function, std::move(args)...);
    co_await detail::TakePlace(task.place());
    Result<T> result = co_await outcome(std::move(task));
    if constexpr (std::is_void_v<T>) {
        result.value();
    } else {
        co_return std::move(result);
    }
}

}  // namespace wring
