#include <wring/runtime/error.hpp>

#include <gtest/gtest.h>
#include <cerrno>

namespace wring {

/// As a user would derive one, with a description of its own.
WRING_DECLARE_ERROR(TeapotError, DriverError);
WRING_DEFINE_ERROR(TeapotError, DriverError, "It is a teapot", true);

namespace {

TEST(ErrorTest, theTextIsTheMessageThenTheErrnoThenTheDetail) {
    EXPECT_STREQ(Error().what(), "An error occurred.");
    EXPECT_STREQ(Error(ECONNREFUSED).what(), "An error occurred: 111: Connection refused.");
    EXPECT_STREQ(Error(EHOSTUNREACH, "connect").what(),
                 "An error occurred: 113: No route to host.");
    EXPECT_STREQ(DriverError(EPERM, "start", "why; cure").what(),
                 "The kernel interface cannot be used: 1: Operation not permitted: why; cure.");
    EXPECT_STREQ(DriverError(0, "start", "why").what(),
                 "The kernel interface cannot be used: why.");
}

TEST(ErrorTest, classesThatHaveNoUseForAnErrnoDoNotShowIt) {
    EXPECT_STREQ(CancelledError(ECANCELED).what(), "The operation was cancelled.");
    EXPECT_STREQ(TimeoutError(ETIMEDOUT).what(), "The operation timed out.");
    EXPECT_STREQ(ReactorNotRunning().what(), "Can't stop reactor that isn't running.");
    EXPECT_EQ(CancelledError(ECANCELED).number(), ECANCELED);
}

TEST(ErrorTest, itIsASystemErrorThatNamesTheOperation) {
    try {
        throw DriverError(ENOMEM, "set up");
    } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::not_enough_memory);
        EXPECT_STREQ(dynamic_cast<const Error&>(error).operation(), "set up");
    }
    EXPECT_STREQ(Error().operation(), "");
    EXPECT_EQ(Error().number(), 0);
}

TEST(ErrorTest, eachClassKnowsItsNameBaseAndType) {
    const ErrorClass& kind = ReactorNotRunning::errorClass();
    EXPECT_STREQ(kind.name, "ReactorNotRunning");
    EXPECT_EQ(kind.base, &UsageError::errorClass());
    EXPECT_EQ(UsageError::errorClass().base, &Error::errorClass());
    EXPECT_EQ(Error::errorClass().base, nullptr);
    EXPECT_TRUE(*kind.type == typeid(ReactorNotRunning));
    EXPECT_EQ(&ReactorNotRunning().kind(), &kind);
}

TEST(ErrorTest, raiseThrowsTheClassItself) {
    try {
        TimeoutError::errorClass().raise(ETIMEDOUT, "wait");
        FAIL();
    } catch (const TimeoutError& error) {
        EXPECT_EQ(error.number(), ETIMEDOUT);
        EXPECT_STREQ(error.operation(), "wait");
    }
}

TEST(ErrorTest, cancelledAndTimedOutAreDistinct) {
    EXPECT_THROW(throw TimeoutError(), TimeoutError);
    try {
        throw TimeoutError();
    } catch (const CancelledError&) {
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(&error.kind(), &TimeoutError::errorClass());
    }
}

TEST(ErrorTest, usersDeriveTheirOwn) {
    TeapotError error(EPERM, "brew", "short and stout");
    EXPECT_STREQ(error.what(), "It is a teapot: 1: Operation not permitted: short and stout.");
    EXPECT_STREQ(error.kind().name, "TeapotError");
    EXPECT_EQ(error.kind().base, &DriverError::errorClass());
    EXPECT_THROW(throw error, DriverError);
}

TEST(ErrorTest, copiesKeepTheText) {
    const Error first(EPERM, "x", "a detail that is too long for a small string to hold in place");
    const Error second = first;  // NOLINT: the copy is the point
    EXPECT_STREQ(second.what(), first.what());
    static_assert(std::is_nothrow_copy_constructible_v<Error>);
}

}  // namespace
}  // namespace wring
