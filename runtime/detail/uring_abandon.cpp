#include <wring/runtime/detail/uring_driver.hpp>

// How a ring ends that still has work in flight.

namespace wring::detail {

// The last resort of a destructor: no completion is told, but the kernel lets go of the memory.
void UringDriver::abandonAll() noexcept {
    abandoning_ = true;
    if (!takeOver()) return disown();
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
        bool isAllAsked = inlineSends_.empty() && pendingCancels_.empty();
        enter(isAllAsked ? Duration::max() : Duration::zero());
        handInlineOver();
        reap();
        confirmInline();
    }
}

// In a thread that cannot enter the ring nothing can be awaited. Its deferred work is never done
// any more, so that no memory is written; what it holds open goes with the ring, at the latest when
// the thread ends that ran it. What was accepted and not told yet is closed.
void UringDriver::disown() noexcept {
    while (reap() > 0) {
    }
    auto forget = [](Operation& each) { each.state_ = Operation::State::idle; };
    pool_->starved.forEach(forget);
    if (messagePool_) messagePool_->starved.forEach(forget);
    backlog_.forEach(forget);
    done_.forEach(forget);
    inlineSends_.forEach([&](InlineSends::Entry& entry) { forget(*entry.operation); });
    slots_.forEach(forget);
}

}  // namespace wring::detail
