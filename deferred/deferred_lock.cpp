#include <wring/deferred/deferred_lock.hpp>

#include <wring/runtime/assert.hpp>

namespace wring {

DeferredLock::DeferredLock() : tokens_(makeRef<detail::Tokens>(1)) {}

void DeferredLock::release() noexcept {
    bool wasHeld = tokens_->giveBackDetached();
    WRING_ASSERT(wasHeld, "release() of a DeferredLock that is not locked, or that a Held has");
}

}  // namespace wring
