#pragma once

#include <wring/runtime/api.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace wring {

/// Base of objects that several handles share within one thread: a count without atomics.
class WRING_API RefCounted {
 public:
    RefCounted() noexcept = default;
    RefCounted(const RefCounted&) = delete;
    RefCounted& operator=(const RefCounted&) = delete;

    /// How many handles there are.
    std::uint32_t useCount() const noexcept { return references_; }

 protected:
    virtual ~RefCounted() = default;

 private:
    template <class T>
    friend class Ref;
    std::uint32_t references_ = 0;
};

/// A handle that keeps a RefCounted object alive.
///
/// Thread    that of the object's reactor; the count is not atomic.
/// Lifetime  the object dies with its last handle.
template <class T>
class Ref {
 public:
    Ref() noexcept = default;
    Ref(std::nullptr_t) noexcept {}
    explicit Ref(T* object) noexcept : object_(object) { retain(); }
    Ref(const Ref& other) noexcept : object_(other.object_) { retain(); }
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    template <class U>
        requires std::is_convertible_v<U*, T*>
    Ref(Ref<U> other) noexcept : object_(other.leak()) {}
    Ref& operator=(Ref other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ref() { release(); }

    /// The object, or null.
    T* get() const noexcept { return object_; }
    T& operator*() const noexcept { return *object_; }
    T* operator->() const noexcept { return object_; }
    explicit operator bool() const noexcept { return object_ != nullptr; }
    friend bool operator==(const Ref& a, const Ref& b) noexcept { return a.object_ == b.object_; }

    /// Gives up the handle without giving up its count; the caller takes it over.
    T* leak() noexcept { return std::exchange(object_, nullptr); }
    /// Takes a count over that was leaked.
    static Ref adopt(T* leaked) noexcept {
        Ref made;
        made.object_ = leaked;
        return made;
    }

 private:
    void retain() noexcept {
        if (object_) ++static_cast<RefCounted*>(object_)->references_;
    }
    void release() noexcept {
        if (!object_) return;
        RefCounted* base = object_;
        if (--base->references_ == 0) delete base;
    }

    T* object_ = nullptr;
};

/// Makes a T and the first handle to it. Twisted has no counterpart: there all objects are so.
template <class T, class... Args>
Ref<T> makeRef(Args&&... args) {
    return Ref<T>(new T(std::forward<Args>(args)...));
}

}  // namespace wring
