#pragma once

#include <wring/runtime/detail/wait.hpp>

namespace wring::detail {

class WaiterList;

/// Base of awaiters that stand in a line. One that has been served waits no more, though it may
/// go on a little later: from then on cancelling it comes too late.
class WRING_API Waiter : public Wait {
 public:
    /// Leaves the line and goes on, unless it has been served.
    void cancelWait() noexcept final;
    std::string describe() const override { return "its turn at a channel or condition"; }

 protected:
    Waiter() noexcept = default;
    virtual ~Waiter() = default;

    /// Stands in line. False when its fiber is cancelled: then it does not wait.
    template <class Promise>
    bool enqueue(std::coroutine_handle<Promise> handle, WaiterList& list) noexcept {
        if (!begin(handle)) {
            isCancelled_ = true;
            return false;
        }
        append(list);
        return true;
    }
    bool isCancelled() const noexcept { return isCancelled_; }

 private:
    friend class WaiterList;
    friend class Resuming;
    void append(WaiterList& list) noexcept;
    void goOn() noexcept { resume(); }

    WaiterList* list_ = nullptr;  // the one it stands in; null once it has been served
    Waiter* next_ = nullptr;
    Waiter* previous_ = nullptr;
    bool isCancelled_ = false;
};

/// A line: first come first served. Empty at its end.
class WRING_API WaiterList {
 public:
    WaiterList() noexcept = default;
    WaiterList(const WaiterList&) = delete;
    WaiterList& operator=(const WaiterList&) = delete;

    bool empty() const noexcept { return first_ == nullptr; }
    /// The first one, which has to be served; null when nobody waits.
    Waiter* takeFirst() noexcept;

 private:
    friend class Waiter;
    void remove(Waiter& waiter) noexcept;

    Waiter* first_ = nullptr;
    Waiter* last_ = nullptr;
};

class Resuming;

/// Of one thing that is waited for: who resumes those it has served.
class WRING_API Resumer {
 public:
    Resumer() noexcept = default;
    Resumer(const Resumer&) = delete;
    Resumer& operator=(const Resumer&) = delete;
    ~Resumer();

 private:
    friend class Resuming;
    Resuming* outermost_ = nullptr;
};

/// Lets those who have been served go on, in order, at the end of the outermost call that serves:
/// one that a resumed coroutine makes leaves it to that. So a line of any length in which each
/// one serves the next uses the same stack.
///
/// Lifetime  whom it resumes may destroy what they have waited for.
class WRING_API Resuming {
 public:
    explicit Resuming(Resumer& resumer) noexcept;
    Resuming(const Resuming&) = delete;
    Resuming& operator=(const Resuming&) = delete;
    ~Resuming();

    /// To be resumed after those who were served before.
    void add(Waiter& served) noexcept;

 private:
    friend class Resumer;
    Resumer* resumer_;  // null when it is gone
    Resuming* outermost_;
    Waiter* first_ = nullptr;
    Waiter* last_ = nullptr;
};

}  // namespace wring::detail
