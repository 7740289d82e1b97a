#pragma once

#include <wring/deferred/detail/waiting_deferreds.hpp>

namespace wring {
class Held;
template <class T>
class Deferred;
}  // namespace wring

namespace wring::detail {

/// The tokens of a lock (one) or a semaphore, and who waits for one. Shared by the lock and
/// whoever holds a token of it.
///
/// A token that comes back goes to the first who waits, at once: it is never free in between. It
/// is the outermost giveBack() that hands on, in a loop: who is given a token and gives it back
/// before it returns does not make the stack deeper, however many wait.
class WRING_API Tokens final : public RefCounted, public Pooled {
 public:
    explicit Tokens(std::ptrdiff_t limit) noexcept : limit_(limit), unused_(limit) {}

    Deferred<Held> acquire();
    Held tryAcquire() noexcept;
    void giveBack() noexcept;

    /// A token is no guard's any more: somebody will give it back by giveBackDetached(), which is
    /// false when there is no such token.
    void detach() noexcept { ++detached_; }
    [[nodiscard]] bool giveBackDetached() noexcept;

    /// How many are there for who comes now: those for which others wait already are not.
    std::ptrdiff_t free() const noexcept {
        auto promised = static_cast<std::ptrdiff_t>(waiting_.size());
        return unused_ > promised ? unused_ - promised : 0;
    }
    std::ptrdiff_t limit() const noexcept { return limit_; }

 private:
    Held take() noexcept;

    std::ptrdiff_t limit_;
    std::ptrdiff_t unused_;
    std::ptrdiff_t detached_ = 0;
    bool isHandingOn_ = false;
    WaitingDeferreds waiting_;
};

}  // namespace wring::detail
