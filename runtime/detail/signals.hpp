#pragma once

#include <csignal>

namespace wring {
class Driver;
}

namespace wring::detail {

/// SIGINT and SIGTERM of the process, turned into a wake-up of one reactor. The first reactor that
/// installs them has them; what was there before is put back.
///
/// SIGINT is taken only from the default disposition. A SIGINT after a first signal leaves at once
/// by the default action: whoever presses Ctrl-C twice means it.
class Signals {
 public:
    Signals() = default;
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    ~Signals() { restore(); }

    void install(Driver& driver) noexcept;
    void restore() noexcept;
    /// The signal that came since the last call, or 0.
    int take() noexcept;

 private:
    bool isInstalled_ = false;
    bool hasInterrupt_ = false;
    struct sigaction beforeInterrupt_ {};
    struct sigaction beforeTerminate_ {};
};

}  // namespace wring::detail
