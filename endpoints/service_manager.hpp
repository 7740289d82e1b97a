#pragma once

#include <wring/runtime/api.hpp>
#include <wring/runtime/time.hpp>

#include <string>
#include <string_view>

namespace wring {

/// Who has started this process and wants to know how it is: systemd, or another program that
/// speaks its protocol. Nobody, outside of such a unit: then nothing is told to anybody.
///
/// Errors    none: what cannot be told is a warning, once.
/// Source    sd_notify(3), sd_watchdog_enabled(3).
class WRING_API ServiceManager {
 public:
    /// The environment's variables as they were found; those that are not set are null.
    struct Environment {
        const char* socket = nullptr;        ///< NOTIFY_SOCKET
        const char* watchdogUsec = nullptr;  ///< WATCHDOG_USEC
        const char* watchdogPid = nullptr;   ///< WATCHDOG_PID
    };

    /// Nobody.
    ServiceManager() = default;
    /// Whom the variables tell of. Those that cannot be understood are a warning.
    static ServiceManager parse(const Environment& environment);
    /// Reads the environment, and removes the variables, so that no child speaks for this process.
    ///
    /// Thread    while no other thread reads or changes the environment.
    static ServiceManager fromEnvironment();
    /// That of this process: what fromEnvironment() gave when this was first called.
    static ServiceManager& inherited();

    /// Whether there is one.
    bool exists() const noexcept { return !socket_.empty(); }
    /// Tells it, in lines such as "READY=1" or "STATUS=waiting for the disk". Does not wait.
    void notify(std::string_view state) noexcept;
    /// How often it wants to hear "WATCHDOG=1": twice in its limit. Zero: never.
    Duration watchdogInterval() const noexcept { return watchdogInterval_; }

 private:
    std::string socket_;  // a path, or NUL and a name
    Duration watchdogInterval_{};
    bool hasWarned_ = false;
};

}  // namespace wring
