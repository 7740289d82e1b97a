#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/deferred/detail/waiting_deferreds.hpp>

namespace wring::detail {

/// Those who wait until a service has stopped, first come first told. At the end of this, who still
/// waits fails with CancelledError.
class WRING_API StopWaiters {
 public:
    /// One more.
    Deferred<> add();
    /// Tells all who wait now; whom that calls may destroy this, or wait again.
    void tell(const Result<void>& result = {});

 private:
    struct Line final : RefCounted {
        WaitingDeferreds waiting;
    };
    Ref<Line> line_;
};

}  // namespace wring::detail
