#include <wring/runtime/detail/uring_driver.hpp>

// How a ring ends that still has work in flight.

namespace wring::detail {

// The last resort of a destructor: no completion is told, but the kernel lets go of the memory.
void UringDriver::abandonAll() noexcept {
    abandoning_ = true;
    if (!enabled_ || !isOwnersThread()) return disown();
    while (Operation* each = starved_.popFront()) finishLater(*each, -ECANCELED);
    while (Operation* each = backlog_.popFront()) finishLater(*each, -ECANCELED);
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (slots_[i].operation) cancel(*slots_[i].operation);
    }
    for (;;) {
        while (Operation* each = done_.popFront()) {
            each->state_ = Operation::State::idle;
            --inFlight_;
        }
        if (inFlight_ == 0) return;
        drainBacklog();
        enter(Duration::max());
        reap();
    }
}

// In a thread that cannot enter the ring nothing can be awaited; closing the ring ends it all.
void UringDriver::disown() noexcept {
    auto forget = [](Operation& each) { each.state_ = Operation::State::idle; };
    starved_.forEach(forget);
    backlog_.forEach(forget);
    done_.forEach(forget);
    for (Slot& slot : slots_) {
        if (slot.operation) forget(*slot.operation);
    }
}

}  // namespace wring::detail
