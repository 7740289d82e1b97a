#include <wring/runtime/log.hpp>

#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace wring {
namespace {

std::vector<std::pair<LogLevel, std::string>> seen;

void keep(LogLevel level, std::string_view message) { seen.emplace_back(level, message); }

struct LogTest : ::testing::Test {
    void SetUp() override { seen.clear(); }
    void TearDown() override { setLogSink(nullptr); }
};

TEST_F(LogTest, messagesGoToTheSink) {
    setLogSink(&keep);
    log(LogLevel::warning, "one");
    log(LogLevel::critical, "two");
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_EQ(seen[0], std::pair(LogLevel::warning, std::string("one")));
    EXPECT_EQ(seen[1], std::pair(LogLevel::critical, std::string("two")));
}

TEST_F(LogTest, setLogSinkGivesThePreviousOne) {
    LogSink standard = setLogSink(&keep);
    EXPECT_NE(standard, nullptr);
    EXPECT_EQ(setLogSink(nullptr), &keep);
    EXPECT_EQ(setLogSink(&keep), standard) << "null restores the sink that writes to stderr";
}

TEST_F(LogTest, withoutASinkWarningsAndWorseAreWrittenToStderrALineEach) {
    ::testing::internal::CaptureStderr();
    for (LogLevel level :
         {LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::critical}) {
        log(level, "driver: {} 100% of it");
    }
    EXPECT_EQ(::testing::internal::GetCapturedStderr(),
              "wring: warning: driver: {} 100% of it\n"
              "wring: error: driver: {} 100% of it\n"
              "wring: critical: driver: {} 100% of it\n");
    EXPECT_TRUE(seen.empty());
}

TEST_F(LogTest, aSinkThatThrowsHarmsNobody) {
    setLogSink([](LogLevel, std::string_view) { throw std::runtime_error("full"); });
    EXPECT_NO_THROW(log(LogLevel::error, "x"));
}

}  // namespace
}  // namespace wring
