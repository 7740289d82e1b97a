#include <wring/endpoints/timer_service.hpp>

#include <wring/runtime/log.hpp>

#include <utility>

namespace wring {

void TimerService::beFound() {
    link_ = makeRef<Link>();
    link_->service = this;
}

TimerService::~TimerService() { link_->service = nullptr; }

void TimerService::startService() {
    Service::startService();
    if (!isLooping_) return begin();
    startsAgain_ = isStopping_;
}

void TimerService::begin() {
    Ref<TimerService> self(this);  // the first call may let go of it
    isLooping_ = true;
    loop_.start(step_).addBoth([link = link_](const Result<void>& result) {
        if (link->service) Ref<TimerService>(link->service)->ended(result);
    });
}

Deferred<> TimerService::stopService() {
    startsAgain_ = false;
    if (!isLooping_) return Service::stopService();
    Ref<TimerService> self(this);
    Deferred<> done = waiters_.add();
    isStopping_ = true;
    if (loop_.running()) loop_.stop();
    return done;
}

void TimerService::ended(const Result<void>& result) {
    isLooping_ = false;
    if (!result) log(LogLevel::error, "timer service: " + result.error().getErrorMessage());
    if (std::exchange(isStopping_, false) && !startsAgain_) stopped();
    waiters_.tell();
    if (std::exchange(startsAgain_, false) && !isLooping_) begin();
}

}  // namespace wring
