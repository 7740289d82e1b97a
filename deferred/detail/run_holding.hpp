#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/deferred/held.hpp>
#include <wring/runtime/outcome.hpp>
#include <wring/runtime/task.hpp>

#include <type_traits>
#include <utility>

namespace wring::detail {

/// What a function gives in the end: what its task or Deferred gives, if it returns one.
template <class R>
struct EndValue : ChainValue<R> {
    static constexpr bool isAwaited = false;
};
template <class U>
struct EndValue<Task<U>> {
    using type = U;
    static constexpr bool isAwaited = true;
};
template <class U>
struct EndValue<Deferred<U>> {
    using type = U;
    static constexpr bool isAwaited = true;
};
template <class F, class... Args>
using EndOf = EndValue<std::remove_cvref_t<std::invoke_result_t<F&, Args...>>>;

/// Calls function(args…) once there is a token, and gives that back when the result is there.
template <class F, class... Args>
Deferred<typename EndOf<F, Args...>::type> runHolding(Deferred<Held> acquiring, F function,
                                                      Args... args) {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
    static_assert(std::is_trivially_destructible_v<F>,
                  "GCC before 13 destroys a closure inside a co_await expression twice: pass a "
                  "function, or a lambda that captures nothing that has to be destroyed");
#endif
    // A local: it is given back before the Deferred fires.
    Held held = co_await acquiring;
    if constexpr (EndOf<F, Args...>::isAwaited) {
        auto result = co_await outcome(detail::call(function, std::move(args)...));
        if constexpr (std::is_void_v<typename EndOf<F, Args...>::type>) {
            result.value();
        } else {
            co_return std::move(result);
        }
    } else if constexpr (std::is_void_v<std::invoke_result_t<F&, Args...>>) {
        detail::call(function, std::move(args)...);
    } else if constexpr (std::is_void_v<typename EndOf<F, Args...>::type>) {
        detail::call(function, std::move(args)...).value();
    } else {
        co_return detail::call(function, std::move(args)...);
    }
}

}  // namespace wring::detail
