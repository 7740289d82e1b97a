#include <wring/deferred/event.hpp>

#include <wring/runtime/assert.hpp>

namespace wring {

Event::~Event() { WRING_ASSERT(!first_, "an Event was destroyed while a coroutine waited for it"); }

void Event::set() noexcept {
    isSet_ = true;
    // Those who come while this runs do not wait, so that the list gets shorter.
    while (isSet_ && first_) {
        Awaiter& next = *first_;
        remove(next);
        next.resume();
    }
}

void Event::Awaiter::cancelWait() noexcept {
    event_.remove(*this);
    isCancelled_ = true;
    resume();
}

void Event::add(Awaiter& awaiter) noexcept {
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
