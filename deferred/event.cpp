#include <wring/deferred/event.hpp>

#include <wring/runtime/assert.hpp>

#include <utility>

namespace wring {

Event::~Event() {
    WRING_ASSERT(!first_, "an Event was destroyed while a coroutine waited for it");
    if (isGone_) *isGone_ = true;
}

void Event::set() noexcept {
    isSet_ = true;
    bool isGone = false;
    bool* outer = std::exchange(isGone_, &isGone);
    std::uint64_t end = order_;  // who comes while this runs is not part of it
    while (first_ && first_->order_ < end) {
        Awaiter& next = *first_;
        remove(next);
        next.resume();
        if (!isGone) continue;
        if (outer) *outer = true;
        return;
    }
    isGone_ = outer;
}

void Event::Awaiter::cancelWait() noexcept {
    event_.remove(*this);
    isCancelled_ = true;
    resume();
}

void Event::add(Awaiter& awaiter) noexcept {
    awaiter.order_ = order_++;
    awaiter.previous_ = last_;
    (last_ ? last_->next_ : first_) = &awaiter;
    last_ = &awaiter;
}

void Event::remove(Awaiter& awaiter) noexcept {
    (awaiter.previous_ ? awaiter.previous_->next_ : first_) = awaiter.next_;
    (awaiter.next_ ? awaiter.next_->previous_ : last_) = awaiter.previous_;
    awaiter.next_ = awaiter.previous_ = nullptr;
}

}  // namespace wring
