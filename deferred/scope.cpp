#include <wring/deferred/scope.hpp>

#include <wring/deferred/timeout.hpp>
#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/place.hpp>

#include <utility>

namespace wring {

/// Watches one child; lives until that has ended.
class Scope::Child final : public detail::DeferredWatcher, public detail::Pooled {
 public:
    Child(Scope& scope, detail::DeferredBase& state) noexcept
        : scope_(scope), state_(&state), next_(scope.first_) {
        if (next_) next_->previous_ = this;
        scope.first_ = this;
        ++scope.running_;
        state.setWatcher(this);
    }
    void deferredEnded() noexcept override {
        (previous_ ? previous_->next_ : scope_.first_) = next_;
        if (next_) next_->previous_ = previous_;
        Ref<detail::DeferredBase> state = std::move(state_);
        Scope& scope = scope_;
        delete this;
        scope.ended(*state);
    }

    Scope& scope_;
    Ref<detail::DeferredBase> state_;
    Child* next_;
    Child* previous_ = nullptr;
    bool isAsked_ = false;
};

Scope::~Scope() { WRING_ASSERT(running_ == 0, describeOffence().c_str()); }

std::string Scope::describeOffence() const {
    std::string text = "a Scope was destroyed while its children run: the one made at " +
                       detail::placeText(group_.place) + "; its children:";
    for (const Child* each = first_; each; each = each->next_) {
        text += " the task at " + detail::placeText(each->state_->place()) + ";";
    }
    return text;
}

void Scope::adopt(detail::DeferredBase& state) {
    if (state.isCalled()) {
        // Whoever spawned it could not handle its failure yet.
        if (!isJoining_ && state.failure()) return early_.push_back(Ref<detail::DeferredBase>(&state));
        return noteFailure(state);
    }
    if (detail::Fiber* fiber = state.fiber()) fiber->setGroup(&group_);
    idle_.clear();
    auto* child = new Child(*this, state);
    if (!isCancelled_) return;
    child->isAsked_ = true;
    state.cancel();
}

void Scope::ended(detail::DeferredBase& state) noexcept {
    --running_;
    ++busy_;
    noteFailure(state);
    --busy_;
    wakeIfIdle();
}

// The last thing anyone does with the scope.
void Scope::wakeIfIdle() noexcept {
    if (isIdle()) idle_.set();
}

void Scope::noteFailure(detail::DeferredBase& state) noexcept {
    const Failure* failure = state.failure();
    if (!failure) return;
    if (detail::isCancellation(*failure)) return state.failureSeen();
    if (failure_) return;  // join() can tell one only; the others are logged as unhandled
    state.failureSeen();
    failure_ = *failure;
    if (body_) body_->request();
    cancel();
}

void Scope::cancel() noexcept {
    isCancelled_ = true;
    ++busy_;
    // Ending a child may end others: look for the next one from the front each time.
    for (Child* each = first_; each;) {
        if (each->isAsked_) {
            each = each->next_;
            continue;
        }
        each->isAsked_ = true;
        try {
            Ref<detail::DeferredBase>(each->state_)->cancel();
        } catch (...) {
            detail::reportCancellerError();
        }
        each = first_;
    }
    --busy_;
    wakeIfIdle();
}

Task<> Scope::join() {
    if (detail::Fiber* joining = co_await detail::CurrentFiber{}) group_.owner = joining;
    isJoining_ = true;
    for (const auto& each : std::exchange(early_, {})) noteFailure(*each);
    Result<void> waited;
    // The end of the last child may have brought the joiner here, and is not done with the scope.
    while (!isIdle()) {
        waited = co_await outcome(idle_.wait());
        if (waited) continue;
        cancel();
        // Cancelled work is awaited all the same; it has no business taking for ever, and if
        // it does, whoever shuts down names it.
        while (!isIdle()) co_await shield(Duration::max(), waitIdle());
    }
    isJoining_ = false;
    if (failure_) std::exchange(failure_, std::nullopt)->raise();
    waited.value();
}

Task<> Scope::waitIdle() { co_await idle_.wait(); }

}  // namespace wring
