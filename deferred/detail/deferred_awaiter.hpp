#pragma once

#include <wring/deferred/detail/deferred_state.hpp>
#include <wring/deferred/errors.hpp>

namespace wring::detail {

/// Waits at the end of a Deferred's chain and takes the result out of it.
template <class T>
class DeferredAwaiter final : public Wait, public DeferredLink {
 public:
    explicit DeferredAwaiter(Ref<DeferredState<T>> state) noexcept : state_(std::move(state)) {}

    bool await_ready() noexcept {
        if (!state_->isReady()) return false;
        takeFrom(*state_);
        return true;
    }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
        bool isCancelled = !begin(handle);
        if (isCancelled) {
            // Cancelled before it waits: ask the other side to end, then wait for that end.
            cancelWait();
            if (state_->isReady()) {
                takeFrom(*state_);
                return false;
            }
            suspendAnyway();
        }
        state_->append(*this);
        return true;
    }
    T await_resume() { return takeResult().value(); }
    Result<T> takeResult() noexcept { return std::move(*result_); }

    Step run(DeferredBase& current, Ref<DeferredBase>&) noexcept override {
        takeFrom(static_cast<DeferredState<T>&>(current));
        return Step::next;
    }
    // Resumes only here, when the chain does not touch the link any more: it lies in the frame of
    // the coroutine that goes on.
    void dispose() noexcept override { resume(); }
    std::string describe() const override { return describeDeferred(*state_); }
    void cancelWait() noexcept override {
        Ref<DeferredState<T>> alive = state_;
        try {
            alive->cancel();
        } catch (...) {
            reportCancellerError();
        }
    }

 private:
    void takeFrom(DeferredState<T>& state) noexcept {
        if (state.hasResult()) {
            result_.emplace(state.take());
        } else {
            result_.emplace(alreadyAwaited());
        }
    }

    Ref<DeferredState<T>> state_;
    std::optional<Result<T>> result_;
};

}  // namespace wring::detail
