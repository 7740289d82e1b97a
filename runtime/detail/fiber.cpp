#include <wring/runtime/detail/fiber.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/place.hpp>
#include <wring/runtime/reactor.hpp>

#include <utility>

namespace wring::detail {

CancelRegion::CancelRegion(Fiber& fiber) noexcept
    : fiber_(fiber), outer_(fiber.innermost_), isAway_(fiber.isAway_) {
    fiber.innermost_ = this;
}

CancelRegion::~CancelRegion() {
    WRING_ASSERT(isAway_ == fiber_.isAway_,
                 "a time-out or shield ended while its coroutine was away: resumeOn(home) first");
    WRING_ASSERT(fiber_.innermost_ == this, "cancellation regions ended out of order");
    fiber_.innermost_ = outer_;
    fiber_.update();
}

void CancelRegion::request() noexcept {
    if (requested_) return;
    requested_ = true;
    if (isAway_ == fiber_.isAway_) fiber_.requestedIn(this);
}

void CancelRegion::setShield(bool shields) noexcept {
    shields_ = shields;
    if (isAway_ != fiber_.isAway_) return;
    // What a shield hid is news to the regions within: a shield in there starts counting now.
    if (!shields && isRequestedOutside()) return fiber_.requestedIn(this);
    fiber_.update();
}

bool CancelRegion::isRequestedOutside() const noexcept {
    for (CancelRegion* each = outer_; each; each = each->outer_) {
        if (each->requested_) return true;
        if (each->shields_) return false;
    }
    return fiber_.isRequested_;
}

Fiber::Fiber() noexcept {
    if (Reactor* reactor = Reactor::current()) reactor->fibers().add(*this);
}

Fiber::~Fiber() {
    WRING_ASSERT(!isAway_, "a coroutine ended in another reactor's thread: resumeOn(home) first");
    WRING_ASSERT(!waiting_, ("a coroutine was destroyed while it waited: the one at " +
                             placeText(place_))
                                .c_str());
    if (list_) list_->remove(*this);
}

// Those that were asked stay behind those that were not, see FiberList::cancelAll().
void Fiber::cancel() noexcept {
    if (list_) list_->moveToBack(*this);
    if (std::exchange(isRequested_, true) || isAway_) return;
    requestedIn(nullptr);
}

// Tells the regions within first: a shield starts counting when it is needed. Null: all of it.
void Fiber::requestedIn(const CancelRegion* region) noexcept {
    for (CancelRegion* each = innermost_; each && each != region; each = each->outer_) {
        each->outerRequested();
    }
    update();
}

void Fiber::update() noexcept {
    bool before = isCancelled_;
    isCancelled_ = isFelt();
    if (isCancelled_ && !before && waiting_) waiting_->cancelWait();
}

bool Fiber::isFelt() const noexcept {
    for (const CancelRegion* each = innermost_; each; each = each->outer_) {
        if (each->requested_) return true;
        if (each->shields_) return false;
    }
    return isRequested_;
}

// As a shield the border keeps what is requested at home from being looked for.
void Fiber::leaveHome(CancelRegion& border) noexcept {
    WRING_ASSERT(innermost_ == &border && !isAway_, "a coroutine leaves its home once");
    border.isBorder_ = border.shields_ = border.isAway_ = isAway_ = true;
}

CancelRegion& Fiber::border() const noexcept {
    WRING_ASSERT(innermost_->isBorder_,
                 "time-outs and shields made away from home end before the coroutine moves again");
    return *innermost_;
}

// Shields at home learn now what was requested around them meanwhile.
void Fiber::comeHome(CancelRegion& border) noexcept {
    border.isBorder_ = border.isAway_ = isAway_ = false;
    for (CancelRegion* each = border.outer_; each; each = each->outer_) {
        if (each->isRequestedOutside()) each->outerRequested();
    }
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
    while (head_ && !head_->isRequested_) head_->cancel();
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
