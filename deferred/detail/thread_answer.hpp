#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/runtime/detail/thread_waiter.hpp>

#include <memory>
#include <optional>

namespace wring {
class Reactor;
class ThreadPool;
}  // namespace wring

namespace wring::detail {

class ReactorDoor;

/// The reactor that runs in this thread; ends the process with a message if there is none.
WRING_API Reactor& reactorForThreads() noexcept;
WRING_API ThreadPool& poolOf(Reactor& reactor);

/// A Deferred whose result is made in another thread. Kept by that thread and, as long as it is
/// awaited, by the reactor's door; the Deferred is touched in the reactor's thread only.
class WRING_API ThreadAnswerBase : public ThreadWaiter,
                                   public std::enable_shared_from_this<ThreadAnswerBase> {
 public:
    explicit ThreadAnswerBase(Reactor& reactor) noexcept;

    /// In the reactor's thread, once: from now on the result is expected.
    void expect();
    /// In the reactor's thread: has `work`, which makes the result, done by the pool.
    void askFor(ThreadPool& pool, UniqueFunction<void()> work);
    /// In the reactor's thread: there will be none.
    void giveUp(Failure why) noexcept;
    /// In the other thread: the result is there.
    void deliver() noexcept;

 private:
    void reactorStopped() noexcept override;
    void arrived() noexcept;
    /// With what the other thread has delivered.
    virtual void fire() noexcept = 0;
    /// Without looking at that: the other thread may be at it.
    virtual void fail(Failure why) noexcept = 0;

    std::shared_ptr<ReactorDoor> door_;
    std::shared_ptr<ThreadAnswerBase> self_;  // while listed at the door
};

template <class T>
class ThreadAnswer final : public ThreadAnswerBase {
 public:
    using ThreadAnswerBase::ThreadAnswerBase;

    const Deferred<T>& deferred() const noexcept { return *deferred_; }
    /// In the other thread, before deliver().
    void put(Result<T> result) noexcept { made_.emplace(std::move(result)); }

 private:
    void fire() noexcept override {
        Result<T> result = std::move(*made_);
        made_.reset();  // here: what a move leaves behind must not end in the other thread
        end(std::move(result));
    }
    void fail(Failure why) noexcept override { end(Result<T>(std::move(why))); }
    // Cancelled meanwhile, or fired by its user: the late result is dropped.
    void end(Result<T> result) noexcept {
        Deferred<T> target = std::move(*deferred_);
        deferred_.reset();
        if (!target.called()) target.state()->fire(std::move(result));
    }

    std::optional<Deferred<T>> deferred_{std::in_place};
    std::optional<Result<T>> made_;  // the other thread's until it has arrived
};

}  // namespace wring::detail
