#pragma once

#include <wring/runtime/detail/kernel_driver.hpp>

#include <string_view>

namespace wring::detail {

/// Whether the user switched the kernel feature of that name off.
bool isDisabled(const DriverOptions& options, std::string_view feature) noexcept;

/// Whether a send with orders to be silent on success does what that needs, tried once a process.
bool kernelSendsInline() noexcept;

/// As uname(2) tells; false if that cannot be read.
bool isKernelAtLeast(int major, int minor) noexcept;

/// What io_uring_setup's errno means on this machine, and what helps: reads the sysctl and the
/// seccomp state to name the culprit.
DriverUnavailable whyUnavailable(int code);

}  // namespace wring::detail
