#include <wring/deferred/resume_on.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/reactor_door.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

#include <optional>

namespace wring::detail {

/// Around everything that a coroutine does away from home, and in the reactor that it visits.
class Border final : public CancelRegion, public Pooled {
 public:
    Border(Fiber& fiber, Reactor& home) : CancelRegion(fiber), home_(&home), door_(home.door()) {}

    bool isHome(const Reactor& reactor) const noexcept { return home_ == &reactor; }
    std::shared_ptr<ReactorDoor> homeDoor() const noexcept { return door_; }
    void enter(Reactor& reactor) noexcept { guest_.emplace(reactor, *this); }
    void leave() noexcept { guest_.reset(); }
    bool isIn(const Reactor* reactor) const noexcept {
        return guest_ && &guest_->reactor() == reactor;
    }

 private:
    class Guest final : public ReactorResource {
     public:
        Guest(Reactor& reactor, Border& border) noexcept
            : ReactorResource(reactor), border_(border) {}
        void reactorStopping() noexcept override { border_.request(); }

     private:
        Border& border_;
    };

    const Reactor* home_;  // may be gone: only compared
    std::shared_ptr<ReactorDoor> door_;
    std::optional<Guest> guest_;
};

ResumeOnAwaiter::ResumeOnAwaiter(Reactor& target) noexcept
    : Timer(&ResumeOnAwaiter::onDue), target_(target) {}

ResumeOnAwaiter::~ResumeOnAwaiter() = default;

bool ResumeOnAwaiter::await_ready() const noexcept { return Reactor::current() == &target_; }

// Nothing leaves from here: who resumed this coroutine, in this thread, still holds parts of it.
// The timer finds it at rest.
bool ResumeOnAwaiter::prepare(Fiber* fiber, bool isCancelled) {
    Reactor* here = Reactor::current();
    WRING_ASSERT(fiber && here, "resumeOn needs a coroutine of wring's that runs in a reactor");
    fiber_ = fiber;
    from_ = here;
    if (fiber->isAway()) {
        border_ = static_cast<Border*>(&fiber->border());
        WRING_ASSERT(border_->isIn(here), "a coroutine goes home from the reactor it visits");
        WRING_ASSERT(border_->isHome(target_), "from elsewhere a coroutine can only go home");
        if (isCancelled) suspendAnyway();  // home it goes in any case
    } else {
        WRING_ASSERT(fiber->home() == &here->fibers(), "resumeOn needs a coroutine with a home");
        if (isCancelled) {
            result_ = Failure::of<CancelledError>();
            return false;
        }
    }
    try {
        here->arm(*this, here->now());
    } catch (...) {
        withdraw();
        throw;
    }
    return true;
}

void ResumeOnAwaiter::cancelWait() noexcept {
    if (border_) return;
    from_->disarm(*this);
    result_ = Failure::of<CancelledError>();
    resume();
}

void ResumeOnAwaiter::onDue(Timer& timer) noexcept {
    auto& self = static_cast<ResumeOnAwaiter&>(timer);
    self.withdraw();
    if (self.border_) {
        self.goHome();
    } else {
        self.leave();
    }
}

// Once the call has been accepted nothing here belongs to this thread any more.
void ResumeOnAwaiter::leave() noexcept {
    try {
        border_ = new Border(*fiber_, *from_);
        fiber_->leaveHome(*border_);
        std::shared_ptr<ReactorDoor> door = target_.door();
        if (door->call([this] { arrive(); })) return;
        stayHome(Failure::of<ReactorStopped>());
    } catch (...) {
        stayHome(Failure::current());
    }
}

void ResumeOnAwaiter::arrive() noexcept {
    if (target_.hasStopped()) return turnBack();
    border_->enter(target_);
    resume();
}

// The call was one of the last that the other reactor took: nothing would ever happen here.
void ResumeOnAwaiter::turnBack() noexcept {
    std::shared_ptr<ReactorDoor> door = border_->homeDoor();
    try {
        if (door->call([this] { stayHome(Failure::of<ReactorStopped>()); })) return;
        log(LogLevel::critical, "resumeOn: the home of a coroutine has gone; it cannot end");
    } catch (...) {
        log(LogLevel::critical, "resumeOn: no memory for the way home; a coroutine cannot end");
    }
}

void ResumeOnAwaiter::stayHome(Failure why) noexcept {
    result_ = std::move(why);
    if (border_) return arriveHome();
    resume();
}

void ResumeOnAwaiter::goHome() noexcept {
    std::shared_ptr<ReactorDoor> door = border_->homeDoor();
    border_->leave();
    try {
        if (door->call([this] { arriveHome(); })) return;
        log(LogLevel::critical, "resumeOn: the home of a coroutine has gone; it cannot end");
    } catch (...) {
        border_->enter(*from_);
        from_->arm(*this, after(from_->now(), std::chrono::milliseconds(10)));  // has room for it
    }
}

void ResumeOnAwaiter::arriveHome() noexcept {
    Border* border = std::exchange(border_, nullptr);
    fiber_->comeHome(*border);
    delete border;
    resume();
}

}  // namespace wring::detail
