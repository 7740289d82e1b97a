#pragma once

#include <wring/deferred/cooperator.hpp>
#include <wring/endpoints/service.hpp>

#include <utility>

namespace wring {

/// Runs cooperative tasks while it runs. Those that are added before its first start wait for it.
///
/// Lifetime  destroyed, it stops the tasks; `time` outlives it.
/// Source    Twisted: internet.CooperatorService, which never counts as running.
class WRING_API CooperatorService final : public Service {
 public:
    /// For tasks that share `time`: usually the reactor, which is one; see Cooperator.
    explicit CooperatorService(IReactorTime& time) : cooperator_(time, slice_, false) {}

    /// As Cooperator::cooperate(): behind the others, in steps.
    template <class F>
    Ref<CooperativeTask> cooperate(F step) {
        return cooperator_.cooperate(std::move(step));
    }
    /// As Cooperator::coiterate(): the same, for those who want its end only.
    template <class F>
    Deferred<> coiterate(F step) {
        return cooperator_.coiterate(std::move(step));
    }

    void startService() override;
    /// Fires at once: all tasks fail with SchedulerStopped, and so do those that are added until
    /// the next start. What they wait for is cancelled.
    Deferred<> stopService() override;

 private:
    static constexpr Duration slice_ = std::chrono::milliseconds(10);
    Cooperator cooperator_;
};

}  // namespace wring
