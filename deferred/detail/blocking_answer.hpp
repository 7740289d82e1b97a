#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/runtime/detail/thread_waiter.hpp>

#include <memory>
#include <optional>

namespace wring {
class Reactor;
}

namespace wring::detail {

class ReactorDoor;

/// A thread that stands still until a reactor has an answer for it. Shared by the two.
class WRING_API BlockingAnswerBase : public ThreadWaiter,
                                     public std::enable_shared_from_this<BlockingAnswerBase> {
 public:
    /// Ends the process with a message when `reactor` runs in this thread.
    explicit BlockingAnswerBase(Reactor& reactor);
    ~BlockingAnswerBase() override;

    /// In the thread that waits: has `call` made in the reactor's thread, and waits until it has
    /// led to an answer. Throws ReactorStopped.
    void waitFor(Reactor& reactor, UniqueFunction<void()> call);

 protected:
    /// In the reactor's thread: the answer will come; until then the door knows.
    void expect();
    /// In the reactor's thread: no answer is expected any more. False if none was.
    bool isExpected() noexcept;
    /// The answer is there.
    void wake() noexcept;
    bool isStopping() const noexcept;

 private:
    std::shared_ptr<ReactorDoor> door_;
    std::shared_ptr<BlockingAnswerBase> self_;  // while listed at the door
    struct Signal;
    std::unique_ptr<Signal> signal_;
};

template <class T>
class BlockingAnswer final : public BlockingAnswerBase {
 public:
    using BlockingAnswerBase::BlockingAnswerBase;

    /// In the reactor's thread: what the answer will be taken from.
    void follow(Deferred<T> source) noexcept {
        expect();
        source_ = source;
        auto self = std::static_pointer_cast<BlockingAnswer>(shared_from_this());
        try {
            source.addBoth([self](Result<T> result) { self->finish(std::move(result)); });
        } catch (...) {
            finish(Failure::current());
        }
        if (source_ && isStopping()) reactorStopping();
    }
    /// After waitFor().
    Result<T> take() noexcept { return std::move(*result_); }

 private:
    void finish(Result<T> result) noexcept {
        if (!isExpected()) return;
        end(std::move(result));
    }
    // Shutdown waits for this thread, if it is one of the reactor's own.
    void reactorStopping() noexcept override {
        try {
            Deferred<T> source = *source_;
            source.cancel();
        } catch (...) {
            reportCancellerError();
        }
    }
    void reactorStopped() noexcept override {
        auto alive = shared_from_this();
        if (isExpected()) end(Failure::of<ReactorStopped>());
    }
    void end(Result<T> result) noexcept {
        result_.emplace(std::move(result));
        source_.reset();
        wake();
    }

    std::optional<Deferred<T>> source_;  // the reactor's thread only
    std::optional<Result<T>> result_;
};

}  // namespace wring::detail
