#pragma once

#include <wring/runtime/reactor_time.hpp>

#include <initializer_list>

namespace wring {

/// A time source that stands still until it is told to move: for tests of anything that waits.
///
/// Thread    one.
/// Lifetime  outlives what was armed on it.
/// Source    Twisted: task.Clock.
class WRING_API Clock : public IReactorTime {
 public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    ~Clock() override;

    Time now() const noexcept override { return now_; }
    void arm(Timer& timer, Time due) override { timers_.arm(timer, due); }
    void disarm(Timer& timer) noexcept override { timers_.cancel(timer); }
    std::vector<Ref<IDelayedCall>> getDelayedCalls() const override;

    /// Moves the time by the whole `amount`, then runs what is due, in order of time, including
    /// what becomes due by being scheduled meanwhile. What a call throws ends the advance; the
    /// calls left are run by the next one.
    void advance(Duration amount);

    /// advance() by each of `amounts` in turn.
    void pump(std::initializer_list<Duration> amounts);

 protected:
    Ref<IDelayedCall> schedule(Duration delay, UniqueFunction<void()> function) override;

 private:
    TimerQueue timers_;
    Time now_{};
};

}  // namespace wring
