#include <wring/deferred/ready.hpp>

namespace wring {

WRING_DEFINE_ERROR(NeverReadyError, Error, "The task ended without having been ready", false);

void detail::forwardCancel(DeferredBase& whenReady, Ref<DeferredBase> child) {
    whenReady.setCanceller([child = std::move(child)](DeferredBase&) { child->cancel(); }, true);
}

}  // namespace wring
