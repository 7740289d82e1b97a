#include <wring/deferred/detail/deferred_state.hpp>

#include <wring/deferred/errors.hpp>
#include <wring/runtime/log.hpp>

#include <vector>

namespace wring {

WRING_DEFINE_ERROR(AlreadyCalledError, UsageError, "The Deferred has been called already", false);
WRING_DEFINE_ERROR(AlreadyAwaitedError, UsageError,
                   "The Deferred's result was awaited or moved on already", false);
WRING_DEFINE_ERROR(FirstError, Error, "The first of several gathered results to fail", false);
WRING_DEFINE_ERROR(FailureGroup, Error, "All of the raced operations failed", false);

namespace detail {

DeferredBase::~DeferredBase() = default;

void DeferredBase::append(DeferredLink& link) noexcept {
    link.next_ = nullptr;
    (last_ ? last_->next_ : first_) = &link;
    last_ = &link;
    if (isCalled_ && !isRunning_) run();
}

bool DeferredBase::beginFire() {
    if (isCalled_) {
        if (!swallowsOne_) throw AlreadyCalledError();
        swallowsOne_ = false;
        return false;
    }
    isCalled_ = true;
    return true;
}

void DeferredBase::fired() noexcept {
    canceller_ = nullptr;
    fiber_ = nullptr;
    upstream_ = nullptr;
    Ref<DeferredBase> alive(this);
    run();
    if (DeferredWatcher* watcher = std::exchange(watcher_, nullptr)) watcher->deferredEnded();
}

void DeferredBase::cancel() {
    Ref<DeferredBase> alive(this);
    if (isCalled_) {
        if (waitingOn_) waitingOn_->cancel();
        return;
    }
    if (fiber_) {
        isOfCoroutine_ = true;
        return fiber_->cancel();
    }
    if (upstream_) return upstream_->cancel();
    if (canceller_) {
        Canceller canceller = std::move(canceller_);
        canceller(*this);
    } else {
        swallowsOne_ = !answersLater_;
    }
    if (!isCalled_ && !answersLater_) fail(Failure::of<CancelledError>());
}

void DeferredBase::unpause() noexcept {
    --paused_;
    if (paused_ == 0 && isCalled_ && !isRunning_) run();
}

// A chain that hands its result to another one does not call it but lets it run next: chains of
// any length use the same stack.
void DeferredBase::run() noexcept {
    std::vector<Ref<DeferredBase>> suspended;
    Ref<DeferredBase> current(this);
    while (current) {
        Ref<DeferredBase> next;
        if (current->runLinks(next) == Step::moved) {
            if (current->first_) suspended.push_back(std::move(current));
            current = std::move(next);
        } else if (suspended.empty()) {
            current = nullptr;
        } else {
            current = std::move(suspended.back());
            suspended.pop_back();
        }
    }
}

Step DeferredBase::runLinks(Ref<DeferredBase>& next) noexcept {
    if (isRunning_) return Step::blocked;
    while (first_ && paused_ == 0) {
        DeferredLink* link = first_;
        first_ = link->next_;
        if (!first_) last_ = nullptr;
        isRunning_ = true;
        Step step = link->run(*this, next);
        isRunning_ = false;
        link->dispose();
        if (step != Step::next) return step;
    }
    return Step::blocked;
}

void DeferredBase::disposeLinks() noexcept {
    while (first_) std::exchange(first_, first_->next_)->dispose();
}

void DeferredBase::reportUnhandled(const Failure& failure) const noexcept {
    if (isFailureSeen_) return;
    // A coroutine that was told to end and did is no news.
    if (isOfCoroutine_ && failure.check<CancelledError>()) return;
    log(LogLevel::critical, "Unhandled error in Deferred: " + failure.className() + ": " +
                                failure.getErrorMessage());
}

void reportCancellerError() noexcept {
    log(LogLevel::error, "a canceller threw: " + Failure::current().getErrorMessage());
}

}  // namespace detail

}  // namespace wring
