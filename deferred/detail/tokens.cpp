#include <wring/deferred/detail/tokens.hpp>

#include <wring/deferred/deferred.hpp>
#include <wring/deferred/held.hpp>

#include <utility>

namespace wring::detail {

Held Tokens::take() noexcept {
    --unused_;
    return Held(Ref<Tokens>(this));
}

Held Tokens::tryAcquire() noexcept { return free() > 0 ? take() : Held(); }

Deferred<Held> Tokens::acquire() {
    Deferred<Held> acquired;
    if (free() > 0) {
        acquired.callback(take());
    } else {
        waiting_.add(*acquired.state());
    }
    return acquired;
}

void Tokens::giveBack() noexcept {
    ++unused_;
    if (isHandingOn_) return;
    Ref<Tokens> alive(this);
    isHandingOn_ = true;
    while (unused_ > 0) {
        // When nobody has a handle, the token comes back at the end of this round.
        Ref<DeferredBase> next = waiting_.takeFirst();
        if (!next) break;
        static_cast<DeferredState<Held>&>(*next).fire(take());
    }
    isHandingOn_ = false;
}

bool Tokens::giveBackDetached() noexcept {
    if (detached_ == 0) return false;
    --detached_;
    giveBack();
    return true;
}

}  // namespace wring::detail
