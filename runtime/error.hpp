#pragma once

#include <wring/runtime/api.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <typeinfo>

namespace wring {

/// What is known of an error class before any error of it exists: its name, its standard message
/// and its base. Lets a Failure be made, asked and printed without constructing an exception.
struct ErrorClass {
    const char* name;            ///< as it is spelled in C++ and in Twisted
    const char* message;         ///< the first part of every text, without the final full stop
    const ErrorClass* base;      ///< null for wring::Error itself
    const std::type_info* type;  ///< the C++ class that `raise` throws
    bool showsCode;              ///< whether the text carries "errno: explanation"
    void (*raise)(int code, const char* operation);  ///< throws an error of this class
};

/// The root of everything wring throws: an errno (0 if there is none), the operation that met it
/// and a text of the form "STANDARD MESSAGE: 111: Connection refused: detail.".
///
/// Source    Twisted: twisted.internet.error; texts as there.
class WRING_API Error : public std::system_error {
 public:
    explicit Error(int code = 0, const char* operation = nullptr, std::string_view detail = {});

    /// The description shared by all errors of this class.
    static const ErrorClass& errorClass() noexcept;

    /// The whole text, ending in a full stop.
    const char* what() const noexcept override { return text_.what(); }

    /// The description of this error's own class.
    const ErrorClass& kind() const noexcept { return *class_; }

    /// The errno, or 0.
    int number() const noexcept { return code().value(); }

    /// What was being done ("connect", "recv", …); never null, perhaps empty.
    const char* operation() const noexcept { return operation_ ? operation_ : ""; }

 protected:
    Error(const ErrorClass& errorClass, int code, const char* operation, std::string_view detail);
    Error(const ErrorClass& errorClass, int code, const char* operation, std::string_view detail,
          const std::string& wholeText);

 private:
    const ErrorClass* class_;
    const char* operation_;
    std::runtime_error text_;  // not std::string: copying an exception must not throw
};

/// The text an error of `errorClass` has.
WRING_API std::string errorText(const ErrorClass& errorClass, int code,
                                std::string_view detail = {});

namespace detail {
template <class E>
[[noreturn]] void raiseError(int code, const char* operation) {
    throw E(code, operation);
}
}  // namespace detail

/// Declares an error class with the members that Failure needs. The body of `errorClass` is in
/// the .cpp (WRING_DEFINE_ERROR), so that there is one description in the whole process.
#define WRING_DECLARE_ERROR(Name, Base)                                                          \
    class WRING_API Name : public Base {                                                         \
     public:                                                                                     \
        explicit Name(int code = 0, const char* operation = nullptr, std::string_view detail = {}) \
            : Name(errorClass(), code, operation, detail) {}                                     \
        static const ::wring::ErrorClass& errorClass() noexcept;                                 \
                                                                                                 \
     protected:                                                                                  \
        using Base::Base;                                                                        \
        Name(const ::wring::ErrorClass& c, int code, const char* operation, std::string_view detail) \
            : Base(c, code, operation, detail) {}                                                \
    }

/// Defines what WRING_DECLARE_ERROR declared.
#define WRING_DEFINE_ERROR(Name, Base, message, showsCode)                                     \
    const ::wring::ErrorClass& Name::errorClass() noexcept {                                   \
        static const ::wring::ErrorClass description{#Name,         message,                   \
                                                     &Base::errorClass(), &typeid(Name),       \
                                                     showsCode,     &::wring::detail::raiseError<Name>}; \
        return description;                                                                    \
    }                                                                                          \
    static_assert(true)

/// The awaited work was cancelled: by its Deferred, its scope, or the shutdown of the reactor.
/// Twisted: defer.CancelledError.
WRING_DECLARE_ERROR(CancelledError, Error);

/// A deadline passed: of a region (withTimeout), of a Deferred (addTimeout), of a connect.
/// Distinct from CancelledError. Twisted has two classes of this name; here one event has one.
WRING_DECLARE_ERROR(TimeoutError, Error);

/// The caller used an object in a state that forbids it.
WRING_DECLARE_ERROR(UsageError, Error);

/// run() inside run(). Twisted: error.ReactorAlreadyRunning.
WRING_DECLARE_ERROR(ReactorAlreadyRunning, UsageError);

/// run() after stop(). Twisted: error.ReactorNotRestartable.
WRING_DECLARE_ERROR(ReactorNotRestartable, UsageError);

/// stop() of a reactor that does not run. Twisted: error.ReactorNotRunning.
WRING_DECLARE_ERROR(ReactorNotRunning, UsageError);

/// What was to happen in a reactor's thread does not: that reactor has stopped for good.
WRING_DECLARE_ERROR(ReactorStopped, Error);

/// A delayed call was touched after it had begun to run. Twisted: error.AlreadyCalled.
WRING_DECLARE_ERROR(AlreadyCalled, UsageError);

/// A delayed call was touched after it had been cancelled. Twisted: error.AlreadyCancelled.
WRING_DECLARE_ERROR(AlreadyCancelled, UsageError);

/// The kernel interface asked for cannot be had; the text says why and what helps.
WRING_DECLARE_ERROR(DriverError, Error);

}  // namespace wring
