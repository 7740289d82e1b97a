#pragma once

#include <wring/runtime/api.hpp>

#include <cstdint>
#include <source_location>
#include <string>

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
    /// What is waited for, for a report: "a timer", "recv on descriptor 7".
    virtual std::string describe() const { return "something"; }

 protected:
    ~Suspension() = default;
};

/// A stretch of a fiber's work that can be cancelled, or protected from cancellation, by itself:
/// of a time-out, of a shield. Regions nest like the awaits they cover, all of them in the fiber.
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

/// Fibers that belong together, and who sees to their end.
struct FiberGroup {
    Fiber* owner = nullptr;  // null if nobody is known
    std::source_location place;
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
    inline void suspended(Suspension& by) noexcept;
    void resumed() noexcept { waiting_ = nullptr; }
    bool isSuspended() const noexcept { return waiting_ != nullptr; }

    /// For reports: where its coroutine was written, who sees to its end (null: its reactor), what
    /// it waits for (null: it runs) and since when, in nanoseconds of its reactor's time.
    void setPlace(const std::source_location& place) noexcept { place_ = place; }
    const std::source_location& place() const noexcept { return place_; }
    void setGroup(const FiberGroup* group) noexcept { group_ = group; }
    const FiberGroup* group() const noexcept { return group_; }
    const Suspension* waiting() const noexcept { return waiting_; }
    std::int64_t since() const noexcept { return since_; }

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
    void requestedIn(const CancelRegion* region) noexcept;
    bool isFelt() const noexcept;
    void update() noexcept;

    CancelRegion* innermost_ = nullptr;
    Suspension* waiting_ = nullptr;
    Fiber* next_ = nullptr;
    Fiber* previous_ = nullptr;
    class FiberList* list_ = nullptr;
    const FiberGroup* group_ = nullptr;
    std::source_location place_;
    std::int64_t since_ = 0;
    bool isRequested_ = false;  // to end, by cancel()
    bool isCancelled_ = false;
    bool isAway_ = false;
};

/// The fibers of one reactor.
class WRING_API FiberList {
 public:
    /// `wokenAt` says when the reactor last woke up; any thread may read it.
    explicit FiberList(const std::int64_t& wokenAt) noexcept : wokenAt_(wokenAt) {}
    FiberList(const FiberList&) = delete;
    FiberList& operator=(const FiberList&) = delete;
    ~FiberList();

    void add(Fiber& fiber) noexcept;
    void remove(Fiber& fiber) noexcept;
    bool empty() const noexcept { return head_ == nullptr; }
    unsigned size() const noexcept { return size_; }
    /// Cancels each, those that are added meanwhile included.
    void cancelAll() noexcept;
    /// The newest first.
    template <class F>
    void forEach(F function) const {
        for (const Fiber* each = head_; each; each = each->next_) function(*each);
    }

 private:
    friend class Fiber;
    void moveToBack(Fiber& fiber) noexcept;

    Fiber* head_ = nullptr;
    Fiber* tail_ = nullptr;
    unsigned size_ = 0;
    const std::int64_t& wokenAt_;
};

// A fiber that is away reads its home's clock from another thread.
inline void Fiber::suspended(Suspension& by) noexcept {
    waiting_ = &by;
    if (list_) since_ = __atomic_load_n(&list_->wokenAt_, __ATOMIC_RELAXED);
}

}  // namespace wring::detail
