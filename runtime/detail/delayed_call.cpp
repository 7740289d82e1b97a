#include <wring/runtime/detail/delayed_call.hpp>

#include <wring/runtime/failure.hpp>
#include <wring/runtime/log.hpp>

#include <algorithm>
#include <exception>

namespace wring::detail {

namespace {
thread_local bool keepsErrors = false;
thread_local std::exception_ptr keptError;
}  // namespace

DelayedCall::DelayedCall(IReactorTime& time, UniqueFunction<void()> function) noexcept
    : timer_(*this), time_(time), function_(std::move(function)) {}

DelayedCall::~DelayedCall() = default;

Ref<IDelayedCall> DelayedCall::make(IReactorTime& time, Duration delay,
                                    UniqueFunction<void()> function) {
    auto call = makeRef<DelayedCall>(time, std::move(function));
    time.arm(call->timer_, after(time.now(), delay));
    call->self_ = call;
    return call;
}

DelayedCall* DelayedCall::of(Timer& timer) noexcept {
    return timer.handler() == &DelayedCall::onDue ? &static_cast<Waiting&>(timer).call : nullptr;
}

void DelayedCall::requireWaiting() const {
    if (state_ == State::cancelled) throw AlreadyCancelled();
    if (state_ == State::called) throw AlreadyCalled();
}

void DelayedCall::cancel() {
    requireWaiting();
    state_ = State::cancelled;
    time_.disarm(timer_);
    Ref<DelayedCall> last = std::move(self_);
    UniqueFunction<void()> released = std::move(function_);
}

void DelayedCall::delay(Duration by) {
    requireWaiting();
    time_.arm(timer_, by >= Duration::zero() ? after(timer_.due(), by) : timer_.due() + by);
}

void DelayedCall::reset(Duration from) {
    requireWaiting();
    time_.arm(timer_, after(time_.now(), std::max(from, Duration::zero())));
}

void DelayedCall::onDue(Timer& timer) noexcept {
    DelayedCall& call = static_cast<Waiting&>(timer).call;
    Ref<DelayedCall> last = std::move(call.self_);
    call.state_ = State::called;
    UniqueFunction<void()> function = std::move(call.function_);
    try {
        function();
    } catch (...) {
        if (keepsErrors) {
            keptError = std::current_exception();
        } else {
            log(LogLevel::error,
                "while handling timed call: " + Failure::current().getErrorMessage());
        }
    }
}

std::exception_ptr DelayedCall::takeError() noexcept {
    return std::exchange(keptError, nullptr);
}

bool DelayedCall::keepErrors(bool keep) noexcept { return std::exchange(keepsErrors, keep); }

}  // namespace wring::detail
