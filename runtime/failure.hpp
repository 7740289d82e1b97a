#pragma once

#include <wring/runtime/error.hpp>

#include <concepts>
#include <exception>
#include <string>
#include <utility>

namespace wring {

/// An error as a value: an error class with an errno, or a caught exception.
///
/// Failures of wring's own classes are made, copied, asked and printed without throwing.
/// Errors     none of the members throws, but raise() and trap(), whose purpose it is, and
///            getErrorMessage() for lack of memory.
/// Thread     a value; copies may be used in different threads.
/// Source     Twisted: twisted.python.failure.Failure.
class WRING_API Failure {
 public:
    /// A failure of class E, with the errno and the operation that met it, made without throwing.
    template <std::derived_from<Error> E>
    static Failure of(int code = 0, const char* operation = nullptr) noexcept {
        return Failure(E::errorClass(), code, operation);
    }

    /// Wraps an exception object without throwing it.
    template <std::derived_from<std::exception> E>
    Failure(E error) noexcept {
        if constexpr (std::derived_from<E, Error>) {
            describe(error);
        } else if constexpr (std::derived_from<E, std::system_error>) {
            code_ = error.code().value();
        }
        exception_ = std::make_exception_ptr(std::move(error));
    }

    /// Wraps what was caught. `exception` is not null.
    explicit Failure(std::exception_ptr exception) noexcept : exception_(std::move(exception)) {
        inspect();
    }

    /// The exception being handled, for use in a catch block.
    static Failure current() noexcept { return Failure(std::current_exception()); }

    /// Whether the error is an E (or derives from it).
    template <class E>
    bool check() const noexcept {
        if constexpr (std::derived_from<E, Error>) {
            if (class_ && *E::errorClass().type == typeid(E)) return isA(E::errorClass());
        }
        return matches<E>();
    }

    /// Returns when the error is one of E…, rethrows it otherwise. Twisted: Failure.trap.
    template <class... E>
    void trap() const {
        if (!(check<E>() || ...)) raise();
    }

    /// The text of the error. Twisted: Failure.getErrorMessage.
    std::string getErrorMessage() const;

    /// The name of the error's class: "ConnectionLost"; what typeid says for foreign exceptions.
    std::string className() const;

    /// Throws the error. Twisted: Failure.raiseException.
    [[noreturn]] void raise() const;

    /// The errno behind the error, or 0.
    int number() const noexcept { return code_; }

    /// The same error as an exception_ptr, for code that wants one.
    std::exception_ptr exception() const noexcept;

 private:
    template <class T>
    friend class Result;
    // No failure at all: what a Result without a value holds when it went well.
    Failure() noexcept : isNone_(true) {}
    // As a call: inlined it makes GCC 12 believe that what it does not reach is not initialized.
    void destroy() noexcept;
    bool isNone() const noexcept { return isNone_; }
    Failure(const ErrorClass& errorClass, int code, const char* operation) noexcept
        : class_(&errorClass), operation_(operation), code_(code) {}

    bool isA(const ErrorClass& wanted) const noexcept;
    void inspect() noexcept;
    void describe(const Error& error) noexcept;

    template <class E>
    bool matches() const noexcept {
        try {
            raise();
        } catch (const E&) {
            return true;
        } catch (...) {
            return false;
        }
    }

    const ErrorClass* class_ = nullptr;  // null: not an error of wring's
    std::exception_ptr exception_;       // null: class_, code_ and operation_ say it all
    const char* operation_ = nullptr;
    int code_ = 0;
    bool isNone_ = false;
};

}  // namespace wring
