#pragma once

#include <wring/runtime/failure.hpp>

#include <vector>

namespace wring {

/// A Deferred was fired a second time. Twisted: defer.AlreadyCalledError.
WRING_DECLARE_ERROR(AlreadyCalledError, UsageError);

/// There is no exception being handled. Twisted: failure.NoCurrentExceptionError.
WRING_DECLARE_ERROR(NoCurrentExceptionError, UsageError);

/// A Deferred's result was asked for after it had been awaited or moved on.
WRING_DECLARE_ERROR(AlreadyAwaitedError, UsageError);

/// Of several gathered results this one failed first. Its text is "FirstError[#INDEX, TEXT]", with
/// the failure's own. Twisted: defer.FirstError.
class WRING_API FirstError : public Error {
 public:
    FirstError(Failure failure, std::size_t position)
        : Error(errorClass(), 0, "gather", {},
                "FirstError[#" + std::to_string(position) + ", " + failure.getErrorMessage() + "]"),
          subFailure(std::move(failure)),
          index(position) {}
    explicit FirstError(int code = 0, const char* operation = nullptr)
        : Error(errorClass(), code, operation, {}), subFailure(Error()), index(0) {}

    /// The description shared by all errors of this class.
    static const ErrorClass& errorClass() noexcept;

    Failure subFailure;  ///< what happened
    std::size_t index;   ///< in the order of the arguments

    /// Whether both name the same position and the same error: its class, number and text.
    friend WRING_API bool operator==(const FirstError& a, const FirstError& b);
};

/// Everything that raced failed. Twisted: defer.FailureGroup.
class WRING_API FailureGroup : public Error {
 public:
    explicit FailureGroup(std::vector<Failure> all)
        : Error(errorClass(), 0, "race", {}), failures(std::move(all)) {}
    explicit FailureGroup(int code = 0, const char* operation = nullptr)
        : Error(errorClass(), code, operation, {}) {}

    /// The description shared by all errors of this class.
    static const ErrorClass& errorClass() noexcept;

    std::vector<Failure> failures;  ///< in the order of the arguments
};

namespace detail {
/// Whether the failure says "cancelled" and nothing else: CancelledError, or a FirstError or a
/// FailureGroup of it, which is what gathered results give when they are cancelled.
WRING_API bool isCancellation(const Failure& failure) noexcept;
}  // namespace detail

}  // namespace wring
