#pragma once

#include <wring/runtime/api.hpp>
#include <wring/runtime/frame_pool.hpp>

#include <concepts>
#include <coroutine>

namespace wring {
class Reactor;
}

namespace wring::detail {

class Fiber;

/// What a fiber waits for while suspended: the leaf of its chain of awaits.
class WRING_API Suspension {
 public:
    /// Asks that the wait ends soon. May resume the fiber before it returns.
    virtual void cancelWait() noexcept = 0;

 protected:
    ~Suspension() = default;
};

/// A stretch of a fiber's work that can be cancelled, or protected from cancellation, by itself:
/// of a time-out, of a shield, or the whole fiber. Regions nest like the awaits they cover.
class WRING_API CancelRegion {
 public:
    explicit CancelRegion(Fiber& fiber) noexcept;
    CancelRegion(const CancelRegion&) = delete;
    CancelRegion& operator=(const CancelRegion&) = delete;
    virtual ~CancelRegion();

    /// From now on every suspension point within throws CancelledError.
    void request() noexcept;
    bool isRequested() const noexcept { return requested_; }

    /// While set, requests of the regions around are not felt within.
    void setShield(bool shields) noexcept;

    /// Whether a region around this one was asked to end.
    bool isRequestedOutside() const noexcept;

    /// Told when a region around this one is asked to end.
    virtual void outerRequested() noexcept {}

 private:
    friend class Fiber;
    Fiber& fiber_;
    CancelRegion* outer_;
    bool requested_ = false;
    bool shields_ = false;
    bool isAway_;  // belongs to the thread that its fiber visits, not to its home
    bool isBorder_ = false;
};

/// One line of execution: a started coroutine and whatever it awaits. Carries the state of
/// cancellation, so that no function takes a token.
///
/// While it visits another reactor's thread, the regions up to the border are that thread's and
/// everything else is its home's: what is requested there is noted and felt when it is back.
///
/// Thread    its reactor's.
class WRING_API Fiber {
 public:
    /// Belongs to the current thread's reactor, if there is one, until it is destroyed.
    Fiber() noexcept;
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;
    ~Fiber();

    /// Cancels all of it, for good.
    void cancel() noexcept;

    /// Whether the next suspension point has to throw.
    bool isCancelled() const noexcept { return isCancelled_; }

    /// The leaf says what it waits for, and that it waits no more.
    void suspended(Suspension& by) noexcept { waiting_ = &by; }
    void resumed() noexcept { waiting_ = nullptr; }
    bool isSuspended() const noexcept { return waiting_ != nullptr; }

    /// The list of its home reactor, or null.
    const class FiberList* home() const noexcept { return list_; }
    bool isAway() const noexcept { return isAway_; }
    /// Goes away; `border`, the innermost region, then stands for all that lies around it.
    void leaveHome(CancelRegion& border) noexcept;
    /// The border of a fiber that is away and has ended all its regions there.
    CancelRegion& border() const noexcept;
    /// Is back; `border` is to be destroyed next.
    void comeHome(CancelRegion& border) noexcept;

 private:
    friend class CancelRegion;
    friend class FiberList;
    void requestedIn(CancelRegion& region) noexcept;
    void update() noexcept;

    CancelRegion* innermost_ = nullptr;
    Suspension* waiting_ = nullptr;
    Fiber* next_ = nullptr;
    Fiber* previous_ = nullptr;
    class FiberList* list_ = nullptr;
    bool isCancelled_ = false;
    bool isAway_ = false;
    CancelRegion root_;
};

/// The fibers of one reactor.
class WRING_API FiberList {
 public:
    FiberList() noexcept = default;
    FiberList(const FiberList&) = delete;
    FiberList& operator=(const FiberList&) = delete;
    ~FiberList();

    void add(Fiber& fiber) noexcept;
    void remove(Fiber& fiber) noexcept;
    bool empty() const noexcept { return head_ == nullptr; }
    unsigned size() const noexcept { return size_; }
    /// Cancels each, those that are added meanwhile included.
    void cancelAll() noexcept;

 private:
    friend class Fiber;
    void moveToBack(Fiber& fiber) noexcept;

    Fiber* head_ = nullptr;
    Fiber* tail_ = nullptr;
    unsigned size_ = 0;
};

/// Base of the promises of wring's coroutines: where to go on, and the fiber it is part of.
struct PromiseBase : Pooled {
    std::coroutine_handle<> continuation;
    Fiber* fiber = nullptr;
};

/// The fiber that a suspending coroutine is part of; null in a foreign coroutine type, which
/// cannot be cancelled.
template <class Promise>
Fiber* fiberOf([[maybe_unused]] Promise& promise) noexcept {
    if constexpr (std::derived_from<Promise, PromiseBase>) {
        return promise.fiber;
    } else {
        return nullptr;
    }
}

/// `co_await CurrentFiber{}`: the running coroutine's fiber, without suspending.
struct CurrentFiber {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
        fiber = fiberOf(handle.promise());
        return false;
    }
    Fiber* await_resume() const noexcept { return fiber; }
    Fiber* fiber = nullptr;
};

/// Base of leaf awaiters: keeps who waits and resumes it.
class Wait : public Suspension {
 public:
    Wait() noexcept = default;
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

 protected:
    ~Wait() = default;

    /// Notes the waiting coroutine. False when its fiber is cancelled: then do not wait.
    template <class Promise>
    bool begin(std::coroutine_handle<Promise> handle) noexcept {
        handle_ = handle;
        fiber_ = fiberOf(handle.promise());
        if (!fiber_) return true;
        if (fiber_->isCancelled()) return false;
        fiber_->suspended(*this);
        return true;
    }

    /// After a begin() that gave false: waits all the same, for the end of what was cancelled.
    void suspendAnyway() noexcept { fiber_->suspended(*this); }

    /// Undoes begin() of a wait that turned out not to be one.
    void withdraw() noexcept {
        if (fiber_) fiber_->resumed();
    }

    /// Goes on; `this` may be gone afterwards.
    void resume() noexcept {
        withdraw();
        handle_.resume();
    }

 private:
    std::coroutine_handle<> handle_;
    Fiber* fiber_ = nullptr;
};

}  // namespace wring::detail
