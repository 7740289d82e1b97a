#include <wring/runtime/detail/reactor_door.hpp>

#include <wring/runtime/reactor.hpp>

#include <utility>

namespace wring::detail {

bool ReactorDoor::call(UniqueFunction<void()> function) {
    std::lock_guard lock(mutex_);
    return reactor_ && reactor_->callFromThread(std::move(function));
}

void ReactorDoor::add(ThreadWaiter& waiter) noexcept {
    waiter.isListed_ = true;
    waiter.previous_ = last_;
    waiter.next_ = nullptr;
    (last_ ? last_->next_ : first_) = &waiter;
    last_ = &waiter;
}

void ReactorDoor::remove(ThreadWaiter& waiter) noexcept {
    if (!std::exchange(waiter.isListed_, false)) return;
    (waiter.previous_ ? waiter.previous_->next_ : first_) = waiter.next_;
    (waiter.next_ ? waiter.next_->previous_ : last_) = waiter.previous_;
    waiter.next_ = waiter.previous_ = nullptr;
}

// Being told may take any of them away: look from the front each time. Those that were told lie in
// front, as new ones are added behind.
void ReactorDoor::stopping() noexcept {
    isStopping_ = true;
    for (ThreadWaiter* each = first_; each;) {
        if (each->isTold_) {
            each = each->next_;
            continue;
        }
        each->isTold_ = true;
        each->reactorStopping();
        each = first_;
    }
}

void ReactorDoor::close() noexcept {
    {
        std::lock_guard lock(mutex_);
        reactor_ = nullptr;
    }
    isClosed_ = true;
    while (ThreadWaiter* each = first_) {
        remove(*each);
        each->reactorStopped();
    }
}

}  // namespace wring::detail
