#pragma once

#include <wring/runtime/api.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace wring {

/// Bytes that belong to somebody else for the length of a call.
using BytesView = std::span<const std::byte>;

/// The same bytes seen as text, and text seen as bytes.
inline std::string_view asText(BytesView bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline BytesView asBytes(std::string_view text) noexcept {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

namespace detail {
class BufferPool;
class ByteQueue;
}  // namespace detail

/// A run of bytes that is owned: a slice of the driver's receive buffers, lent until the object
/// is destroyed, or a block of memory. False when empty, which is what a read gives at the end
/// of the stream.
///
/// Thread    a lent slice goes back to its reactor: destroy it in that thread.
/// Lifetime  may outlive the stream it came from and even the reactor. Do not hoard slices:
///           while they are held the peers' data has nowhere to go. Copy what is kept for long.
class WRING_API Bytes {
 public:
    Bytes() noexcept = default;
    Bytes(Bytes&& other) noexcept
        : block_(std::exchange(other.block_, nullptr)),
          pool_(std::exchange(other.pool_, nullptr)),
          offset_(other.offset_),
          size_(std::exchange(other.size_, 0)),
          buffer_(other.buffer_) {}
    Bytes& operator=(Bytes other) noexcept {
        swap(other);
        return *this;
    }
    ~Bytes() {
        if (block_) release();
    }

    /// A copy of `bytes`.
    static Bytes copyOf(BytesView bytes);
    static Bytes copyOf(std::string_view text) { return copyOf(asBytes(text)); }

    /// Where they begin, how many there are, and whether there are none.
    const std::byte* data() const noexcept { return block_ + offset_; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    explicit operator bool() const noexcept { return size_ != 0; }

    /// The bytes, valid as long as this object.
    BytesView view() const noexcept { return {data(), size_}; }
    operator BytesView() const noexcept { return view(); }

    /// The bytes as text, valid as long as this object.
    std::string_view text() const noexcept { return asText(view()); }

    /// Forgets the first `count` bytes; `count` is at most size().
    void removePrefix(std::size_t count) noexcept;

    /// Forgets all but the first `count` bytes; `count` is at most size().
    void truncate(std::size_t count) noexcept;

    /// Whether the bytes lie in the driver's receive buffers.
    bool isLent() const noexcept { return pool_ != nullptr; }

 private:
    friend class detail::BufferPool;
    friend class detail::ByteQueue;
    Bytes(std::byte* block, std::uint32_t size, detail::BufferPool* pool,
          std::uint32_t buffer) noexcept
        : block_(block), pool_(pool), size_(size), buffer_(buffer) {}

    void swap(Bytes& other) noexcept {
        std::swap(block_, other.block_);
        std::swap(pool_, other.pool_);
        std::swap(offset_, other.offset_);
        std::swap(size_, other.size_);
        std::swap(buffer_, other.buffer_);
    }
    void release() noexcept;

    std::byte* block_ = nullptr;
    detail::BufferPool* pool_ = nullptr;  // null: block_ is of the frame pool …
    std::uint32_t offset_ = 0;
    std::uint32_t size_ = 0;
    std::uint32_t buffer_ = 0;  // … and this its size
};

}  // namespace wring
