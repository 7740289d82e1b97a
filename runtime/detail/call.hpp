#pragma once

#include <type_traits>
#include <utility>

namespace wring::detail {

/// Calls a function object, or a member function on an object or pointer: std::invoke without the
/// weight of <functional>.
template <class F, class... Args>
decltype(auto) call(F&& function, Args&&... args) {
    if constexpr (std::is_member_function_pointer_v<std::remove_cvref_t<F>>) {
        return [&](auto&& object, auto&&... rest) -> decltype(auto) {
            if constexpr (std::is_pointer_v<std::remove_cvref_t<decltype(object)>>) {
                return (object->*function)(std::forward<decltype(rest)>(rest)...);
            } else {
                return (object.*function)(std::forward<decltype(rest)>(rest)...);
            }
        }(std::forward<Args>(args)...);
    } else {
        return std::forward<F>(function)(std::forward<Args>(args)...);
    }
}

}  // namespace wring::detail
