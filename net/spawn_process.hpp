#pragma once

#include <wring/net/process_protocol.hpp>
#include <wring/runtime/process_options.hpp>

#include <string>
#include <vector>

namespace wring {

/// Starts a program and connects `protocol` to it: connectionMade() has run when this returns.
///
/// Shape     `executable` without a slash is looked for in the PATH of `options`' environment,
/// which
///           is empty by default: then in /bin and /usr/bin. `args` begin with the name the program
///           is called by; without any that is `executable`. In the child all signals have their
///           default effect and none is blocked; it has the descriptors of `options` and no others.
/// Errors    SpawnError, which names the program and the step that failed: there is no process then
///           and `protocol` hears nothing. UsageError for options that contradict each other. What
///           connectionMade() throws is logged.
/// Thread    the reactor's, which stands still until the child is its program.
/// Shutdown  of the reactor closes the pipes and waits no more: the process itself goes on. SIGPIPE
///           is ignored from now on unless it was handled.
/// Source    clone(2), pidfd_open(2). SIGCHLD is not touched, and nobody else's child is waited
/// for.
///           Twisted: IReactorProcess.spawnProcess, which tells a missing program as exit code 1.
WRING_API Ref<IProcessTransport> spawnProcess(Reactor& reactor, Ref<IProcessProtocol> protocol,
                                              const std::string& executable,
                                              const std::vector<std::string>& args = {},
                                              const ProcessOptions& options = {});

}  // namespace wring
