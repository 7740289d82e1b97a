#pragma once

#include <wring/net/stream.hpp>
#include <wring/runtime/detail/call.hpp>
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

/// Awaits a session's task and reports how it ended; leaves nothing in the frame that waits.
class Reported {
 public:
    explicit Reported(Task<>&& task) noexcept : awaiter_(std::move(task).operator co_await()) {}
    Reported(const Reported&) = delete;
    Reported& operator=(const Reported&) = delete;
    bool await_ready() const noexcept { return awaiter_.await_ready(); }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
        return awaiter_.await_suspend(handle);
    }
    void await_resume() noexcept {
        Result<void> result = awaiter_.takeResult();
        if (!result) reportSession(result.error());
    }

 private:
    Task<>::Awaiter awaiter_;
};

/// Runs function(stream, args…), a Task, and reports how it ended.
template <class F, class... Args>
Session runSession(F function, Stream stream, Args... args) {
    auto task = call(function, std::move(stream), std::move(args)...);
    co_await TakePlace(task.place());
    co_await Reported(std::move(task));
}

}  // namespace wring::detail
