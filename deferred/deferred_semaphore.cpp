#include <wring/deferred/deferred_semaphore.hpp>

#include <wring/runtime/assert.hpp>

namespace wring {

namespace {

std::ptrdiff_t atLeastOne(std::ptrdiff_t tokens) {
    if (tokens < 1) {
        throw UsageError(0, "make a semaphore", "DeferredSemaphore requires tokens >= 1");
    }
    return tokens;
}

}  // namespace

DeferredSemaphore::DeferredSemaphore(std::ptrdiff_t tokens)
    : tokens_(makeRef<detail::Tokens>(atLeastOne(tokens))) {}

void DeferredSemaphore::release() noexcept {
    bool wasHeld = tokens_->giveBackDetached();
    WRING_ASSERT(wasHeld, "release() of a DeferredSemaphore of which nobody but Helds has a token");
}

}  // namespace wring
