#pragma once

#include <wring/runtime/assert.hpp>
#include <wring/runtime/failure.hpp>

#include <new>
#include <type_traits>
#include <utility>

namespace wring {

/// A value or the Failure that took its place; member names of std::expected.
///
/// Errors    value() throws the failure; operator* and error() assert that there is what they give.
/// Source    C++23 [expected.expected].
template <class T>
class [[nodiscard]] Result {
 public:
    using value_type = T;

    Result(T value) noexcept(std::is_nothrow_move_constructible_v<T>) : hasValue_(true) {
        new (&value_) T(std::move(value));
    }
    Result(Failure failure) noexcept : hasValue_(false) {
        new (&failure_) Failure(std::move(failure));
    }
    Result(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>)
        : hasValue_(other.hasValue_) {
        adopt(std::move(other));
    }
    Result(const Result& other) requires std::is_copy_constructible_v<T>
        : hasValue_(other.hasValue_) {
        if (hasValue_) {
            new (&value_) T(other.value_);
        } else {
            new (&failure_) Failure(other.failure_);
        }
    }
    Result& operator=(Result other) noexcept(std::is_nothrow_move_constructible_v<T>) {
        clear();
        hasValue_ = other.hasValue_;
        adopt(std::move(other));
        return *this;
    }
    ~Result() { clear(); }

    /// Whether there is a value.
    bool has_value() const noexcept { return hasValue_; }
    explicit operator bool() const noexcept { return hasValue_; }

    /// The value; throws the failure if there is none.
    T& value() & {
        if (!hasValue_) failure_.raise();
        return value_;
    }
    /// The value, moved out; throws the failure if there is none.
    T value() && {
        if (!hasValue_) failure_.raise();
        return std::move(value_);
    }

    T& operator*() & noexcept { return checked(); }
    const T& operator*() const& noexcept { return const_cast<Result*>(this)->checked(); }
    T&& operator*() && noexcept { return std::move(checked()); }
    T* operator->() noexcept { return &checked(); }

    /// The failure; there must be one.
    const Failure& error() const& noexcept {
        WRING_ASSERT(!hasValue_, "error() of a Result that holds a value");
        return failure_;
    }
    Failure&& error() && noexcept {
        WRING_ASSERT(!hasValue_, "error() of a Result that holds a value");
        return std::move(failure_);
    }

    /// The value, or `other` in place of a failure.
    T value_or(T other) && { return hasValue_ ? std::move(value_) : std::move(other); }

 private:
    T& checked() noexcept {
        WRING_ASSERT(hasValue_, "operator* of a Result that holds a failure");
        return value_;
    }
    void adopt(Result&& other) {
        if (hasValue_) {
            new (&value_) T(std::move(other.value_));
        } else {
            new (&failure_) Failure(std::move(other.failure_));
        }
    }
    void clear() noexcept {
        if (hasValue_) {
            value_.~T();
        } else {
            failure_.destroy();
        }
    }

    union {
        T value_;
        Failure failure_;
    };
    bool hasValue_;
};

/// A Result without a value: it went well, or the Failure says why not.
template <>
class [[nodiscard]] Result<void> {
 public:
    using value_type = void;

    Result() noexcept = default;
    Result(Failure failure) noexcept : failure_(std::move(failure)) {}

    /// Whether it went well.
    bool has_value() const noexcept { return failure_.isNone(); }
    explicit operator bool() const noexcept { return failure_.isNone(); }

    /// Throws the failure, if there is one.
    void value() const {
        if (!failure_.isNone()) failure_.raise();
    }

    /// The failure; there must be one.
    const Failure& error() const& noexcept {
        WRING_ASSERT(!failure_.isNone(), "error() of a Result that holds a value");
        return failure_;
    }
    Failure&& error() && noexcept {
        WRING_ASSERT(!failure_.isNone(), "error() of a Result that holds a value");
        return std::move(failure_);
    }

 private:
    Failure failure_;
};

}  // namespace wring
