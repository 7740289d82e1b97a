#include <wring/deferred/detail/deferred_state.hpp>

#include <wring/deferred/errors.hpp>
#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/place.hpp>
#include <wring/runtime/log.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <utility>

namespace wring {

WRING_DEFINE_ERROR(AlreadyCalledError, UsageError, "The Deferred has been called already", false);
WRING_DEFINE_ERROR(NoCurrentExceptionError, UsageError,
                   "There is no exception being handled", false);
WRING_DEFINE_ERROR(AlreadyAwaitedError, UsageError,
                   "The Deferred's result was awaited or moved on already", false);
WRING_DEFINE_ERROR(FirstError, Error, "The first of several gathered results to fail", false);
WRING_DEFINE_ERROR(FailureGroup, Error, "All of the raced operations failed", false);

namespace detail {

bool isCancellation(const Failure& failure) noexcept {
    if (failure.check<CancelledError>()) return true;
    if (!failure.check<FirstError>() && !failure.check<FailureGroup>()) return false;
    try {
        failure.raise();
    } catch (const FirstError& first) {
        return isCancellation(first.subFailure);
    } catch (const FailureGroup& group) {
        return !group.failures.empty() &&
               std::all_of(group.failures.begin(), group.failures.end(), isCancellation);
    } catch (...) {
        return false;
    }
}

DeferredBase::~DeferredBase() = default;

void DeferredBase::append(DeferredLink& link) noexcept {
    link.next_ = nullptr;
    (last_ ? last_->next_ : first_) = &link;
    last_ = &link;
    if (isCalled_ && !isRunning_) run();
}

bool DeferredBase::beginFire() {
    if (isCalled_) {
        if (!swallowsOne_) throw AlreadyCalledError(0, "fire a Deferred", "made at " + placeText(place_));
        swallowsOne_ = false;
        return false;
    }
    isCalled_ = true;
    return true;
}

void DeferredBase::fired() noexcept {
    Ref<DeferredBase> alive(this);  // the canceller may hold the last handle
    canceller_ = nullptr;
    fiber_ = nullptr;
    upstream_ = nullptr;
    run();
    if (DeferredWatcher* watcher = std::exchange(watcher_, nullptr)) watcher->deferredEnded();
}

void DeferredBase::cancel() {
    Ref<DeferredBase> alive(this);
    if (isCalled_) {
        if (waitingOn_) return waitingOn_->cancel();
        if (!std::exchange(isOrphan_, false)) return;
        putFailure(Failure::of<CancelledError>());
        return run();
    }
    if (fiber_) return fiber_->cancel();
    if (upstream_) return upstream_->cancel();
    if (canceller_) {
        Canceller canceller = std::move(canceller_);
        canceller(*this);
    } else {
        swallowsOne_ = !answersLater_;
    }
    if (!isCalled_ && !answersLater_) fail(Failure::of<CancelledError>());
}

void DeferredBase::fail(Failure failure) noexcept {
    if (std::exchange(isCalled_, true)) return;
    putFailure(std::move(failure));
    fired();
}

void DeferredBase::unpause() noexcept {
    WRING_ASSERT(paused_ > 0, "unpause() of a Deferred that is not paused");
    --paused_;
    if (paused_ == 0 && isCalled_ && !isRunning_) run();
}

// A chain that hands its result to another one does not call it but lets it run next: chains of
// any length use the same stack. Those that have links left go on afterwards; until then they
// count as running, so that nobody runs them out of turn.
void DeferredBase::run() noexcept {
    Ref<DeferredBase> suspended;
    Ref<DeferredBase> current(this);
    while (current) {
        Ref<DeferredBase> next;
        if (current->runLinks(next) == Step::moved) {
            if (current->first_ && !current->isRunning_) {
                current->isRunning_ = true;
                current->below_ = std::move(suspended);
                suspended = std::move(current);
            }
            current = std::move(next);
        } else {
            current = std::move(suspended);
            if (!current) return;
            suspended = std::move(current->below_);
            current->isRunning_ = false;
        }
    }
}

Step DeferredBase::runLinks(Ref<DeferredBase>& next) noexcept {
    if (isRunning_) return Step::blocked;
    while (first_ && !isHeld() && !isRunning_) {
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

void DeferredBase::drop(Ref<DeferredBase> handle) noexcept {
    thread_local Ref<DeferredBase>* pending = nullptr;
    if (!handle || handle->useCount() > 1) return;
    if (pending) {
        handle->below_ = std::move(*pending);
        *pending = std::move(handle);
        return;
    }
    pending = &handle;
    while (handle) {
        Ref<DeferredBase> each = std::move(handle);
        handle = std::move(each->below_);
    }
    pending = nullptr;
}

void DeferredBase::disposeLinks() noexcept {
    while (first_) std::exchange(first_, first_->next_)->dispose();
}

void DeferredBase::reportUnhandled(const Failure& failure) const noexcept {
    if (isFailureSeen_) return;
    if (wasToldToEnd_ && isCancellation(failure)) return;
    log(LogLevel::critical, "Unhandled error in Deferred: " + failure.className() + ": " +
                                failure.getErrorMessage() + " (made at " + placeText(place_) + ")");
}

std::string DeferredBase::toString() const {
    std::array<char, 32> address{};
    auto hexOf = [&](const void* of) { std::snprintf(address.data(), address.size(), "%p", of); };
    hexOf(this);
    std::string text = std::string("<Deferred at ") + address.data();
    if (waitingOn_) {
        hexOf(waitingOn_);
        text += std::string(" waiting on Deferred at ") + address.data();
    } else if (isCalled_) {
        std::string result = describeResult();
        text += " current result: " + (result.empty() ? "nothing" : result);
    }
    return text + ", made at " + placeText(place_) + ">";
}

std::string describeDeferred(const DeferredBase& deferred) {
    return "a Deferred made at " + placeText(deferred.place());
}

Failure currentFailure() {
    if (!std::current_exception()) throw NoCurrentExceptionError();
    return Failure::current();
}

Failure alreadyAwaited() noexcept { return Failure::of<AlreadyAwaitedError>(); }

void reportCancellerError() noexcept {
    log(LogLevel::error, "a canceller threw: " + Failure::current().getErrorMessage());
}

}  // namespace detail

}  // namespace wring
