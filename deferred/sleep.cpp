#include <wring/deferred/sleep.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/reactor.hpp>

namespace wring::detail {

IReactorTime& currentTime() noexcept {
    Reactor* reactor = Reactor::current();
    WRING_ASSERT(reactor, "waiting for time needs a running reactor, or a clock as an argument");
    return *reactor;
}

void SleepAwaiter::cancelWait() noexcept {
    time_.disarm(*this);
    isCancelled_ = true;
    resume();
}

void SleepAwaiter::onDue(Timer& timer) noexcept { static_cast<SleepAwaiter&>(timer).resume(); }

}  // namespace wring::detail
