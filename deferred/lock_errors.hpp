#pragma once

#include <wring/runtime/error.hpp>

namespace wring {

/// A DeferredQueue holds as many values as it may. Twisted: defer.QueueOverflow.
WRING_DECLARE_ERROR(QueueOverflow, Error);

/// As many wait for a value of a DeferredQueue as may. Twisted: defer.QueueUnderflow.
WRING_DECLARE_ERROR(QueueUnderflow, Error);

/// deferUntilLocked() of a DeferredFilesystemLock that is trying already. Twisted:
/// defer.AlreadyTryingToLockError.
WRING_DECLARE_ERROR(AlreadyTryingToLockError, UsageError);

/// A value was sent through a Channel that takes none any more. Source: trio.ClosedResourceError.
WRING_DECLARE_ERROR(ChannelClosed, Error);

}  // namespace wring
