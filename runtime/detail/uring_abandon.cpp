#include <wring/runtime/detail/uring_driver.hpp>

// How a ring ends that still has work in flight.

namespace wring::detail {

// The last resort of a destructor: no completion is told, but the kernel lets go of the memory.
void UringDriver::abandonAll() noexcept {
    abandoning_ = true;
    if (!enabled_ || !isOwnersThread()) return disown();
    while (Operation* each = pool_->starved.popFront()) finishLater(*each, -ECANCELED);
    while (Operation* each = messagePool_ ? messagePool_->starved.popFront() : nullptr) {
        finishLater(*each, -ECANCELED);
    }
    while (Operation* each = backlog_.popFront()) finishLater(*each, -ECANCELED);
    slots_.forEach([this](Operation& each) { cancel(each); });
    for (;;) {
        while (Operation* each = done_.popFront()) {
            each->state_ = Operation::State::idle;
            --inFlight_;
        }
        if (inFlight_ == 0) return;
        drainBacklog();
        enter(inlineSends_.empty() ? Duration::max() : Duration::zero());
        handInlineOver();
        reap();
        confirmInline();
    }
}

// In a thread that cannot enter the ring nothing can be awaited; closing the ring ends it all.
void UringDriver::disown() noexcept {
    auto forget = [](Operation& each) { each.state_ = Operation::State::idle; };
    pool_->starved.forEach(forget);
    if (messagePool_) messagePool_->starved.forEach(forget);
    backlog_.forEach(forget);
    done_.forEach(forget);
    inlineSends_.forEach([&](InlineSends::Entry& entry) { forget(*entry.operation); });
    slots_.forEach(forget);
}

}  // namespace wring::detail
