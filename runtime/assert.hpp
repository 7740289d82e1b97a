#pragma once

#include <wring/runtime/api.hpp>

namespace wring::detail {

[[noreturn]] WRING_API void assertionFailed(const char* condition, const char* message,
                                            const char* file, int line) noexcept;

}  // namespace wring::detail

/// Ends the process with message and place when a stated rule was broken. On in every build:
/// what it guards would otherwise be a write into memory that belongs to somebody else.
#define WRING_ASSERT(condition, message)                                                     \
    (static_cast<bool>(condition)                                                            \
         ? static_cast<void>(0)                                                              \
         : ::wring::detail::assertionFailed(#condition, message, __FILE__, __LINE__))
