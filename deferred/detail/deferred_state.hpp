#pragma once

#include <wring/runtime/detail/wait.hpp>
#include <wring/runtime/ref.hpp>
#include <wring/runtime/result.hpp>
#include <wring/runtime/unique_function.hpp>

#include <optional>
#include <source_location>
#include <string>
#include <type_traits>

namespace wring::detail {

class DeferredBase;

/// What running a link of a chain led to.
enum class Step : unsigned char {
    next,     ///< on with the next link
    blocked,  ///< the Deferred waits for another one now
    moved,    ///< another Deferred got a result and runs first
};

/// One pair of callbacks in a chain, or whatever else waits for the result at that place.
class DeferredLink {
 public:
    /// Takes the result of `current` and leaves another. `next` is set for Step::moved.
    virtual Step run(DeferredBase& current, Ref<DeferredBase>& next) noexcept = 0;
    /// The chain is done with it.
    virtual void dispose() noexcept = 0;

    virtual ~DeferredLink() = default;

 private:
    friend class DeferredBase;
    DeferredLink* next_ = nullptr;
};

/// A link that belongs to its chain.
class OwnedLink : public DeferredLink, public Pooled {
 public:
    void dispose() noexcept final { delete this; }
};

/// Told once when a Deferred has fired and what hung on it has run.
class DeferredWatcher {
 public:
    virtual void deferredEnded() noexcept = 0;

 protected:
    ~DeferredWatcher() = default;
};

/// The state machine behind Deferred, without the type of the result.
///
/// Source    Twisted: defer.Deferred; the loop in run() is its _runCallbacks.
class WRING_API DeferredBase : public RefCounted, public Pooled {
 public:
    using Canceller = UniqueFunction<void(DeferredBase&)>;

    ~DeferredBase() override;

    bool isCalled() const noexcept { return isCalled_; }
    bool isPaused() const noexcept { return paused_ > 0; }
    bool isWaiting() const noexcept { return waitingOn_ != nullptr; }
    /// Whether the result can be taken here and now.
    bool isReady() const noexcept { return isCalled_ && !isHeld() && !first_ && !isRunning_; }

    /// With `answersLater` a cancel() only asks: the canceller sees to it that this fires.
    void setCanceller(Canceller canceller, bool answersLater = false) {
        canceller_ = std::move(canceller);
        answersLater_ = answersLater;
    }
    void setFiber(Fiber* fiber) noexcept { fiber_ = fiber; }
    /// Where in the source it was made, for reports.
    void setPlace(std::source_location where) noexcept { place_ = where; }
    std::source_location place() const noexcept { return place_; }
    std::string toString() const;
    Fiber* fiber() const noexcept { return fiber_; }

    /// Appends a link, and runs it at once if there is a result.
    void append(DeferredLink& link) noexcept;
    void cancel();
    void pause() noexcept { ++paused_; }
    void unpause() noexcept;
    void run() noexcept;

    /// The checks before a result is accepted. False: swallow it (it comes after a cancel).
    bool beginFire();
    /// A result is there (in the derived class): run what waits for it.
    void fired() noexcept;

    /// Makes this one wait for `inner`, whose result it will get through a link made by the
    /// derived class.
    void waitFor(DeferredBase& inner) noexcept { waitingOn_ = &inner; }
    void stopWaiting() noexcept { waitingOn_ = nullptr; }
    /// What it waits for is gone without a result: only cancel() ends the wait now.
    void innerLost() noexcept {
        waitingOn_ = nullptr;
        isOrphan_ = true;
    }

    /// The chain of another Deferred leads here: its result counts as this one's firing. False when
    /// somebody has fired this one meanwhile.
    bool acceptFrom() noexcept {
        upstream_ = nullptr;
        canceller_ = nullptr;
        return !std::exchange(isCalled_, true);
    }

    /// The Deferred whose chain was moved into this one; not kept alive by it.
    void setUpstream(DeferredBase* upstream) noexcept { upstream_ = upstream; }

    /// Who is told of the end; one at most, gone or called before the state is.
    void setWatcher(DeferredWatcher* watcher) noexcept { watcher_ = watcher; }

    /// The failure that is the result now, or null.
    virtual const Failure* failure() const noexcept = 0;
    /// Somebody has taken notice of the failure: no report.
    void failureSeen() noexcept { isFailureSeen_ = true; }
    /// Ends with `failure`, unless fired.
    void fail(Failure failure) noexcept;
    /// It is a coroutine's that was told to end: if it did, that is no news.
    void toldToEnd() noexcept { wasToldToEnd_ = true; }

    /// Lets go of a handle. Of a chain of Deferreds that only keep each other alive, one is
    /// destroyed after the other, not one within the other.
    static void drop(Ref<DeferredBase> handle) noexcept;

 protected:
    virtual void putFailure(Failure failure) noexcept = 0;
    /// What the result is, as far as that can be said; empty if it was moved on.
    virtual std::string describeResult() const = 0;
    void reportUnhandled(const Failure& failure) const noexcept;
    void disposeLinks() noexcept;
    /// Fired already, by whom or through which state does not matter.
    void markCalled() noexcept { isCalled_ = true; }

 private:
    Step runLinks(Ref<DeferredBase>& next) noexcept;
    bool isHeld() const noexcept { return paused_ > 0 || waitingOn_ || isOrphan_; }

    DeferredLink* first_ = nullptr;
    DeferredLink* last_ = nullptr;
    Fiber* fiber_ = nullptr;
    DeferredBase* waitingOn_ = nullptr;
    DeferredBase* upstream_ = nullptr;
    DeferredWatcher* watcher_ = nullptr;
    Ref<DeferredBase> below_;  // in the stack of those that go on later, or that are dropped
    Canceller canceller_;
    std::source_location place_;
    unsigned paused_ = 0;
    bool isCalled_ = false;
    bool isRunning_ = false;  // or will go on when others have run
    bool isOrphan_ = false;
    bool swallowsOne_ = false;
    bool wasToldToEnd_ = false;
    bool isFailureSeen_ = false;
    bool answersLater_ = false;
};

/// Logs what a canceller threw where there is nobody to catch it. For use in a catch block.
WRING_API void reportCancellerError() noexcept;

/// The exception that is being handled; throws NoCurrentExceptionError if there is none.
WRING_API Failure currentFailure();

/// How a report calls it: "a Deferred made at FILE:LINE".
WRING_API std::string describeDeferred(const DeferredBase& deferred);

/// What is told to who comes for a result that was moved on.
WRING_API Failure alreadyAwaited() noexcept;

/// The state with a result of type T. No result after having been fired: it was moved on.
template <class T>
class DeferredState final : public DeferredBase {
 public:
    ~DeferredState() override {
        disposeLinks();
        if (const Failure* unhandled = failure()) reportUnhandled(*unhandled);
    }

    /// Throws AlreadyCalledError.
    void fire(Result<T> result) {
        if (!beginFire()) return;
        result_.emplace(std::move(result));
        fired();
    }
    /// For a coroutine's end, which is the only one to fire its state.
    void fireOnce(Result<T> result) noexcept {
        markCalled();
        result_.emplace(std::move(result));
        fired();
    }
    const Failure* failure() const noexcept override {
        return result_ && !result_->has_value() ? &result_->error() : nullptr;
    }

    bool hasResult() const noexcept { return result_.has_value(); }
    std::optional<Result<T>>& result() noexcept { return result_; }
    /// The result, moved out.
    Result<T> take() noexcept {
        Result<T> taken = std::move(*result_);
        result_.reset();
        return taken;
    }
    /// The same; without a result, "nothing" is a value of void and an error otherwise.
    Result<T> takeOrNothing() noexcept {
        if (result_) return take();
        if constexpr (std::is_void_v<T>) {
            return {};
        } else {
            return alreadyAwaited();
        }
    }
    void put(Result<T> result) noexcept { result_.emplace(std::move(result)); }

 private:
    void putFailure(Failure failure) noexcept override { result_.emplace(std::move(failure)); }
    std::string describeResult() const override {
        if (!result_) return {};
        if (!result_->has_value()) {
            return result_->error().className() + ": " + result_->error().getErrorMessage();
        }
        if constexpr (std::is_void_v<T>) {
            return "success";
        } else if constexpr (std::is_arithmetic_v<T>) {
            return std::to_string(**result_);
        } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
            return std::string(std::string_view(**result_));
        } else {
            return "a value";
        }
    }

    std::optional<Result<T>> result_;
};

}  // namespace wring::detail
