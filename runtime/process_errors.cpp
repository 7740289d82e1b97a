#include <wring/runtime/process_errors.hpp>

namespace wring {

WRING_DEFINE_ERROR(SpawnError, Error, "The program could not be started", true);
WRING_DEFINE_ERROR(ProcessExitedAlready, Error, "The process has exited already", false);

}  // namespace wring
