#pragma once

#include <wring/deferred/detail/tokens.hpp>

#include <utility>

namespace wring {

/// What acquire() gives: the lock, or a token of the semaphore, for as long as this lives. It has
/// the token to itself; detach() leaves it to a plain release() of the lock.
///
/// Thread    the lock's reactor's.
/// Lifetime  may outlive the lock.
/// Source    Twisted hands out the lock itself; std::unique_lock.
class Held {
 public:
    /// One that holds nothing.
    Held() noexcept = default;
    Held(Held&& other) noexcept = default;
    Held& operator=(Held other) noexcept {
        std::swap(tokens_, other.tokens_);
        return *this;
    }
    ~Held() { release(); }

    /// Gives the token back before the end of this object; who waits first goes on before this
    /// returns, see DeferredLock::release(). No effect when nothing is held.
    void release() noexcept {
        if (Ref<detail::Tokens> tokens = std::move(tokens_)) tokens->giveBack();
    }
    /// Holds nothing from now on, without giving the token back: whoever calls the plain
    /// release() of the lock does that. No effect when nothing is held.
    void detach() noexcept {
        if (Ref<detail::Tokens> tokens = std::move(tokens_)) tokens->detach();
    }
    /// Whether it holds something.
    explicit operator bool() const noexcept { return static_cast<bool>(tokens_); }

 private:
    friend class detail::Tokens;
    explicit Held(Ref<detail::Tokens> tokens) noexcept : tokens_(std::move(tokens)) {}

    Ref<detail::Tokens> tokens_;
};

}  // namespace wring
