#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/deferred/detail/waiting_deferreds.hpp>
#include <wring/deferred/lock_errors.hpp>

#include <cstddef>
#include <deque>
#include <limits>
#include <type_traits>
#include <utility>

namespace wring {

/// Values on their way from who puts to who gets, in order. Putting never waits; who gets from an
/// empty queue does, first come first served. A Channel is one in which both wait.
///
/// Thread    one reactor's.
/// Lifetime  may be destroyed by whom it gives a value; who still waits at its end fails with
///           CancelledError.
/// Source    Twisted: defer.DeferredQueue.
template <class T>
class DeferredQueue {
    static_assert(std::is_nothrow_move_constructible_v<T>,
                  "a value on its way to somebody who waits must not throw");

 public:
    /// No limit.
    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

    /// Holds at most `size` values, and lets at most `backlog` wait for one.
    explicit DeferredQueue(std::size_t size = unlimited, std::size_t backlog = unlimited) noexcept
        : sizeMax_(size), backlogMax_(backlog) {}
    DeferredQueue(const DeferredQueue&) = delete;
    DeferredQueue& operator=(const DeferredQueue&) = delete;

    /// Gives the value to who waits first, which goes on before this returns; else adds it at the
    /// end. A get() that was dropped without a callback still takes its value.
    ///
    /// Errors    QueueOverflow, thrown here and now; the value is untouched then.
    void put(T&& value) {
        if (Ref<detail::DeferredBase> first = waiting_.takeFirst()) {
            // The last thing done: whom it is given to may destroy the queue.
            static_cast<detail::DeferredState<T>&>(*first).fire(std::move(value));
        } else if (pending_.size() < sizeMax_) {
            pending_.push_back(std::move(value));
        } else {
            throw QueueOverflow();
        }
    }
    /// put() of a copy.
    void put(const T& value) requires std::is_copy_constructible_v<T> { put(T(value)); }

    /// Gives the first value, now or when there is one.
    ///
    /// Errors    QueueUnderflow, thrown here and now; CancelledError.
    /// Cancel    who waits leaves the queue and the next value goes to the next one; no effect
    ///           once there is a value.
    [[nodiscard]] Deferred<T> get() {
        if (pending_.empty() && waiting_.size() >= backlogMax_) throw QueueUnderflow();
        Deferred<T> got;
        if (pending_.empty()) {
            waiting_.add(*got.state());
            return got;
        }
        got.callback(std::move(pending_.front()));
        pending_.pop_front();
        return got;
    }

    /// How many values nobody has got yet.
    std::size_t size() const noexcept { return pending_.size(); }
    /// How many wait for a value.
    std::size_t backlog() const noexcept { return waiting_.size(); }

 private:
    std::size_t sizeMax_;
    std::size_t backlogMax_;
    std::deque<T> pending_;
    detail::WaitingDeferreds waiting_;
};

}  // namespace wring
