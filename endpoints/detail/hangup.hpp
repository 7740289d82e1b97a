#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/runtime/file_descriptor.hpp>
#include <wring/runtime/unique_function.hpp>

#include <csignal>

namespace wring {
class Reactor;
}

namespace wring::detail {

/// SIGHUP of the process, from construction to destruction. Those that come before watch() are not
/// lost: they are one call later. Where somebody else has a Hangup already this one is told
/// nothing.
class Hangup {
 public:
    /// Errors: Error for lack of a descriptor.
    Hangup();
    Hangup(const Hangup&) = delete;
    Hangup& operator=(const Hangup&) = delete;
    ~Hangup();

    /// Calls `told` in turns of the reactor's, until the Deferred is cancelled.
    Deferred<> watch(Reactor& reactor, UniqueFunction<void()> told);

 private:
    FileDescriptor signalled_;
    bool isInstalled_ = false;
    struct sigaction before_ {};
};

}  // namespace wring::detail
