#pragma once

#include <wring/net/errors.hpp>
#include <wring/runtime/exit_status.hpp>
#include <wring/runtime/process_errors.hpp>

namespace wring {

/// A process has ended with exit code 0. Twisted: error.ProcessDone.
class WRING_API ProcessDone : public ConnectionDone {
 public:
    explicit ProcessDone(int code = 0, const char* operation = nullptr);

    /// The description shared by all errors of this class.
    static const ErrorClass& errorClass() noexcept;
    /// Always a success.
    ExitStatus status() const noexcept { return ExitStatus{0, 0}; }
};

/// A process has ended with another exit code, or by a signal. Twisted: error.ProcessTerminated.
class WRING_API ProcessTerminated : public ConnectionLost {
 public:
    explicit ProcessTerminated(ExitStatus status);
    explicit ProcessTerminated(int code = 0, const char* operation = nullptr);

    /// The description shared by all errors of this class.
    static const ErrorClass& errorClass() noexcept;
    /// How it ended.
    ExitStatus status() const noexcept { return status_; }

 protected:
    ProcessTerminated(const ErrorClass& errorClass, ExitStatus status);

 private:
    ExitStatus status_;
};

/// What a process that ended so is lost with: ProcessDone or ProcessTerminated.
WRING_API Failure processFailure(ExitStatus status);
/// The other way round; not known for any other failure.
WRING_API ExitStatus exitStatusOf(const Failure& reason) noexcept;

}  // namespace wring
