#pragma once

#include <wring/deferred/detail/invoke.hpp>
#include <wring/runtime/reactor_time.hpp>

#include <cstdint>

namespace wring {

namespace detail {
class Loop;
}

/// Calls a function again and again, at the moments start + n * interval. Moments that pass while a
/// call is in progress, or while the reactor is busy, are skipped, never made up for; so is one
/// that falls together with the end of a call that took too long.
///
/// The function may return a Deferred or a Task: then the next call waits for its end.
/// Lifetime  destroying it, also within its function, ends the loop as cancelling its Deferred
/// does. Thread    that of its time. Source    Twisted: task.LoopingCall.
class WRING_API LoopingCall {
 public:
    /// Calls `function(args…)`; what it returns in the end is dropped.
    template <class F, class... Args>
    requires std::invocable<F&, Args&...>
    explicit LoopingCall(F function, Args... args)
        : LoopingCall(Counted(), [function = std::move(function),
                                  ... args = std::move(args)](std::int64_t) mutable {
              return ended(detail::invoke(function, args...));
          }) {
        countsAll();
    }
    LoopingCall(const LoopingCall&) = delete;
    LoopingCall& operator=(const LoopingCall&) = delete;
    ~LoopingCall();

    /// Calls `function(count, args…)`, where count is how many moments have come since the last
    /// call: 1, or more if some were skipped. Always 1 with an interval of zero. A call for which
    /// none has come (after reset()) is not made.
    template <class F, class... Args>
    static LoopingCall withCount(F function, Args... args) {
        return LoopingCall(Counted(), [function = std::move(function),
                                       ... args = std::move(args)](std::int64_t count) mutable {
            return ended(detail::invoke(function, count, args...));
        });
    }

    /// Another source of time than the current reactor, for the next start().
    void setTime(IReactorTime& time) noexcept;

    /// Begins, with a call from within (`now`) or after one interval. The Deferred fires when the
    /// loop was stopped and no call is in progress; it fails with what a call fails with, which
    /// ends the loop. With an interval of zero the next call is made in the next turn.
    ///
    /// Errors    std::invalid_argument for a negative interval. Must not be running, nor have a
    /// call
    ///           in progress.
    /// Cancel    ends the loop: a call in progress is cancelled and its end awaited.
    /// CancelledError.
    template <class Rep, class Period>
    Deferred<> start(std::chrono::duration<Rep, Period> interval, bool now = true) {
        return startEvery(toInterval(interval), now);
    }
    /// No further call; running() is false at once. The loop must be running.
    void stop();
    /// From now on the moments are counted from now. The loop must be running; no effect while a
    /// call is in progress.
    void reset();
    /// From start() to stop() or failure.
    bool running() const noexcept;
    /// Of the latest start().
    Duration interval() const noexcept;

 private:
    struct Counted {};
    using Function = UniqueFunction<Deferred<>(std::int64_t)>;

    LoopingCall(Counted, Function function);
    template <class T>
    static Deferred<> ended(Deferred<T> result) {
        if constexpr (std::is_void_v<T>) {
            return result;
        } else {
            return result.addCallback([](const T&) {});
        }
    }
    template <class Rep, class Period>
    static Duration toInterval(std::chrono::duration<Rep, Period> interval) {
        if (interval.count() < 0) detail::refuseDelay("interval must be >= 0");
        return toDelay(interval);
    }
    Deferred<> startEvery(Duration interval, bool now);
    void countsAll() noexcept;

    Ref<detail::Loop> loop_;
};

}  // namespace wring
