#include <wring/runtime/detail/signals.hpp>

#include <wring/runtime/driver.hpp>

#include <atomic>
#include <cerrno>

namespace wring::detail {

namespace {

std::atomic<Driver*> woken{nullptr};
std::atomic<int> pending{0};
std::atomic<bool> isStopping{false};

void onSignal(int number) noexcept {
    int before = errno;
    if (isStopping.exchange(true) && number == SIGINT) {
        std::signal(SIGINT, SIG_DFL);
        std::raise(SIGINT);
    } else {
        pending.store(number);
        if (Driver* driver = woken.load()) driver->wake();
    }
    errno = before;
}

}  // namespace

void Signals::install(Driver& driver) noexcept {
    Driver* nobody = nullptr;
    if (isInstalled_ || !woken.compare_exchange_strong(nobody, &driver)) return;
    isInstalled_ = true;
    pending.store(0);
    isStopping.store(false);
    struct sigaction action {};
    action.sa_handler = [](int number) { onSignal(number); };
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGINT, nullptr, &beforeInterrupt_);
    hasInterrupt_ = beforeInterrupt_.sa_handler == SIG_DFL;
    // Without SA_NODEFER the second SIGINT that onSignal raises would wait for its return: it is
    // raised under SIG_DFL and delivered then, which is soon enough.
    if (hasInterrupt_) ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, &beforeTerminate_);
}

void Signals::restore() noexcept {
    if (!isInstalled_) return;
    isInstalled_ = false;
    if (hasInterrupt_) ::sigaction(SIGINT, &beforeInterrupt_, nullptr);
    ::sigaction(SIGTERM, &beforeTerminate_, nullptr);
    woken.store(nullptr);
}

int Signals::take() noexcept { return isInstalled_ ? pending.exchange(0) : 0; }

}  // namespace wring::detail
