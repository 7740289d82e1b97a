#pragma once

#include <wring/runtime/api.hpp>

namespace wring {

/// How a process ended: by itself with a code, or by a signal.
///
/// Shape     `exitCode` is 0 … 255, and -1 where a signal ended it; `signal` is 0 where none did.
///           Both say "none" where somebody else has taken the status first.
struct ExitStatus {
    int exitCode = -1;
    int signal = 0;

    /// Whether it ended by itself, with 0.
    bool isSuccess() const noexcept { return exitCode == 0; }
    /// Whether it is known how it ended.
    bool isKnown() const noexcept { return exitCode >= 0 || signal > 0; }
    friend bool operator==(const ExitStatus&, const ExitStatus&) noexcept = default;
};

}  // namespace wring
