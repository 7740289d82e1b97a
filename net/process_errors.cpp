#include <wring/net/process_errors.hpp>

#include <string>

namespace wring {

namespace {

std::string howItEnded(ExitStatus status) {
    if (status.signal > 0) return "process ended by signal " + std::to_string(status.signal);
    if (status.isKnown()) return "process ended with exit code " + std::to_string(status.exitCode);
    return "somebody else has taken the exit status of the process";
}

}  // namespace

ProcessDone::ProcessDone(int code, const char* operation)
    : ConnectionDone(errorClass(), code, operation, "process finished with exit code 0") {}

const ErrorClass& ProcessDone::errorClass() noexcept {
    static const ErrorClass description{"ProcessDone",
                                        "A process has ended without apparent errors",
                                        &ConnectionDone::errorClass(),
                                        &typeid(ProcessDone),
                                        false,
                                        &detail::raiseError<ProcessDone>};
    return description;
}

ProcessTerminated::ProcessTerminated(ExitStatus status) : ProcessTerminated(errorClass(), status) {}

ProcessTerminated::ProcessTerminated(const ErrorClass& errorClass, ExitStatus status)
    : ConnectionLost(errorClass, 0, "wait", howItEnded(status)), status_(status) {}

ProcessTerminated::ProcessTerminated(int code, const char* operation)
    : ConnectionLost(errorClass(), code, operation, {}) {}

const ErrorClass& ProcessTerminated::errorClass() noexcept {
    static const ErrorClass description{"ProcessTerminated",
                                        "A process has ended with a probable error condition",
                                        &ConnectionLost::errorClass(),
                                        &typeid(ProcessTerminated),
                                        false,
                                        &detail::raiseError<ProcessTerminated>};
    return description;
}

Failure processFailure(ExitStatus status) {
    if (status.isSuccess()) return Failure(ProcessDone());
    return Failure(ProcessTerminated(status));
}

ExitStatus exitStatusOf(const Failure& reason) noexcept {
    if (reason.check<ProcessDone>()) return ExitStatus{0, 0};
    if (!reason.check<ProcessTerminated>()) return {};
    try {
        reason.raise();
    } catch (const ProcessTerminated& error) {
        return error.status();
    } catch (...) {
        return {};
    }
}

}  // namespace wring
