#include <wring/runtime/failure.hpp>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unwind.h>
#include <cerrno>
#include <stdexcept>

// Counts what the process throws and rethrows: some things must do neither.
static int raised = 0;

extern "C" _Unwind_Reason_Code _Unwind_RaiseException(_Unwind_Exception* exception) {
    using Raise = _Unwind_Reason_Code (*)(_Unwind_Exception*);
    static const Raise next = reinterpret_cast<Raise>(::dlsym(RTLD_NEXT, "_Unwind_RaiseException"));
    ++raised;
    return next(exception);
}

namespace wring {
namespace {

/// Derived by a user who did not describe it.
struct Undescribed : TimeoutError {
    using TimeoutError::TimeoutError;
};

TEST(FailureTest, theCounterOfThrowsCounts) {
    raised = 0;
    EXPECT_THROW(throw TimeoutError(), TimeoutError);
    EXPECT_GE(raised, 1);
}

TEST(FailureTest, aFailureOfOursIsMadeAskedCopiedAndPrintedWithoutThrowing) {
    raised = 0;
    const Failure failure = Failure::of<ReactorNotRunning>(EPERM, "stop");
    const Failure copy = failure;  // NOLINT: the copy is the point
    EXPECT_TRUE(copy.check<ReactorNotRunning>());
    EXPECT_TRUE(copy.check<UsageError>());
    EXPECT_TRUE(copy.check<Error>());
    EXPECT_FALSE(copy.check<TimeoutError>());
    EXPECT_FALSE(copy.check<AlreadyCalled>());
    EXPECT_EQ(copy.getErrorMessage(), "Can't stop reactor that isn't running.");
    EXPECT_EQ(copy.className(), "ReactorNotRunning");
    EXPECT_EQ(copy.number(), EPERM);
    EXPECT_NO_THROW(copy.trap<UsageError>());
    EXPECT_EQ(raised, 0);
}

TEST(FailureTest, anExceptionObjectIsWrappedWithoutThrowingIt) {
    raised = 0;
    const Failure failure = DriverError(EPERM, "start", "because");
    EXPECT_TRUE(failure.check<DriverError>());
    EXPECT_EQ(failure.number(), EPERM);
    EXPECT_EQ(failure.className(), "DriverError");
    EXPECT_EQ(raised, 0);
    EXPECT_EQ(failure.getErrorMessage(),
              "The kernel interface cannot be used: 1: Operation not permitted: because.");
}

TEST(FailureTest, foreignExceptionsAreKeptAsTheyAre) {
    const Failure failure = std::out_of_range("too far");
    EXPECT_TRUE(failure.check<std::out_of_range>());
    EXPECT_TRUE(failure.check<std::logic_error>());
    EXPECT_FALSE(failure.check<Error>());
    EXPECT_FALSE(failure.check<std::runtime_error>());
    EXPECT_EQ(failure.getErrorMessage(), "too far");
    EXPECT_EQ(failure.className(), "std::out_of_range");
    EXPECT_EQ(failure.number(), 0);
    EXPECT_THROW(failure.raise(), std::out_of_range);
}

TEST(FailureTest, theErrnoOfASystemErrorIsKnownHoweverItCame) {
    const std::system_error error(EPIPE, std::generic_category());
    EXPECT_EQ(Failure(error).number(), EPIPE);
    EXPECT_EQ(Failure(std::make_exception_ptr(error)).number(), EPIPE);
}

TEST(FailureTest, whatIsNoStdExceptionCanBeKeptToo) {
    const Failure failure(std::make_exception_ptr(42));
    EXPECT_EQ(failure.className(), "int");
    EXPECT_FALSE(failure.getErrorMessage().empty());
    EXPECT_THROW(failure.raise(), int);
    EXPECT_TRUE(failure.check<int>());
    EXPECT_FALSE(failure.check<std::exception>());
}

TEST(FailureTest, aSubclassWithoutADescriptionIsToldByItsType) {
    const Failure derived = Undescribed(ETIMEDOUT, "wait");
    EXPECT_TRUE(derived.check<Undescribed>());
    EXPECT_TRUE(derived.check<TimeoutError>());
    EXPECT_TRUE(derived.check<Error>());
    EXPECT_FALSE(derived.check<CancelledError>());
    EXPECT_EQ(derived.number(), ETIMEDOUT);
    EXPECT_NE(derived.className().find("Undescribed"), std::string::npos);
    EXPECT_THROW(derived.raise(), Undescribed);
    EXPECT_FALSE(Failure::of<TimeoutError>().check<Undescribed>());
}

TEST(FailureTest, currentTakesWhatIsBeingHandled) {
    try {
        throw TimeoutError(ETIMEDOUT, "wait");
    } catch (...) {
        const Failure failure = Failure::current();
        EXPECT_TRUE(failure.check<TimeoutError>());
        EXPECT_EQ(failure.number(), ETIMEDOUT);
    }
}

TEST(FailureTest, trapReturnsForOneOfItsClassesAndRethrowsOthers) {
    const Failure failure = Failure::of<TimeoutError>(ETIMEDOUT, "wait");
    EXPECT_NO_THROW((failure.trap<CancelledError, TimeoutError>()));
    EXPECT_THROW((failure.trap<CancelledError, std::logic_error>()), TimeoutError);
    EXPECT_THROW(Failure(std::out_of_range("x")).trap<Error>(), std::out_of_range);
}

TEST(FailureTest, raiseGivesTheErrnoAndTheOperation) {
    try {
        Failure::of<DriverError>(ENOMEM, "start").raise();
    } catch (const DriverError& error) {
        EXPECT_EQ(error.number(), ENOMEM);
        EXPECT_STREQ(error.operation(), "start");
        EXPECT_EQ(error.what(), Failure::of<DriverError>(ENOMEM).getErrorMessage());
    }
}

TEST(FailureTest, exceptionGivesItForOtherCode) {
    EXPECT_THROW(std::rethrow_exception(Failure::of<TimeoutError>().exception()), TimeoutError);
    EXPECT_THROW(std::rethrow_exception(Failure(std::logic_error("x")).exception()),
                 std::logic_error);
}

TEST(FailureDeathTest, aFailureNeedsAnError) {
    EXPECT_DEATH(Failure{std::exception_ptr()}, "a Failure needs an error");
}

}  // namespace
}  // namespace wring
