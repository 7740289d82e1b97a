#pragma once

#include <coroutine>

namespace wring::detail {

/// Base of what is no coroutine and can be resumed like one: it begins with the pointer that
/// every coroutine's frame begins with in the ABI that GCC and Clang share. For the end of a chain
/// of awaits, where a whole frame would only wait to be resumed once.
class Resumable {
 public:
    using Function = void (*)(Resumable&);

    explicit Resumable(Function resumed) noexcept : resumed_(resumed) {}
    Resumable(const Resumable&) = delete;
    Resumable& operator=(const Resumable&) = delete;

    /// Calls the function, which may destroy the object.
    void resume() { resumed_(*this); }

    /// Does the same when it is resumed, and nothing else can be done with it.
    std::coroutine_handle<> handle() noexcept {
        return std::coroutine_handle<>::from_address(this);
    }

 private:
    Function resumed_;
};

}  // namespace wring::detail
