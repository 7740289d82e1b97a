#pragma once

#include <wring/runtime/result.hpp>

#include <coroutine>
#include <type_traits>
#include <utility>

namespace wring {

namespace detail {

template <class A>
decltype(auto) awaiterOf(A&& awaitable) {
    if constexpr (requires { std::forward<A>(awaitable).operator co_await(); }) {
        return std::forward<A>(awaitable).operator co_await();
    } else if constexpr (requires { operator co_await(std::forward<A>(awaitable)); }) {
        return operator co_await(std::forward<A>(awaitable));
    } else {
        return std::forward<A>(awaitable);
    }
}

template <class A>
using AwaiterOf = decltype(awaiterOf(std::declval<A>()));

/// What `co_await` of an A gives.
template <class A>
using AwaitValue = decltype(std::declval<AwaiterOf<A>&>().await_resume());

/// Awaits what `awaiter` waits for and gives its result instead of throwing its failure.
template <class A>
class Outcome {
 public:
    explicit Outcome(A&& awaitable) noexcept : awaiter_(awaiterOf(std::forward<A>(awaitable))) {}
    Outcome(const Outcome&) = delete;
    Outcome& operator=(const Outcome&) = delete;

    bool await_ready() noexcept(noexcept(awaiter_.await_ready())) { return awaiter_.await_ready(); }
    template <class Promise>
    auto await_suspend(std::coroutine_handle<Promise> handle) {
        return awaiter_.await_suspend(handle);
    }
    Result<AwaitValue<A>> await_resume() noexcept { return awaiter_.takeResult(); }

 private:
    AwaiterOf<A> awaiter_;
};

}  // namespace detail

/// `co_await outcome(x)` gives a Result where `co_await x` would throw; x is anything of wring's
/// that can be awaited. Costs nothing beyond the await.
///
/// Lifetime  await it in the expression that makes it: it refers to x.
template <class A>
[[nodiscard]] detail::Outcome<A> outcome(A&& awaitable) noexcept {
    return detail::Outcome<A>(std::forward<A>(awaitable));
}

}  // namespace wring
