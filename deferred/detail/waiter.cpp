#include <wring/deferred/detail/waiter.hpp>

namespace wring::detail {

void Waiter::cancelWait() noexcept {
    if (!list_) return;
    list_->remove(*this);
    isCancelled_ = true;
    resume();
}

void Waiter::append(WaiterList& list) noexcept {
    list_ = &list;
    next_ = nullptr;
    previous_ = list.last_;
    (list.last_ ? list.last_->next_ : list.first_) = this;
    list.last_ = this;
}

Waiter* WaiterList::takeFirst() noexcept {
    Waiter* first = first_;
    if (first) remove(*first);
    return first;
}

void WaiterList::remove(Waiter& waiter) noexcept {
    (waiter.previous_ ? waiter.previous_->next_ : first_) = waiter.next_;
    (waiter.next_ ? waiter.next_->previous_ : last_) = waiter.previous_;
    waiter.list_ = nullptr;
}

Resumer::~Resumer() {
    if (outermost_) outermost_->resumer_ = nullptr;
}

Resuming::Resuming(Resumer& resumer) noexcept
    : resumer_(&resumer), outermost_(resumer.outermost_ ? resumer.outermost_ : this) {
    resumer.outermost_ = outermost_;
}

Resuming::~Resuming() {
    if (outermost_ != this) return;
    while (Waiter* next = first_) {
        first_ = next->next_;
        next->goOn();
    }
    if (resumer_) resumer_->outermost_ = nullptr;
}

void Resuming::add(Waiter& served) noexcept {
    Resuming& line = *outermost_;
    served.next_ = nullptr;
    (line.first_ ? line.last_->next_ : line.first_) = &served;
    line.last_ = &served;
}

}  // namespace wring::detail
