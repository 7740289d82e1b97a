#pragma once

#include <wring/runtime/error.hpp>

namespace wring {

/// A program could not be started. operation() is the step that failed ("execve", "chdir", …), the
/// text names it and the program: "The program could not be started: 2: No such file or directory:
/// execve: /no/such." No process is left of it.
WRING_DECLARE_ERROR(SpawnError, Error);

/// The process to be signalled has ended. Twisted: error.ProcessExitedAlready.
WRING_DECLARE_ERROR(ProcessExitedAlready, Error);

}  // namespace wring
