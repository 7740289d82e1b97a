#pragma once

#include <wring/net/process_errors.hpp>
#include <wring/runtime/process_options.hpp>
#include <wring/runtime/ref.hpp>
#include <wring/runtime/task.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wring {

class Reactor;

namespace detail {
class ProcessState;
}

/// A program that runs, for coroutines: its pipes are read and written by awaiting.
///
/// Shape     what the program writes to a pipe that nobody reads is kept up to 64 KiB; beyond that
///           the program feels it.
/// Lifetime  a handle that goes kills the program if it still runs; the reactor awaits its end, and
///           does both when it stops.
/// Source    Twisted has none: there it is a ProcessProtocol.
class WRING_API Process {
 public:
    /// Starts it: as spawnProcess(), with the same errors.
    Process(Reactor& reactor, const std::string& executable,
            const std::vector<std::string>& args = {}, const ProcessOptions& options = {});
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    ~Process();

    /// The process id; none once it is known to have ended.
    std::optional<int> pid() const noexcept;
    /// Sends a signal, by number or as "TERM". Errors as of IProcessTransport::signalProcess().
    void signal(int number);
    void signal(std::string_view name);

    /// Takes what the program has written to that descriptor, waiting until there is something.
    /// Empty at the end. One read of a descriptor at a time.
    ///
    /// Errors    UsageError for a descriptor without a pipe; CancelledError, nothing being taken.
    Task<std::string> read(int childFD = 1);
    /// Queues the text for the program's input and waits while more than 64 KiB are queued.
    ///
    /// Errors    ConnectionLost when nobody reads it any more; CancelledError, the text being
    /// queued.
    Task<> write(std::string text);
    /// Closes its input when everything queued is written.
    void closeStdin();

    /// Waits until it has ended and tells how; again as often as one likes. Errors: CancelledError.
    Task<ExitStatus> wait();

 private:
    Ref<detail::ProcessState> state_;
};

}  // namespace wring
