#include <wring/endpoints/detail/stop_waiters.hpp>

namespace wring::detail {

Deferred<> StopWaiters::add() {
    if (!line_) line_ = makeRef<Line>();
    Deferred<> stopped;
    line_->waiting.add(*stopped.state());
    return stopped;
}

void StopWaiters::tell(const Result<void>& result) {
    Ref<Line> told = std::move(line_);
    if (!told) return;
    while (Ref<DeferredBase> each = told->waiting.takeFirst()) {
        static_cast<DeferredState<void>&>(*each).fire(result);
    }
}

}  // namespace wring::detail
