#pragma once

#include <wring/deferred/looping_call.hpp>
#include <wring/endpoints/detail/stop_waiters.hpp>
#include <wring/endpoints/service.hpp>

namespace wring {

/// Calls a function at regular moments while it runs, the first time in its start; see LoopingCall.
///
/// Errors    a call that fails is logged and ends the loop; the service counts as running, and a
///           further start begins anew. std::invalid_argument for a negative step.
/// Lifetime  destroyed, it ends the loop, and a call in progress is cancelled.
/// Source    Twisted: internet.TimerService.
class WRING_API TimerService final : public Service {
 public:
    /// Calls `function(args…)` every `step`.
    template <class Rep, class Period, class F, class... Args>
    requires std::invocable<F&, Args&...> TimerService(std::chrono::duration<Rep, Period> step,
                                                       F function, Args... args)
        : step_(toDelay(step)), loop_(std::move(function), std::move(args)...) {
        beFound();
    }
    ~TimerService() override;

    /// Another source of time than the current reactor, for the next start. Twisted: `clock`.
    void setClock(IReactorTime& clock) noexcept { loop_.setTime(clock); }

    /// No effect while the loop runs; begins anew when a stop that is under way is done.
    void startService() override;
    /// No further call. Fires when no call is in progress, as does each further one meanwhile;
    /// until then it counts as running.
    Deferred<> stopService() override;

 private:
    /// What the loop's end finds the service by, which may have gone before.
    struct Link final : RefCounted {
        TimerService* service = nullptr;
    };
    void beFound();
    void begin();
    void ended(const Result<void>& result);

    Duration step_;
    Ref<Link> link_;
    detail::StopWaiters waiters_;
    LoopingCall loop_;
    bool isLooping_ = false;
    bool isStopping_ = false;
    bool startsAgain_ = false;
};

}  // namespace wring
