#include <wring/runtime/clock.hpp>

#include <wring/runtime/detail/delayed_call.hpp>

#include <algorithm>
#include <exception>
#include <limits>

namespace wring {

namespace detail {

std::vector<Ref<IDelayedCall>> delayedCallsOf(const TimerQueue& timers) {
    std::vector<DelayedCall*> found;
    timers.forEach([&](Timer& timer) {
        if (DelayedCall* call = DelayedCall::of(timer)) found.push_back(call);
    });
    std::sort(found.begin(), found.end(), [](const DelayedCall* a, const DelayedCall* b) {
        return a->getTime() < b->getTime();
    });
    std::vector<Ref<IDelayedCall>> calls;
    for (DelayedCall* call : found) calls.push_back(Ref<IDelayedCall>(call));
    return calls;
}

}  // namespace detail

Clock::~Clock() {
    for (const Ref<IDelayedCall>& call : getDelayedCalls()) call->cancel();
}

std::vector<Ref<IDelayedCall>> Clock::getDelayedCalls() const {
    return detail::delayedCallsOf(timers_);
}

void Clock::advance(Duration amount) {
    now_ = after(now_, amount);
    bool before = detail::DelayedCall::keepErrors(true);
    std::exception_ptr error;
    while (!error && timers_.runFirst(now_, std::numeric_limits<std::uint64_t>::max())) {
        error = detail::DelayedCall::takeError();
    }
    detail::DelayedCall::keepErrors(before);
    if (error) std::rethrow_exception(error);
}

void Clock::pump(std::initializer_list<Duration> amounts) {
    for (Duration amount : amounts) advance(amount);
}

Ref<IDelayedCall> Clock::schedule(Duration delay, UniqueFunction<void()> function) {
    return detail::DelayedCall::make(*this, delay, std::move(function));
}

}  // namespace wring
