#pragma once

#include <wring/runtime/api.hpp>

namespace wring {
class Reactor;
}

namespace wring::detail {

/// Where a StreamPort gets its listening descriptor from.
class WRING_API PortSource {
 public:
    virtual ~PortSource() = default;
    /// A descriptor that listens; the caller's. Throws CannotListenError, and nothing is left open.
    virtual int open(Reactor& reactor) = 0;
    /// The descriptor that open() gave has been closed.
    virtual void closed() noexcept {}
    /// Whether other processes may listen on the very socket, which must not be shut down then.
    virtual bool isShared() const noexcept { return false; }
};

}  // namespace wring::detail
