#pragma once

#include <wring/runtime/reactor_time.hpp>

namespace wring::detail {

/// The delayed call of Reactor and Clock. While scheduled it holds a reference to itself.
class DelayedCall final : public IDelayedCall, public Pooled {
 public:
    DelayedCall(IReactorTime& time, UniqueFunction<void()> function) noexcept;
    ~DelayedCall() override;

    /// Made and armed; what is thrown leaves nothing behind.
    static Ref<IDelayedCall> make(IReactorTime& time, Duration delay,
                                  UniqueFunction<void()> function);
    /// The call that a timer belongs to, or null.
    static DelayedCall* of(Timer& timer) noexcept;

    Time getTime() const noexcept override { return timer_.due(); }
    bool active() const noexcept override { return state_ == State::waiting; }
    void cancel() override;
    void delay(Duration by) override;
    void reset(Duration from) override;

    /// Where exceptions of the function go, if not to the log: Clock rethrows them.
    static std::exception_ptr takeError() noexcept;
    /// Gives what it was before.
    static bool keepErrors(bool keep) noexcept;

 private:
    enum class State : unsigned char { waiting, called, cancelled };
    struct Waiting : Timer {
        explicit Waiting(DelayedCall& owner) noexcept : Timer(&DelayedCall::onDue), call(owner) {}
        DelayedCall& call;
    };
    static void onDue(Timer& timer) noexcept;
    void requireWaiting() const;

    Waiting timer_;
    IReactorTime& time_;
    UniqueFunction<void()> function_;
    Ref<DelayedCall> self_;
    State state_ = State::waiting;
};

/// The delayed calls among the timers, earliest first.
std::vector<Ref<IDelayedCall>> delayedCallsOf(const TimerQueue& timers);

}  // namespace wring::detail
