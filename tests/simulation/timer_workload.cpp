#include <wring/tests/simulation/timer_workload.hpp>

namespace wring::testing {

void TimerWorkload::begin(Trial& trial) {
    trial_ = &trial;
    trial.start(trial.client(), running_, run, this);
}

Task<> TimerWorkload::run(Trial* trial, SimulatedHost* host, TimerWorkload* self) {
    while (!trial->isFinishing()) {
        for (std::uint32_t i = 0, count = trial->choose(8); i < count; ++i) {
            self->make(host->reactor());
        }
        if (trial->happens(2)) self->change();
        co_await sleepFor(trial->pause());
    }
}

void TimerWorkload::make(Reactor& reactor) {
    Duration delay = std::chrono::milliseconds(trial_->choose(50));  // some are due together
    std::size_t index = calls_.size();
    Ref<IDelayedCall> handle = reactor.callLater(delay, [this, index] { called(index); });
    calls_.push_back({after(reactor.now(), delay), ++order_, true, std::move(handle)});
}

void TimerWorkload::called(std::size_t index) {
    Call& call = calls_[index];
    Time now = trial_->now();
    trial_->expect(call.isPending, "a delayed call came twice, or after its cancel");
    trial_->expect(now >= call.due, "a delayed call came early");
    trial_->expect(call.due != lastDue_ || call.order > lastOrder_,
                   "delayed calls that were due together came in another order");
    lastDue_ = call.due;
    lastOrder_ = call.order;
    call.isPending = false;
    call.handle = nullptr;
    trial_->reached("delayedCall");
}

// Cancels one of them, or moves it.
void TimerWorkload::change() {
    if (calls_.empty()) return;
    Call& call = calls_[trial_->choose(static_cast<std::uint32_t>(calls_.size()))];
    if (!call.isPending) return;
    if (trial_->happens(2)) {
        call.handle->cancel();
        call.isPending = false;
        call.handle = nullptr;
        trial_->reached("cancelledCall");
    } else {
        Duration delay = std::chrono::milliseconds(trial_->choose(50));
        call.due = after(trial_->now(), delay);
        call.order = ++order_;
        call.handle->reset(delay);
    }
}

void TimerWorkload::check(Trial&) { calls_.clear(); }

}  // namespace wring::testing
