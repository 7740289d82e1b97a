#pragma once

#include <wring/net/stream.hpp>
#include <wring/runtime/detail/call.hpp>
#include <wring/runtime/outcome.hpp>
#include <wring/runtime/task.hpp>

#include <utility>

namespace wring::detail {

/// Logs what a connection's task failed with, unless that is just the end of the connection.
WRING_API void reportSession(const Failure& failure) noexcept;

/// The root of one connection's task: a fiber that nobody awaits, and less memory than a Deferred.
struct Session {
    struct promise_type : PromiseBase {
        promise_type() noexcept { fiber = &ownFiber; }
        void setPlace(const std::source_location& where) noexcept { ownFiber.setPlace(where); }
        Session get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { reportSession(Failure::current()); }
        Fiber ownFiber;
    };
};

/// Runs function(stream, args…), a Task, and reports how it ended.
template <class F, class... Args>
Session runSession(F function, Stream stream, Args... args) {
    auto task = call(function, std::move(stream), std::move(args)...);
    co_await TakePlace(task.place());
    Result<void> result = co_await outcome(std::move(task));
    if (!result) reportSession(result.error());
}

}  // namespace wring::detail
