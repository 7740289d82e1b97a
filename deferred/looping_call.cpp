#include <wring/deferred/looping_call.hpp>

#include <wring/deferred/sleep.hpp>
#include <wring/runtime/assert.hpp>

#include <optional>

namespace wring {

namespace detail {

/// The loop itself, which outlives its LoopingCall while a call is in progress.
class Loop final : public RefCounted, public Pooled, private Timer {
 public:
    using Function = UniqueFunction<Deferred<>(std::int64_t)>;
    explicit Loop(Function function) noexcept
        : Timer(&Loop::onDue), function_(std::move(function)) {}
    /// What was in progress has gone without a result.
    ~Loop() override { finish(Failure::of<CancelledError>()); }

    Deferred<> start(Duration interval, bool now);
    void stop() noexcept;
    void reset();
    /// Ends the loop, and with it the call in progress.
    void cancel() noexcept;
    void setTime(IReactorTime& time) noexcept { wantedTime_ = &time; }
    void countsAll() noexcept { isCounting_ = false; }
    bool isRunning() const noexcept { return isRunning_; }
    Duration interval() const noexcept { return interval_; }

 private:
    static void onDue(Timer& timer) noexcept;
    void call() noexcept;
    void called(Result<void> result) noexcept;
    void schedule();
    std::int64_t newMoments(Time present) noexcept;
    void finish(Result<void> result) noexcept;

    Function function_;
    IReactorTime* wantedTime_ = nullptr;
    IReactorTime* time_ = nullptr;
    std::optional<Deferred<>> done_;        // of start()
    std::optional<Deferred<>> inProgress_;  // of the function
    Duration interval_{};
    Time origin_{};
    Time last_{};  // when moments were counted last
    bool isRunning_ = false;
    bool isCounting_ = true;
    bool isCancelled_ = false;
};

Deferred<> Loop::start(Duration interval, bool now) {
    WRING_ASSERT(!isRunning_ && !done_,
                 "start() of a LoopingCall that runs or whose last call does");
    time_ = wantedTime_ ? wantedTime_ : &currentTime();
    interval_ = interval;
    origin_ = time_->now();
    // The call from within start() counts as one moment.
    last_ = now ? origin_ - interval : origin_;
    isCancelled_ = false;
    if (!now) schedule();
    isRunning_ = true;
    Deferred<> done;
    // Gone when the loop has ended, which is the latest at its destruction.
    done.state()->setCanceller([this](DeferredBase&) { Ref<Loop>(this)->cancel(); }, true);
    done_ = done;
    if (now) call();
    return done;
}

// The first moment after now: one that is now was skipped, or its call has just been made.
void Loop::schedule() {
    Time present = time_->now();
    Duration untilNext{};
    if (interval_ > Duration::zero()) untilNext = interval_ - (present - origin_) % interval_;
    time_->arm(*this, after(present, untilNext));
}

void Loop::onDue(Timer& timer) noexcept { static_cast<Loop&>(timer).call(); }

std::int64_t Loop::newMoments(Time present) noexcept {
    if (!isCounting_ || interval_ == Duration::zero()) return 1;
    std::int64_t count = (present - origin_) / interval_ - (last_ - origin_) / interval_;
    if (count > 0) last_ = present;
    return count;
}

void Loop::call() noexcept {
    Ref<Loop> alive(this);
    try {
        std::int64_t count = newMoments(time_->now());
        Deferred<> result = count > 0 ? function_(count) : succeed();
        inProgress_ = result;
        if (isCancelled_) result.cancel();  // asked for within the function
        result.addBoth([alive](Result<void> ended) { alive->called(std::move(ended)); });
    } catch (...) {
        called(Failure::current());
    }
}

void Loop::called(Result<void> result) noexcept {
    inProgress_.reset();
    try {
        if (result && isRunning_) return schedule();
    } catch (...) {
        result = Failure::current();
    }
    if (result && isCancelled_) result = Failure::of<CancelledError>();
    finish(std::move(result));
}

void Loop::finish(Result<void> result) noexcept {
    isRunning_ = false;
    if (!done_) return;
    Deferred<> done = std::move(*done_);
    done_.reset();
    if (isCancelled_) done.state()->toldToEnd();
    if (!done.called()) done.state()->fire(std::move(result));
}

void Loop::stop() noexcept {
    WRING_ASSERT(isRunning_, "stop() of a LoopingCall that does not run");
    isRunning_ = false;
    if (!isArmed()) return;
    time_->disarm(*this);
    finish({});
}

void Loop::reset() {
    WRING_ASSERT(isRunning_, "reset() of a LoopingCall that does not run");
    if (!isArmed()) return;
    origin_ = time_->now();
    schedule();
}

void Loop::cancel() noexcept {
    Ref<Loop> alive(this);
    isRunning_ = false;
    isCancelled_ = true;
    if (isArmed()) {
        time_->disarm(*this);
        return finish(Failure::of<CancelledError>());
    }
    if (!inProgress_) return;
    Deferred<> asked = *inProgress_;
    try {
        asked.cancel();
    } catch (...) {
        reportCancellerError();
    }
}

}  // namespace detail

LoopingCall::LoopingCall(Counted, Function function)
    : loop_(makeRef<detail::Loop>(std::move(function))) {}

LoopingCall::~LoopingCall() { loop_->cancel(); }

void LoopingCall::setTime(IReactorTime& time) noexcept { loop_->setTime(time); }
Deferred<> LoopingCall::startEvery(Duration interval, bool now) {
    Ref<detail::Loop> alive = loop_;  // the first call may destroy this
    return alive->start(interval, now);
}
void LoopingCall::stop() { Ref<detail::Loop>(loop_)->stop(); }
void LoopingCall::reset() { loop_->reset(); }
bool LoopingCall::running() const noexcept { return loop_->isRunning(); }
Duration LoopingCall::interval() const noexcept { return loop_->interval(); }
void LoopingCall::countsAll() noexcept { loop_->countsAll(); }

}  // namespace wring
