#pragma once

#include <wring/deferred/detail/waiter.hpp>
#include <wring/deferred/lock_errors.hpp>
#include <wring/runtime/assert.hpp>
#include <wring/runtime/result.hpp>

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace wring {

/// Values on their way from those who send to those who receive, in order, with room for so many
/// in between: who is faster waits. Without room each send meets a receive. First come first
/// served on both sides. Neither sending nor receiving allocates.
///
/// Who is served by another's call goes on before that call returns; when it is a coroutine just
/// served that calls, after it.
///
/// Thread    one reactor's.
/// Lifetime  outlives who waits for it; whom it serves may destroy it, with the values in it.
/// Source    trio.open_memory_channel, tokio::sync::mpsc; Twisted: DeferredQueue, which never
///           makes the one who puts wait.
template <class T>
class Channel {
    static_assert(std::is_nothrow_move_constructible_v<T>,
                  "a value on its way to somebody who waits must not throw");

 public:
    /// Has room for `capacity` values, and the memory for them from the start. With 0, a send
    /// waits until somebody receives.
    explicit Channel(std::size_t capacity) : room_(capacity) {}
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    ~Channel() {
        WRING_ASSERT(senders_.empty() && receivers_.empty(),
                     "a Channel was destroyed while a coroutine waited for it");
    }

    /// Waits until the value could be handed over. See send().
    class Send : public detail::Waiter {
     public:
        Send(Channel& channel, T& value) noexcept : channel_(channel), value_(value) {}
        bool await_ready() noexcept {
            isRefused_ = channel_.isClosed_;
            return isRefused_ || channel_.put(value_);
        }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
            return enqueue(handle, channel_.senders_);
        }
        void await_resume() { takeResult().value(); }
        /// How the wait ended, for outcome().
        Result<void> takeResult() noexcept {
            if (isCancelled()) return Failure::of<CancelledError>();
            if (isRefused_) return Failure::of<ChannelClosed>();
            return {};
        }

     private:
        friend class Channel;
        Channel& channel_;
        T& value_;
        bool isRefused_ = false;
    };
    /// The same with a copy of the value.
    class SendCopy final : public Send {
     public:
        SendCopy(Channel& channel, const T& value) : Send(channel, copy_), copy_(value) {}

     private:
        T copy_;
    };
    /// Waits until there is a value, or the end. See receive().
    class Receive final : public detail::Waiter {
     public:
        explicit Receive(Channel& channel) noexcept : channel_(channel) {}
        bool await_ready() noexcept { return channel_.take(value_) || channel_.isClosed_; }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
            return enqueue(handle, channel_.receivers_);
        }
        std::optional<T> await_resume() { return takeResult().value(); }
        /// How the wait ended, for outcome().
        Result<std::optional<T>> takeResult() noexcept {
            if (isCancelled()) return Failure::of<CancelledError>();
            return std::move(value_);
        }

     private:
        friend class Channel;
        Channel& channel_;
        std::optional<T> value_;
    };

    /// Hands the value over to who receives, or puts it into the room between; waits until one of
    /// both is possible.
    ///
    /// Errors    ChannelClosed, before the wait or in it; CancelledError.
    /// Cancel    leaves the line. With either error `value` is untouched and the caller's; once
    ///           taken it is delivered, and cancelling comes too late.
    /// Lifetime  `value` stays where it is until the await returns.
    [[nodiscard]] Send send(T&& value) noexcept { return Send(*this, value); }
    /// send() of a copy.
    [[nodiscard]] SendCopy send(const T& value) requires std::is_copy_constructible_v<T> {
        return SendCopy(*this, value);
    }

    /// Takes the first value, waiting until there is one. Nothing, for good, once the channel is
    /// closed and every value in it was taken.
    ///
    /// Errors    CancelledError.
    /// Cancel    leaves the line; a value that it was given before is delivered.
    [[nodiscard]] Receive receive() noexcept { return Receive(*this); }

    /// send() if that need not wait: false, with the value untouched, when it would have to.
    /// Throws ChannelClosed.
    [[nodiscard]] bool trySend(T&& value) {
        if (isClosed_) throw ChannelClosed();
        return put(value);
    }
    /// receive() if that need not wait: nothing when it would have to, and at the end.
    [[nodiscard]] std::optional<T> tryReceive() noexcept {
        std::optional<T> value;
        take(value);
        return value;
    }

    /// No more values are accepted; those in the room between are still there to be received. Who
    /// waits to send gets ChannelClosed, who waits to receive the end. No effect the second time.
    void close() noexcept {
        isClosed_ = true;
        detail::Resuming resuming(resumer_);
        while (detail::Waiter* each = receivers_.takeFirst()) resuming.add(*each);
        while (detail::Waiter* each = senders_.takeFirst()) {
            static_cast<Send*>(each)->isRefused_ = true;
            resuming.add(*each);
        }
    }

    /// Whether close() was called.
    bool isClosed() const noexcept { return isClosed_; }
    /// How many values are in the room between.
    std::size_t size() const noexcept { return count_; }
    /// For how many there is room.
    std::size_t capacity() const noexcept { return room_.size(); }

 private:
    // Who waits to receive finds no value and nobody who sends; who waits to send finds no room
    // and nobody who receives. Nobody can come in between: so there is no pushing in.
    bool put(T& value) noexcept {
        detail::Resuming resuming(resumer_);
        if (detail::Waiter* first = receivers_.takeFirst()) {
            static_cast<Receive*>(first)->value_.emplace(std::move(value));
            resuming.add(*first);
            return true;
        }
        if (count_ == room_.size()) return false;
        pushBack(value);
        return true;
    }
    bool take(std::optional<T>& into) noexcept {
        detail::Resuming resuming(resumer_);
        bool isBuffered = count_ > 0;
        if (isBuffered) popFront(into);
        auto* sender = static_cast<Send*>(senders_.takeFirst());
        if (!sender) return isBuffered;
        if (isBuffered) {
            pushBack(sender->value_);
        } else {
            into.emplace(std::move(sender->value_));
        }
        resuming.add(*sender);
        return true;
    }
    void pushBack(T& value) noexcept {
        room_[(first_ + count_++) % room_.size()].emplace(std::move(value));
    }
    void popFront(std::optional<T>& into) noexcept {
        into.emplace(*std::move(room_[first_]));
        room_[first_].reset();
        first_ = (first_ + 1) % room_.size();
        --count_;
    }

    std::vector<std::optional<T>> room_;  // a ring
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    bool isClosed_ = false;
    detail::WaiterList senders_;
    detail::WaiterList receivers_;
    detail::Resumer resumer_;
};

}  // namespace wring
