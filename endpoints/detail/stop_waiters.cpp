#include <wring/endpoints/detail/stop_waiters.hpp>

namespace wring::detail {

Deferred<> StopWaiters::add() {
    if (!waiting_) waiting_ = std::make_unique<WaitingDeferreds>();
    Deferred<> stopped;
    waiting_->add(*stopped.state());
    return stopped;
}

void StopWaiters::tell(const Result<void>& result) {
    auto told = std::move(waiting_);
    if (!told) return;
    while (Ref<DeferredBase> each = told->takeFirst()) {
        static_cast<DeferredState<void>&>(*each).fire(result);
    }
}

}  // namespace wring::detail
