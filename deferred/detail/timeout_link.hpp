#pragma once

#include <wring/deferred/detail/deferred_links.hpp>

#include <cstdint>

namespace wring {
class IReactorTime;
}

namespace wring::detail {

/// Cancels the Deferred it hangs on when its time comes, for as long as the chain has not got to it.
class WRING_API TimeoutLink : public OwnedLink {
 public:
    TimeoutLink(DeferredBase& deferred, IReactorTime& time, std::int64_t nanoseconds);
    TimeoutLink(const TimeoutLink&) = delete;
    TimeoutLink& operator=(const TimeoutLink&) = delete;
    ~TimeoutLink() override;

 protected:
    /// The chain is here; gives whether the time was over before.
    bool arrived() noexcept;

 private:
    class Alarm;
    Alarm* alarm_;
};

/// A chrono duration in nanoseconds, at least 0. Spelled so that this header needs no <chrono>.
template <class D>
std::int64_t nanosecondsOf(D duration) noexcept {
    auto exact = static_cast<long double>(duration.count()) * 1e9L * D::period::num / D::period::den;
    constexpr std::int64_t most = INT64_MAX;
    if (!(exact > 0)) return 0;
    return exact < static_cast<long double>(most) ? static_cast<std::int64_t>(exact) : most;
}

/// The same, and what it makes of the result: function(result, limit).
template <class T, class D, class F>
class ConvertingTimeoutLink final : public TimeoutLink {
 public:
    ConvertingTimeoutLink(DeferredBase& deferred, IReactorTime& time, D limit, F function)
        : TimeoutLink(deferred, time, nanosecondsOf(limit)),
          limit_(limit),
          function_(std::move(function)) {}
    Step run(DeferredBase& current, Ref<DeferredBase>&) noexcept override {
        if (!arrived()) return Step::next;
        auto& state = static_cast<DeferredState<T>&>(current);
        return settle(state, produce<T>(function_, state.takeOrNothing(), limit_));
    }

 private:
    D limit_;
    F function_;
};

/// Twisted's default: what the time-out cancelled has timed out, anything else stays what it is.
template <class T, class D>
Result<T> timedOut(Result<T> result, D) {
    if (!result && result.error().template check<CancelledError>()) {
        return Failure::of<TimeoutError>(0, "Deferred");
    }
    return result;
}

}  // namespace wring::detail
