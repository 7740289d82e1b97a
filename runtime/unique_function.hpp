#pragma once

#include <wring/runtime/frame_pool.hpp>

#include <new>
#include <type_traits>
#include <utility>

namespace wring {

template <class Signature>
class UniqueFunction;

/// A callable that is owned by one place: like std::function, but move-only, so that it can hold
/// what cannot be copied, and kept in the frame pool, so that making one is not a malloc.
template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
    UniqueFunction() noexcept = default;
    UniqueFunction(std::nullptr_t) noexcept {}
    template <class F>
        requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> &&
                 std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Args...>)
    UniqueFunction(F&& function)
        : body_(new Holder<std::remove_cvref_t<F>>(std::forward<F>(function))) {}
    UniqueFunction(UniqueFunction&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
    UniqueFunction& operator=(UniqueFunction other) noexcept {
        std::swap(body_, other.body_);
        return *this;
    }
    ~UniqueFunction() { delete body_; }

    explicit operator bool() const noexcept { return body_ != nullptr; }
    R operator()(Args... args) { return body_->call(std::forward<Args>(args)...); }

 private:
    struct Body : detail::Pooled {
        virtual ~Body() = default;
        virtual R call(Args... args) = 0;
    };
    template <class F>
    struct Holder final : Body {
        template <class G>
        explicit Holder(G&& g) : function(std::forward<G>(g)) {}
        R call(Args... args) override {
            if constexpr (std::is_void_v<R>) {
                function(std::forward<Args>(args)...);
            } else {
                return function(std::forward<Args>(args)...);
            }
        }
        F function;
    };

    Body* body_ = nullptr;
};

}  // namespace wring
