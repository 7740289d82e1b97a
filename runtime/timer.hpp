#pragma once

#include <wring/runtime/api.hpp>
#include <wring/runtime/time.hpp>

#include <cstdint>
#include <vector>

namespace wring {

/// A moment at which a function is called, as a member of whatever waits for it: arming one
/// allocates nothing (but room in its queue). Stays where it is while armed.
class WRING_API Timer {
 public:
    /// Called once when due; the timer is no longer armed then and may be destroyed.
    using Handler = void (*)(Timer& timer) noexcept;

    explicit Timer(Handler onDue) noexcept : handler_(onDue) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer();

    /// Whether it waits in a queue.
    bool isArmed() const noexcept { return index_ != unarmed; }
    /// When it is due; meaningless unless armed.
    Time due() const noexcept { return due_; }
    /// The function it was made with.
    Handler handler() const noexcept { return handler_; }

 private:
    friend class TimerQueue;
    static constexpr std::uint32_t unarmed = ~std::uint32_t{0};

    Handler handler_;
    Time due_{};
    std::uint64_t order_ = 0;
    std::uint32_t index_ = unarmed;
};

/// Timers by due time, equal ones in the order of arming. A heap with four children per node:
/// arming and cancelling touch a few adjacent entries however many there are, since most timers
/// are later than most and most are cancelled.
///
/// Limits    2^32 - 1 timers.
class WRING_API TimerQueue {
 public:
    TimerQueue() noexcept = default;
    TimerQueue(const TimerQueue&) = delete;
    TimerQueue& operator=(const TimerQueue&) = delete;

    /// Arms `timer` for `due`, moving it there when it is armed already. std::bad_alloc possible.
    void arm(Timer& timer, Time due);
    /// Takes `timer` out; no effect when it is not armed.
    void cancel(Timer& timer) noexcept;

    /// When the first is due; `never` when there is none.
    Time next() const noexcept { return entries_.empty() ? never : entries_.front().due; }
    bool empty() const noexcept { return entries_.empty(); }
    std::size_t size() const noexcept { return entries_.size(); }

    /// What the next arm() will be numbered: timers armed from now on count as later than this.
    std::uint64_t order() const noexcept { return order_; }

    /// Calls the first timer if it is due at `now` and was armed before `order`.
    bool runFirst(Time now, std::uint64_t order) noexcept;

    /// Visits all, in no particular order.
    template <class Visit>
    void forEach(Visit visit) const {
        for (const Entry& entry : entries_) visit(*entry.timer);
    }

 private:
    struct Entry {
        Time due;
        Timer* timer;
    };
    static bool isBefore(const Entry& a, const Entry& b) noexcept {
        return a.due != b.due ? a.due < b.due : a.timer->order_ < b.timer->order_;
    }
    void place(std::uint32_t index, Entry entry) noexcept;
    void siftUp(std::uint32_t index, Entry entry) noexcept;
    void siftDown(std::uint32_t index, Entry entry) noexcept;

    std::vector<Entry> entries_;
    std::uint64_t order_ = 0;
};

}  // namespace wring
