#include <wring/deferred/detail/timeout_link.hpp>

#include <wring/runtime/reactor_time.hpp>

namespace wring::detail {

class TimeoutLink::Alarm final : private Timer, public Pooled {
 public:
    Alarm(DeferredBase& deferred, IReactorTime& time, Duration limit)
        : Timer(&Alarm::onDue), deferred_(deferred), time_(time) {
        time_.arm(*this, after(time_.now(), limit));
    }
    ~Alarm() { time_.disarm(*this); }
    bool arrived() noexcept {
        time_.disarm(*this);
        return isOver_;
    }

 private:
    static void onDue(Timer& timer) noexcept {
        auto& self = static_cast<Alarm&>(timer);
        self.isOver_ = true;
        try {
            Ref<DeferredBase>(&self.deferred_)->cancel();  // `self` may be gone when this returns
        } catch (...) {
            reportCancellerError();
        }
    }

    DeferredBase& deferred_;
    IReactorTime& time_;
    bool isOver_ = false;
};

TimeoutLink::TimeoutLink(DeferredBase& deferred, IReactorTime& time, std::int64_t nanoseconds)
    : alarm_(new Alarm(deferred, time, Duration(nanoseconds))) {}

TimeoutLink::~TimeoutLink() { delete alarm_; }

bool TimeoutLink::arrived() noexcept { return alarm_->arrived(); }

}  // namespace wring::detail
