#pragma once

#include <wring/runtime/api.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace wring {

/// How bad it is.
enum class LogLevel : std::uint8_t { debug, info, warning, error, critical };

/// Where the library's messages go: what no caller can receive (a fallback taken, a failure in
/// work that nobody awaits). Never once per operation.
using LogSink = void (*)(LogLevel level, std::string_view message);

/// Replaces the sink, which writes warnings and worse to stderr; null restores it. Gives the
/// previous one.
/// Thread    any; the sink may be called from several threads at once.
WRING_API LogSink setLogSink(LogSink sink) noexcept;

/// Sends one message to the sink. Thread: any.
WRING_API void log(LogLevel level, const std::string& message) noexcept;

}  // namespace wring
