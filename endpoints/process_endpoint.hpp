#pragma once

#include <wring/endpoints/interfaces.hpp>
#include <wring/runtime/process_options.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace wring {

/// What becomes of what a program behind a ProcessEndpoint writes to its error output.
///
/// Source    Twisted: StandardErrorBehavior.
enum class StandardErrorBehavior : std::uint8_t {
    log,   ///< it is logged
    drop,  ///< nothing
};

/// "Connects" to a program: each connect() starts it, its output is what the protocol receives and
/// its input what the protocol writes.
///
/// Shape     connectionLost() comes when the program has ended and its pipes are closed:
///           ConnectionDone after exit code 0, else ProcessTerminated. loseConnection() closes the
///           pipes; abortConnection(), and what connectionMade() or dataReceived() throws, kills
///           the program. getPeer() and getHost() are no addresses. Options as of spawnProcess().
/// Errors    SpawnError from connect(), which fires at once; there is nothing to cancel. A stream
/// is
///           both at once, so connectStream() fails with UsageError where childFDs() or usePTY()
///           says what they are.
/// Source    Twisted: ProcessEndpoint.
class WRING_API ProcessEndpoint final : public IStreamClientEndpoint {
 public:
    ProcessEndpoint(Reactor& reactor, std::string executable, std::vector<std::string> args = {},
                    const ProcessOptions& options = {},
                    StandardErrorBehavior errors = StandardErrorBehavior::log);
    Deferred<Ref<IProtocol>> connect(Ref<IFactory> factory) override;
    /// The stream is a socket, which the program has as input and as output; the end of the stream
    /// is not the end of the program. A stream that is closed does not kill it.
    Deferred<Stream> connectStream() override;

 private:
    Reactor& reactor_;
    std::string executable_;
    std::vector<std::string> args_;
    ProcessOptions options_;
    StandardErrorBehavior errors_;
};

}  // namespace wring
