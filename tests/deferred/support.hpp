#pragma once

#include <wring/runtime/frame_pool.hpp>
#include <wring/runtime/log.hpp>

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace wring::testing {

/// Sees that a test leaves no block of the pool behind, and keeps what is logged meanwhile. For
/// what needs no reactor. What a fixture derived from it has for members is gone by then, too.
class QuietTest : public ::testing::Test {
 protected:
    QuietTest() {
        messages().clear();
        previousSink_ = setLogSink(&QuietTest::keep);
        blocksBefore_ = detail::poolBlocksInUse();
    }
    ~QuietTest() override {
        EXPECT_EQ(detail::poolBlocksInUse(), blocksBefore_);
        setLogSink(previousSink_);
    }

    /// What was logged since the test began.
    static std::vector<std::string>& messages() {
        static std::vector<std::string> all;
        return all;
    }

 private:
    static void keep(LogLevel, std::string_view message) { messages().emplace_back(message); }

    LogSink previousSink_ = nullptr;
    long blocksBefore_ = 0;
};

/// What stands in a test for some error of a user's.
struct Boom : std::runtime_error {
    explicit Boom(const std::string& text = "boom") : std::runtime_error(text) {}
};

/// Roughly where the stack ends now.
[[gnu::noinline]] inline std::uintptr_t stackPosition() {
    return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
}

/// The deepest of the stack positions it was shown, in bytes below the first.
class StackDepth {
 public:
    void note() {
        std::uintptr_t here = stackPosition();
        if (first_ == 0) first_ = here;
        if (first_ > here && first_ - here > deepest_) deepest_ = first_ - here;
    }
    std::uintptr_t bytes() const { return deepest_; }

 private:
    std::uintptr_t first_ = 0;
    std::uintptr_t deepest_ = 0;
};

}  // namespace wring::testing
