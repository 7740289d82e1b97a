#pragma once

#include <wring/runtime/reactor_time.hpp>

#include <optional>

namespace wring {

/// What a protocol derives from, too, to be told when nothing has happened for a while:
///
///     class Chat : public LineReceiver, public TimeoutMixin { … };
///
/// Each resetTimeout() begins the while anew. It costs no allocation.
///
/// Lifetime  the time-out dies with the protocol; on a connection that is lost it does nothing,
///           and `setTimeout({})` in connectionLost() lets the reactor forget it at once.
/// Source    Twisted: protocols.policies.TimeoutMixin.
class WRING_API TimeoutMixin {
 public:
    /// Takes the time of the running reactor, or of `time`, which lives as long as a time-out runs.
    TimeoutMixin() noexcept = default;
    explicit TimeoutMixin(IReactorTime& time) noexcept : time_(&time) {}
    TimeoutMixin(const TimeoutMixin&) = delete;
    TimeoutMixin& operator=(const TimeoutMixin&) = delete;
    virtual ~TimeoutMixin();

    /// Begins a time-out of `period`, in place of one that runs; nothing ends it. Gives the period
    /// that was set before.
    ///
    /// Errors    std::invalid_argument for a negative period, and then nothing has changed.
    std::optional<Duration> setTimeout(std::optional<Duration> period);
    /// Something has happened: the period begins anew. No effect when no time-out runs.
    void resetTimeout();
    /// The period is over; the time-out does not run any more. Closes the connection, if this is a
    /// Protocol's and not overridden.
    virtual void timeoutConnection();
    /// The period that was set last; stays when it is over. Twisted: the attribute timeOut.
    std::optional<Duration> timeOut() const noexcept { return period_; }

 private:
    bool isRunning() const noexcept { return call_ && call_->active(); }

    IReactorTime* time_ = nullptr;
    Ref<IDelayedCall> call_;  // it can be asked even when the reactor is gone
    std::optional<Duration> period_;
};

}  // namespace wring
