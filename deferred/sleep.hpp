#pragma once

#include <wring/runtime/detail/wait.hpp>
#include <wring/runtime/reactor_time.hpp>
#include <wring/runtime/result.hpp>

namespace wring {

namespace detail {

/// The running reactor as a source of time; ends the process with a message if there is none.
WRING_API IReactorTime& currentTime() noexcept;

/// Waits for a moment.
class WRING_API SleepAwaiter final : public Wait, private Timer {
 public:
    SleepAwaiter(IReactorTime& time, Duration delay) noexcept
        : Timer(&SleepAwaiter::onDue), time_(time), delay_(delay) {}

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
        if (!begin(handle)) {
            isCancelled_ = true;
            return false;
        }
        return arm();
    }
    void await_resume() { takeResult().value(); }
    Result<void> takeResult() noexcept {
        if (isCancelled_) return Failure::of<CancelledError>();
        return {};
    }
    void cancelWait() noexcept override;
    std::string describe() const override;

 private:
    bool arm();
    static void onDue(Timer& timer) noexcept;

    IReactorTime& time_;
    Duration delay_;
    bool isCancelled_ = false;
};

}  // namespace detail

/// Waits that long. Errors: CancelledError; std::invalid_argument for a negative delay.
/// Source    Twisted: deferLater without a function.
template <class Rep, class Period>
[[nodiscard]] detail::SleepAwaiter sleepFor(std::chrono::duration<Rep, Period> delay,
                                            IReactorTime& time = detail::currentTime()) {
    return detail::SleepAwaiter(time, toDelay(delay));
}

}  // namespace wring
