#include <wring/deferred/sleep.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/task_dump.hpp>
#include <wring/runtime/reactor.hpp>

namespace wring::detail {

IReactorTime& currentTime() noexcept {
    Reactor* reactor = Reactor::current();
    WRING_ASSERT(reactor, "waiting for time needs a running reactor, or a clock as an argument");
    return *reactor;
}

bool SleepAwaiter::arm() {
    try {
        time_.arm(*this, after(time_.now(), delay_));
    } catch (...) {
        withdraw();  // no memory: the coroutine goes on with the exception
        throw;
    }
    return true;
}

void SleepAwaiter::cancelWait() noexcept {
    time_.disarm(*this);
    isCancelled_ = true;
    resume();
}

std::string SleepAwaiter::describe() const {
    return "a timer of " + secondsText(delay_);
}

void SleepAwaiter::onDue(Timer& timer) noexcept { static_cast<SleepAwaiter&>(timer).resume(); }

}  // namespace wring::detail
