#include <wring/runtime/error.hpp>

#include <cstring>

namespace wring {

std::string errorText(const ErrorClass& errorClass, int code, std::string_view detail) {
    std::string text = errorClass.message;
    if (code != 0 && errorClass.showsCode) {
        text += ": " + std::to_string(code) + ": " + std::generic_category().message(code);
    }
    if (!detail.empty()) {
        text += ": ";
        text += detail;
    }
    text += '.';
    return text;
}

Error::Error(int code, const char* operation, std::string_view detail)
    : Error(errorClass(), code, operation, detail) {}

Error::Error(const ErrorClass& errorClass, int code, const char* operation,
             std::string_view detail)
    : Error(errorClass, code, operation, detail, errorText(errorClass, code, detail)) {}

Error::Error(const ErrorClass& errorClass, int code, const char* operation, std::string_view,
             const std::string& wholeText)
    : std::system_error(code, std::generic_category()),
      class_(&errorClass),
      operation_(operation),
      text_(wholeText) {}

const ErrorClass& Error::errorClass() noexcept {
    static const ErrorClass description{"Error",        "An error occurred", nullptr,
                                        &typeid(Error), true,                &detail::raiseError<Error>};
    return description;
}

WRING_DEFINE_ERROR(CancelledError, Error, "The operation was cancelled", false);
WRING_DEFINE_ERROR(TimeoutError, Error, "The operation timed out", false);
WRING_DEFINE_ERROR(UsageError, Error, "The object was used in a way that its state forbids", true);
WRING_DEFINE_ERROR(ReactorAlreadyRunning, UsageError, "Reactor already running", false);
WRING_DEFINE_ERROR(ReactorNotRestartable, UsageError, "Reactor not restartable", false);
WRING_DEFINE_ERROR(ReactorNotRunning, UsageError, "Can't stop reactor that isn't running", false);
WRING_DEFINE_ERROR(ReactorStopped, Error, "The reactor has stopped", false);
WRING_DEFINE_ERROR(AlreadyCalled, UsageError, "Tried to cancel an already-called event", false);
WRING_DEFINE_ERROR(AlreadyCancelled, UsageError, "Tried to cancel an already-cancelled event",
                   false);
WRING_DEFINE_ERROR(DriverError, Error, "The kernel interface cannot be used", true);

}  // namespace wring
