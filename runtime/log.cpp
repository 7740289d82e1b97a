#include <wring/runtime/log.hpp>

#include <atomic>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace wring {

namespace {

spdlog::level::level_enum levelOf(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::debug: return spdlog::level::debug;
        case LogLevel::info: return spdlog::level::info;
        case LogLevel::warning: return spdlog::level::warn;
        case LogLevel::error: return spdlog::level::err;
        case LogLevel::critical: return spdlog::level::critical;
    }
    return spdlog::level::critical;
}

void toStderr(LogLevel level, std::string_view message) {
    // Not registered with spdlog: an embedder's own loggers stay untouched.
    static spdlog::logger& logger = *[] {
        auto* made = new spdlog::logger("wring", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%n: %l: %v");
        made->set_level(spdlog::level::warn);
        return made;
    }();
    logger.log(levelOf(level), spdlog::string_view_t(message.data(), message.size()));
}

std::atomic<LogSink> current{&toStderr};

}  // namespace

LogSink setLogSink(LogSink sink) noexcept { return current.exchange(sink ? sink : &toStderr); }

void log(LogLevel level, const std::string& message) noexcept {
    try {
        current.load()(level, message);
    } catch (...) {
        // There is nobody left to tell.
    }
}

}  // namespace wring
