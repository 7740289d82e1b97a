#include <wring/net/timeout_mixin.hpp>

#include <wring/deferred/sleep.hpp>
#include <wring/net/protocol.hpp>

#include <utility>

namespace wring {

TimeoutMixin::~TimeoutMixin() {
    if (isRunning()) call_->cancel();
}

std::optional<Duration> TimeoutMixin::setTimeout(std::optional<Duration> period) {
    if (!period) {
        if (isRunning()) call_->cancel();
        call_ = nullptr;
    } else if (isRunning()) {
        call_->reset(toDelay(*period));
    } else {
        IReactorTime& time = time_ ? *time_ : detail::currentTime();
        call_ = time.callLater(*period, [this] { timeoutConnection(); });
    }
    return std::exchange(period_, period);
}

void TimeoutMixin::resetTimeout() {
    if (period_ && isRunning()) call_->reset(*period_);
}

void TimeoutMixin::timeoutConnection() {
    auto* protocol = dynamic_cast<Protocol*>(this);
    if (protocol && protocol->connected()) protocol->transport().loseConnection();
}

}  // namespace wring
