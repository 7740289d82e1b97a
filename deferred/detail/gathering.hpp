#pragma once

#include <wring/deferred/detail/deferred_state.hpp>

#include <cstddef>
#include <vector>

namespace wring::detail {

/// Several Deferreds that are put together in one: who of them has still to answer. Hangs on each
/// of them through a Hold, and does not keep them alive: they keep it.
class WRING_API Gathering : public RefCounted, public Pooled {
 public:
    explicit Gathering(std::size_t count) : inputs_(count), missing_(count) {}

    /// Says which Deferred is the input at `index`.
    void setInput(std::size_t index, DeferredBase& input) noexcept { inputs_[index] = &input; }
    /// How many there are.
    std::size_t size() const noexcept { return inputs_.size(); }

    /// The next input has answered.
    void noteAnswer() noexcept { --missing_; }
    /// The input at `index` is gone, or will not be asked for anything any more.
    void forget(std::size_t index, bool hasAnswered) noexcept {
        inputs_[index] = nullptr;
        if (!hasAnswered) ++lost_;
    }

    /// Whether every input has answered.
    bool isComplete() const noexcept { return missing_ == 0; }
    /// Whether those that could still answer have, after they were told to end.
    bool isAbandoned() const noexcept { return isCancelled_ && missing_ == lost_; }

    /// Cancels every input but one; `except` may be size(). What cancellers throw is logged.
    void cancelAll(std::size_t except) noexcept;

    bool isOver = false;  // what the whole gives has been decided

 private:
    std::vector<DeferredBase*> inputs_;  // null once nothing is to be had from it any more
    std::size_t missing_;                // inputs without an answer …
    std::size_t lost_ = 0;               // … and of these, who will never have one
    bool isCancelled_ = false;
};

/// What hangs on one input, until that has answered or is gone.
template <class State>
class Hold {
 public:
    Hold(Ref<State> state, std::size_t index) noexcept : state_(std::move(state)), index_(index) {}
    Hold(Hold&&) noexcept = default;
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
        if (state_) state_->forget(index_, hasAnswered_);
    }
    /// Notes that the answer has come.
    State& resolve() noexcept {
        hasAnswered_ = true;
        state_->noteAnswer();
        return *state_;
    }

 private:
    Ref<State> state_;
    std::size_t index_;
    bool hasAnswered_ = false;
};

/// A canceller that asks every input, each time it is called; what they do then decides, if there
/// is one left.
WRING_API DeferredBase::Canceller askAll(Ref<Gathering> gathering);

/// FirstError, or what came in its way.
WRING_API Failure firstError(const Failure& failure, std::size_t index) noexcept;

}  // namespace wring::detail
