#include <wring/runtime/detail/fiber.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/reactor.hpp>

namespace wring::detail {

CancelRegion::CancelRegion(Fiber& fiber) noexcept : fiber_(fiber), outer_(fiber.innermost_) {
    fiber.innermost_ = this;
}

CancelRegion::~CancelRegion() {
    WRING_ASSERT(fiber_.innermost_ == this, "cancellation regions ended out of order");
    fiber_.innermost_ = outer_;
    fiber_.update();
}

void CancelRegion::request() noexcept {
    if (requested_) return;
    requested_ = true;
    fiber_.requestedIn(*this);
}

void CancelRegion::setShield(bool shields) noexcept {
    shields_ = shields;
    // What a shield hid is news to the regions within: a shield in there starts counting now.
    if (!shields && isRequestedOutside()) return fiber_.requestedIn(*this);
    fiber_.update();
}

bool CancelRegion::isRequestedOutside() const noexcept {
    for (CancelRegion* each = outer_; each; each = each->outer_) {
        if (each->requested_) return true;
        if (each->shields_) return false;
    }
    return false;
}

Fiber::Fiber() noexcept : root_(*this) {
    if (Reactor* reactor = Reactor::current()) reactor->fibers().add(*this);
}

Fiber::~Fiber() {
    WRING_ASSERT(!waiting_, "a coroutine was destroyed while it waited");
    if (list_) list_->remove(*this);
}

// Those that were asked stay behind those that were not, see FiberList::cancelAll().
void Fiber::cancel() noexcept {
    if (list_) list_->moveToBack(*this);
    root_.request();
}

// Tells the regions within first: a shield starts counting when it is needed.
void Fiber::requestedIn(CancelRegion& region) noexcept {
    for (CancelRegion* each = innermost_; each && each != &region; each = each->outer_) {
        each->outerRequested();
    }
    update();
}

void Fiber::update() noexcept {
    bool before = isCancelled_;
    isCancelled_ = false;
    for (CancelRegion* each = innermost_; each && !isCancelled_; each = each->outer_) {
        isCancelled_ = each->requested_;
        if (each->shields_) break;
    }
    if (isCancelled_ && !before && waiting_) waiting_->cancelWait();
}

FiberList::~FiberList() {
    while (head_) remove(*head_);
}

void FiberList::add(Fiber& fiber) noexcept {
    fiber.list_ = this;
    fiber.previous_ = nullptr;
    fiber.next_ = head_;
    (head_ ? head_->previous_ : tail_) = &fiber;
    head_ = &fiber;
    ++size_;
}

void FiberList::remove(Fiber& fiber) noexcept {
    (fiber.previous_ ? fiber.previous_->next_ : head_) = fiber.next_;
    (fiber.next_ ? fiber.next_->previous_ : tail_) = fiber.previous_;
    fiber.list_ = nullptr;
    --size_;
}

// Cancelling may end any fiber and start new ones. Those come in front, those that were asked go
// to the back, so that the walk is over when the first one has been asked.
void FiberList::cancelAll() noexcept {
    while (head_ && !head_->root_.isRequested()) {
        head_->cancel();
    }
}

void FiberList::moveToBack(Fiber& fiber) noexcept {
    if (&fiber == tail_) return;
    remove(fiber);
    fiber.list_ = this;
    fiber.previous_ = tail_;
    fiber.next_ = nullptr;
    (tail_ ? tail_->next_ : head_) = &fiber;
    tail_ = &fiber;
    ++size_;
}

}  // namespace wring::detail
