#pragma once

#include <wring/runtime/detail/resumable.hpp>
#include <wring/runtime/task.hpp>

namespace wring::detail {

/// A task that nobody awaits, and the fiber that it is. It takes a third of the memory of a
/// coroutine that awaits the task.
///
/// Lifetime  stays where it is until the task has ended, of which the function it was made with is
///           told; that may destroy it.
class RootTask : public Resumable {
 public:
    explicit RootTask(Function ended) noexcept : Resumable(ended), task_(nullptr) {}

    /// Runs the task to its first suspension, or its end, once.
    void begin(Task<> task) noexcept {
        task_ = std::move(task);
        fiber_.setPlace(task_.place());
        if (!Task<>::Awaiter(task_.handle_).begin(handle(), &fiber_)) resume();
    }

    /// How it ended, once it has.
    Result<void> takeResult() noexcept { return takeResultOf(task_.handle_.promise()); }

 private:
    Fiber fiber_;
    Task<> task_;
};

}  // namespace wring::detail
