#include <wring/deferred/timeout.hpp>

namespace wring::detail {

DeadlineRegion::DeadlineRegion(Fiber& fiber, IReactorTime& time, Duration limit)
    : CancelRegion(fiber), Timer(&DeadlineRegion::onDue), time_(time) {
    time_.arm(*this, after(time_.now(), std::max(limit, Duration::zero())));
}

DeadlineRegion::~DeadlineRegion() { time_.disarm(*this); }

void DeadlineRegion::onDue(Timer& timer) noexcept {
    static_cast<DeadlineRegion&>(timer).request();
}

ShieldRegion::ShieldRegion(Fiber& fiber, IReactorTime& time, Duration limit)
    : CancelRegion(fiber), Timer(&ShieldRegion::onDue), time_(time), limit_(limit) {
    if (fiber.isCancelled()) outerRequested();
    setShield(true);
}

ShieldRegion::~ShieldRegion() { time_.disarm(*this); }

void ShieldRegion::outerRequested() noexcept {
    if (isCounting_) return;
    isCounting_ = true;
    try {
        time_.arm(*this, after(time_.now(), std::max(limit_, Duration::zero())));
    } catch (...) {
        setShield(false);  // no memory for a timer: protection without a limit is not on offer
    }
}

void ShieldRegion::onDue(Timer& timer) noexcept {
    static_cast<ShieldRegion&>(timer).setShield(false);
}

}  // namespace wring::detail
