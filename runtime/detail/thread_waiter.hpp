#pragma once

#include <wring/runtime/api.hpp>

namespace wring::detail {

/// Somebody in a reactor's thread, or on behalf of another, who waits for what another thread has
/// to do. Listed at the reactor's door until then.
class WRING_API ThreadWaiter {
 public:
    ThreadWaiter() noexcept = default;
    ThreadWaiter(const ThreadWaiter&) = delete;
    ThreadWaiter& operator=(const ThreadWaiter&) = delete;
    virtual ~ThreadWaiter() = default;

    /// The reactor begins to shut down.
    virtual void reactorStopping() noexcept {}
    /// The reactor has stopped, and calls nobody any more. Not listed any more.
    virtual void reactorStopped() noexcept = 0;

 private:
    friend class ReactorDoor;
    ThreadWaiter* next_ = nullptr;
    ThreadWaiter* previous_ = nullptr;
    bool isListed_ = false;
    bool isTold_ = false;
};

}  // namespace wring::detail
