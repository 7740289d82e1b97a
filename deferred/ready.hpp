#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/runtime/outcome.hpp>
#include <wring/runtime/task.hpp>

#include <utility>

namespace wring {

/// A task of Scope::start() ended without having been ready.
WRING_DECLARE_ERROR(NeverReadyError, Error);

template <class T = void>
class Ready;

namespace detail {
template <class T, class F, class... Args>
Task<> runUntilReady(Ready<T> ready, F function, Args... args);
}

/// What a task that was started by Scope::start() says when it is ready.
///
/// Source    trio's TaskStatus.
template <class T>
class Ready {
 public:
    explicit Ready(Deferred<T> told) noexcept : told_(std::move(told)) {}

    /// It is: who started it goes on before this returns. Throws AlreadyCalledError.
    void report()
        requires std::is_void_v<T>
    {
        told_.callback();
    }
    template <class V>
        requires std::is_constructible_v<Result<T>, V&&>
    void report(V&& value) {
        told_.callback(std::forward<V>(value));
    }
    bool isReported() const noexcept { return told_.called(); }

 private:
    template <class U, class F, class... Args>
    friend Task<> detail::runUntilReady(Ready<U> ready, F function, Args... args);
    Deferred<T> told_;
};

namespace detail {

/// Asking `whenReady` to end asks `child`, whose end answers.
WRING_API void forwardCancel(DeferredBase& whenReady, Ref<DeferredBase> child);

/// Runs function(ready, args…) and tells who waits for it to be ready if it ends before that.
template <class T, class F, class... Args>
Task<> runUntilReady(Ready<T> ready, F function, Args... args) {
    auto result = co_await outcome(call(function, ready, std::move(args)...));
    if (ready.isReported()) {
        if (!result) result.error().raise();
        co_return;
    }
    Failure why = result ? Failure::of<NeverReadyError>() : result.error();
    ready.told_.errback(std::move(why));
}

}  // namespace detail

}  // namespace wring
