#include <wring/deferred/condition.hpp>

#include <wring/runtime/assert.hpp>

namespace wring {

Condition::~Condition() {
    WRING_ASSERT(waiting_.empty(), "a Condition was destroyed while a coroutine waited for it");
}

void Condition::notifyOne() noexcept {
    detail::Resuming resuming(resumer_);
    if (detail::Waiter* first = waiting_.takeFirst()) resuming.add(*first);
}

void Condition::notifyAll() noexcept {
    detail::Resuming resuming(resumer_);
    while (detail::Waiter* first = waiting_.takeFirst()) resuming.add(*first);
}

}  // namespace wring
