#include <wring/deferred/defer_later.hpp>

namespace wring::detail {

Deferred<> fireLater(IReactorTime& time, Duration delay) {
    Deferred<> fires;
    // A fired or cancelled call has released its function: nothing keeps the other for ever.
    auto call = time.callLater(delay, [fires]() mutable { fires.state()->fire({}); });
    fires.state()->setCanceller([call](DeferredBase&) { call->cancel(); });
    return fires;
}

}  // namespace wring::detail
