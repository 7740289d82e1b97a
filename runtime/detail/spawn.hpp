#pragma once

#include <wring/runtime/exit_status.hpp>
#include <wring/runtime/file_descriptor.hpp>
#include <wring/runtime/process_options.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace wring::detail {

/// A process that was started, and what its parent has of it.
struct SpawnedChild {
    int pid = 0;
    FileDescriptor pidfd;                  // readable when it has ended
    std::map<int, FileDescriptor> reads;   // the child's number -> the parent's end of the pipe;
    std::map<int, FileDescriptor> writes;  // both ends of a terminal are the terminal
};

/// Starts a program. `executable` without a slash is looked for in the PATH of the child's own
/// environment, /bin:/usr/bin without one; `args` begin with the name it is called by, and without
/// any that is `executable`. Returns when it runs, its parent's thread standing still until then.
///
/// Errors    SpawnError: no process is left. UsageError for options that contradict each other.
/// Thread    any.
/// Source    clone(2), pidfd_open(2); Linux 5.9. Handlers of pthread_atfork(3) are not called.
SpawnedChild spawnChild(const std::string& executable, const std::vector<std::string>& args,
                        const ProcessOptions& options);

/// How the process behind `pidfd` has ended, which releases it; none while it runs.
std::optional<ExitStatus> reapChild(int pidfd) noexcept;

}  // namespace wring::detail
