#pragma once

#include <wring/runtime/detail/wait.hpp>
#include <wring/runtime/result.hpp>

#include <cstdint>

namespace wring {

/// A flag that coroutines wait for. set() wakes all who wait, in the order in which they came,
/// also when one of them lowers the flag again.
///
/// Thread    one reactor's.
/// Lifetime  outlives who waits for it; whom set() wakes may destroy it.
/// Source    trio.Event; Twisted has a Deferred per waiter for it.
class WRING_API Event {
 public:
    Event() = default;
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event();

    /// Whether the flag is up.
    bool isSet() const noexcept { return isSet_; }
    /// Raises the flag; who waited goes on before this returns.
    void set() noexcept;
    /// Lowers the flag again.
    void clear() noexcept { isSet_ = false; }

    /// Waits until the flag is up. Errors: CancelledError.
    class WRING_API Awaiter final : public detail::Wait {
     public:
        explicit Awaiter(Event& event) noexcept : event_(event) {}
        bool await_ready() const noexcept { return event_.isSet_; }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
            if (!begin(handle)) {
                isCancelled_ = true;
                return false;
            }
            event_.add(*this);
            return true;
        }
        void await_resume() { takeResult().value(); }
        /// How the wait ended, for outcome().
        Result<void> takeResult() noexcept {
            if (isCancelled_) return Failure::of<CancelledError>();
            return {};
        }
        void cancelWait() noexcept override;
        std::string describe() const override { return "an Event"; }

     private:
        friend class Event;
        Event& event_;
        Awaiter* next_ = nullptr;
        Awaiter* previous_ = nullptr;
        std::uint64_t order_ = 0;
        bool isCancelled_ = false;
    };
    /// Awaits the flag: `co_await event.wait()`.
    [[nodiscard]] Awaiter wait() noexcept { return Awaiter(*this); }

 private:
    void add(Awaiter& awaiter) noexcept;
    void remove(Awaiter& awaiter) noexcept;

    Awaiter* first_ = nullptr;
    Awaiter* last_ = nullptr;
    std::uint64_t order_ = 0;   // of the next one to wait
    bool* isGone_ = nullptr;  // of the set() that runs: whether the event was destroyed meanwhile
    bool isSet_ = false;
};

}  // namespace wring
