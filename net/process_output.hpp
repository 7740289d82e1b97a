#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/net/process_errors.hpp>
#include <wring/runtime/bytes.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace wring {

class ProcessOptions;
class Reactor;

namespace detail {
WRING_API const ProcessOptions& defaultProcessOptions() noexcept;
}

/// What a program wrote, and the code it ended with.
struct ProcessOutput {
    std::string output;
    std::string errorOutput;
    int exitCode = 0;
};

/// A program wrote to its error output, where that was not expected. Its text is
/// "got stderr: 'WHAT CAME FIRST'."
class WRING_API UnexpectedErrorOutput : public Error {
 public:
    UnexpectedErrorOutput(BytesView came, Deferred<> ended);
    explicit UnexpectedErrorOutput(int code = 0, const char* operation = nullptr);

    /// The description shared by all errors of this class.
    static const ErrorClass& errorClass() noexcept;
    /// Fires when the process has ended, which it need not have yet.
    Deferred<> processEnded;
};

/// A program was ended by a signal; what it had written before is here.
class WRING_API ProcessKilled : public ProcessTerminated {
 public:
    ProcessKilled(ExitStatus status, ProcessOutput written);
    explicit ProcessKilled(int code = 0, const char* operation = nullptr);

    /// The description shared by all errors of this class.
    static const ErrorClass& errorClass() noexcept;
    /// What came until then; `exitCode` is 0.
    const ProcessOutput& written() const noexcept { return *written_; }

 private:
    std::shared_ptr<const ProcessOutput> written_;
};

/// Runs a program and gives what it wrote to its output, however it ended; with `errortoo` also
/// what it wrote to its error output, as it came.
///
/// Shape     `args` are without the program's own name, and `options` those of process_options.hpp,
///           here and below.
/// Errors    SpawnError; without `errortoo` UnexpectedErrorOutput as soon as there is any: then the
///           pipes are closed and the process goes on until it notices.
/// Cancel    kills the process and awaits its end, here and below; so does the reactor's shutdown.
/// Source    Twisted: utils.getProcessOutput.
WRING_API Deferred<std::string> getProcessOutput(
    Reactor& reactor, const std::string& executable, const std::vector<std::string>& args = {},
    const ProcessOptions& options = detail::defaultProcessOptions(), bool errortoo = false);

/// Runs a program, drops what it writes and gives its exit code.
///
/// Errors    SpawnError; ProcessTerminated if a signal has ended it, where Twisted gives nothing.
/// Source    Twisted: utils.getProcessValue.
WRING_API Deferred<int> getProcessValue(
    Reactor& reactor, const std::string& executable, const std::vector<std::string>& args = {},
    const ProcessOptions& options = detail::defaultProcessOptions());

/// Runs a program and gives all it wrote and its exit code. `input`, if there is one, is what it
/// can read, and no more; otherwise its input stays open.
///
/// Errors    SpawnError; ProcessKilled if a signal has ended it.
/// Source    Twisted: utils.getProcessOutputAndValue.
WRING_API Deferred<ProcessOutput> getProcessOutputAndValue(
    Reactor& reactor, const std::string& executable, const std::vector<std::string>& args = {},
    const ProcessOptions& options = detail::defaultProcessOptions(),
    std::optional<std::string> input = std::nullopt);

}  // namespace wring
