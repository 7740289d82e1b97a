#pragma once

#include <wring/runtime/detail/call.hpp>
#include <wring/runtime/detail/root_task.hpp>

#include <tuple>
#include <type_traits>
#include <utility>

namespace wring::detail {

/// Logs what a connection's task failed with, unless that is just the end of the connection.
WRING_API void reportSession(const Failure& failure) noexcept;

/// The task that serves one connection. Keeps what it was called with until it has ended: the
/// arguments, and the function unless that is a pointer to one.
template <class F, class... Args>
class Session final : public RootTask, public Pooled {
 public:
    explicit Session(F& function, Args&... args)
        : RootTask(ended), function_(std::move(function)), args_(std::move(args)...) {}

    /// Calls the function and runs the task. This is gone when the task has ended.
    void run(F& function) {
        if constexpr (std::is_pointer_v<F>) {
            begin(callWithArgs(function));
        } else {
            begin(callWithArgs(function_));
        }
    }

 private:
    struct Nothing {
        explicit Nothing(const F&) noexcept {}
    };

    Task<> callWithArgs(F& function) {
        return std::apply([&](Args&... each) { return call(function, std::move(each)...); }, args_);
    }
    static void ended(Resumable& self) noexcept {
        auto& session = static_cast<Session&>(self);
        Result<void> result = session.takeResult();
        if (!result) reportSession(result.error());
        delete &session;
    }

    [[no_unique_address]] std::conditional_t<std::is_pointer_v<F>, Nothing, F> function_;
    [[no_unique_address]] std::tuple<Args...> args_;
};

/// Runs function(args…), a Task, and reports how it ended.
template <class F, class... Args>
void runSession(F function, Args... args) {
    auto* session = new Session<F, Args...>(function, args...);
    try {
        session->run(function);
    } catch (...) {
        delete session;  // there is no task
        throw;
    }
}

}  // namespace wring::detail
