#pragma once

#include <wring/deferred/detail/blocking_answer.hpp>
#include <wring/deferred/detail/invoke.hpp>
#include <wring/deferred/detail/thread_answer.hpp>

namespace wring {

/// Calls `function(args…)`, which may block, in a thread of `pool` and gives a Deferred of what it
/// returns or throws; that fires in the thread of `reactor`. Function and arguments are taken by
/// value, and released in the thread that made the call.
///
/// Errors    what the function throws; ThreadPoolStopped; ReactorStopped, when the reactor stops
///           before there is a result; std::system_error for lack of threads.
/// Thread    the reactor's.
/// Cancel    fails with CancelledError at once; the call goes on and what it gives is dropped.
/// Lifetime  both may go before the call has ended.
/// Source    Twisted: threads.deferToThreadPool.
template <class F, class... Args>
auto deferToThreadPool(Reactor& reactor, ThreadPool& pool, F function, Args... args) {
    using T = detail::CallValue<F&, Args...>;
    static_assert(
        std::is_same_v<T, typename detail::BehindCall<F&, Args...>::type>,
        "a thread has no use for a Deferred, a Task or a Result: return a value or throw");
    auto answer = std::make_shared<detail::ThreadAnswer<T>>(reactor);
    Deferred<T> deferred = answer->deferred();
    answer->expect();
    if (deferred.called()) return deferred;
    auto call = [function = std::move(function), ... args = std::move(args)]() mutable {
        return detail::resultOf(function, std::move(args)...);
    };
    answer->askFor(pool, [answer, call = std::optional(std::move(call))]() mutable {
        answer->put((*call)());
        call.reset();
        answer->deliver();
    });
    return deferred;
}

/// The same with the pool of the reactor that runs in this thread. Twisted: threads.deferToThread.
template <class F, class... Args>
auto deferToThread(F function, Args... args) {
    Reactor& reactor = detail::reactorForThreads();
    return deferToThreadPool(reactor, detail::poolOf(reactor), std::move(function),
                             std::move(args)...);
}

/// Calls `function(args…)` in the thread of `reactor` and waits, blocking this thread, for what it
/// returns, or for what the Deferred or Task that it returns leads to.
///
/// Errors    what the function, Deferred or Task fails with; ReactorStopped.
/// Thread    any but that of the reactor, where it ends the process with a message.
/// Cancel    when the reactor shuts down what it waits for is cancelled, so that this returns.
/// Source    Twisted: threads.blockingCallFromThread.
template <class F, class... Args>
auto blockingCallFromThread(Reactor& reactor, F function, Args... args) {
    using T = typename detail::BehindCall<F&, Args...>::type;
    auto answer = std::make_shared<detail::BlockingAnswer<T>>(reactor);
    answer->waitFor(reactor,
                    [answer, function = std::move(function), ... args = std::move(args)]() mutable {
                        answer->follow(detail::invokeOnce(std::move(function), std::move(args)...));
                    });
    return answer->take().value();
}

}  // namespace wring
