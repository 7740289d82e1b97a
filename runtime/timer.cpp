#include <wring/runtime/timer.hpp>

#include <wring/runtime/assert.hpp>

#include <algorithm>
#include <stdexcept>

namespace wring {

namespace {
constexpr std::uint32_t arity = 4;
}

void detail::refuseDelay(const char* why) { throw std::invalid_argument(why); }

Timer::~Timer() { WRING_ASSERT(!isArmed(), "a timer was destroyed while armed"); }

void TimerQueue::arm(Timer& timer, Time due) {
    entries_.push_back({});  // the only step that can fail: nothing has changed yet
    entries_.pop_back();
    cancel(timer);
    entries_.push_back({due, &timer});
    timer.due_ = due;
    timer.order_ = order_++;
    siftUp(static_cast<std::uint32_t>(entries_.size() - 1), {due, &timer});
}

void TimerQueue::cancel(Timer& timer) noexcept {
    if (!timer.isArmed()) return;
    std::uint32_t index = timer.index_;
    timer.index_ = Timer::unarmed;
    Entry last = entries_.back();
    entries_.pop_back();
    if (index == entries_.size()) return;
    bool rises = index > 0 && isBefore(last, entries_[(index - 1) / arity]);
    if (rises) {
        siftUp(index, last);
    } else {
        siftDown(index, last);
    }
}

bool TimerQueue::runFirst(Time now, std::uint64_t order) noexcept {
    if (entries_.empty()) return false;
    Entry first = entries_.front();
    if (first.due > now || first.timer->order_ >= order) return false;
    cancel(*first.timer);
    first.timer->handler_(*first.timer);
    return true;
}

void TimerQueue::place(std::uint32_t index, Entry entry) noexcept {
    entries_[index] = entry;
    entry.timer->index_ = index;
}

void TimerQueue::siftUp(std::uint32_t index, Entry entry) noexcept {
    while (index > 0) {
        std::uint32_t parent = (index - 1) / arity;
        if (!isBefore(entry, entries_[parent])) break;
        place(index, entries_[parent]);
        index = parent;
    }
    place(index, entry);
}

void TimerQueue::siftDown(std::uint32_t index, Entry entry) noexcept {
    auto size = static_cast<std::uint32_t>(entries_.size());
    for (;;) {
        std::uint64_t first = std::uint64_t{index} * arity + 1;
        if (first >= size) break;
        auto end = static_cast<std::uint32_t>(std::min<std::uint64_t>(first + arity, size));
        auto least = static_cast<std::uint32_t>(first);
        for (std::uint32_t child = least + 1; child < end; ++child) {
            if (isBefore(entries_[child], entries_[least])) least = child;
        }
        if (!isBefore(entries_[least], entry)) break;
        place(index, entries_[least]);
        index = least;
    }
    place(index, entry);
}

}  // namespace wring
