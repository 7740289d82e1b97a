#pragma once

#include <wring/runtime/detail/wait.hpp>
#include <wring/runtime/result.hpp>
#include <wring/runtime/timer.hpp>

namespace wring {

class Reactor;

namespace detail {

class Border;

/// Takes a coroutine from one reactor's thread to another's.
class WRING_API ResumeOnAwaiter final : public Wait, private Timer {
 public:
    explicit ResumeOnAwaiter(Reactor& target) noexcept;
    ~ResumeOnAwaiter();

    bool await_ready() const noexcept;
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
        bool isCancelled = !begin(handle);
        return prepare(fiberOf(handle.promise()), isCancelled);
    }
    void await_resume() { takeResult().value(); }
    Result<void> takeResult() noexcept { return std::move(result_); }
    void cancelWait() noexcept override;

 private:
    static void onDue(Timer& timer) noexcept;
    bool prepare(Fiber* fiber, bool isCancelled);
    void leave() noexcept;
    void arrive() noexcept;
    void turnBack() noexcept;
    void stayHome(Failure why) noexcept;
    void goHome() noexcept;
    void arriveHome() noexcept;

    Reactor& target_;
    Reactor* from_ = nullptr;
    Fiber* fiber_ = nullptr;
    Border* border_ = nullptr;  // while away
    Result<void> result_;
};

}  // namespace detail

/// `co_await resumeOn(other)` goes on in the thread of another reactor; `co_await resumeOn(home)`
/// comes back to the one in which the coroutine's Deferred was started, its home. Takes a turn of
/// each; where the coroutine is already, nothing.
///
/// From elsewhere it can only go home. It does so before its Deferred's end, before the end of a
/// withTimeout() or shield() begun at home, and after the end of those (and of scopes) begun where
/// it is: otherwise the process ends with a message. So take what is called while away with
/// outcome(): an exception that flies past resumeOn(home) takes the coroutine there without having
/// come home.
///
/// Errors    on the way out: ReactorStopped, CancelledError; both still at home. Coming home never
///           fails.
/// Cancel    while it is away, the requests of its home (cancel(), time-outs, shutdown) are noted,
/// and
///           felt at the first suspension point after it has come back; the shutdown of the reactor
///           it visits cancels it there until it leaves. Both reactors wait for it when they shut
///           down.
/// Thread    a Deferred, an Event, a socket belongs to the reactor it was made for, wherever the
///           coroutine is.
/// Lifetime  the other reactor lives until the coroutine has come back.
/// Source    Twisted has no counterpart: there a coroutine stays in the one reactor.
[[nodiscard]] inline detail::ResumeOnAwaiter resumeOn(Reactor& reactor) noexcept {
    return detail::ResumeOnAwaiter(reactor);
}

}  // namespace wring
