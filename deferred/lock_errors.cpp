#include <wring/deferred/lock_errors.hpp>

namespace wring {

WRING_DEFINE_ERROR(QueueOverflow, Error, "The queue is full", false);
WRING_DEFINE_ERROR(QueueUnderflow, Error, "Too many wait for a value of the queue", false);
WRING_DEFINE_ERROR(AlreadyTryingToLockError, UsageError, "deferUntilLocked isn't reentrant", false);
WRING_DEFINE_ERROR(ChannelClosed, Error, "The channel is closed", false);

}  // namespace wring
