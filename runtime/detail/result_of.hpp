#pragma once

#include <wring/runtime/detail/call.hpp>
#include <wring/runtime/result.hpp>

#include <type_traits>
#include <utility>

namespace wring::detail {

/// What a call of F gives, as the type of a Result.
template <class F, class... Args>
using CallValue = std::remove_cvref_t<std::invoke_result_t<F, Args...>>;

/// Calls `function(args…)` and gives what it returned or threw.
template <class F, class... Args>
Result<CallValue<F&, Args...>> resultOf(F& function, Args&&... args) noexcept {
    try {
        if constexpr (std::is_void_v<CallValue<F&, Args...>>) {
            call(function, std::forward<Args>(args)...);
            return {};
        } else {
            return call(function, std::forward<Args>(args)...);
        }
    } catch (...) {
        return Failure::current();
    }
}

}  // namespace wring::detail
