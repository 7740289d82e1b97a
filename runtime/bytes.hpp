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
        : data_(std::exchange(other.data_, nullptr)),
          owner_(std::exchange(other.owner_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          origin_(std::exchange(other.origin_, 0)) {}
    Bytes& operator=(Bytes&& other) noexcept {
        if (this == &other) return *this;
        if (owner_) release();
        data_ = std::exchange(other.data_, nullptr);
        owner_ = std::exchange(other.owner_, nullptr);
        size_ = std::exchange(other.size_, 0);
        origin_ = std::exchange(other.origin_, 0);
        return *this;
    }
    ~Bytes() {
        if (owner_) release();
    }

    /// A copy of `bytes`, 2 GiB at most.
    static Bytes copyOf(BytesView bytes);
    static Bytes copyOf(std::string_view text) { return copyOf(asBytes(text)); }

    /// Where they begin, how many there are, and whether there are none.
    const std::byte* data() const noexcept { return data_; }
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
    bool isLent() const noexcept { return (origin_ & lent) != 0; }

 private:
    friend class detail::BufferPool;
    friend class detail::ByteQueue;
    /// A block of the frame pool's, of which `size` bytes count.
    Bytes(std::byte* block, std::uint32_t size, std::uint32_t blockBytes) noexcept
        : data_(block), owner_(block), size_(size), origin_(blockBytes) {}
    /// What came into a buffer of `pool`.
    Bytes(std::byte* data, std::uint32_t size, detail::BufferPool& pool,
          std::uint32_t buffer) noexcept
        : data_(data), owner_(&pool), size_(size), origin_(buffer | lent) {}

    void release() noexcept;

    static constexpr std::uint32_t lent = 0x80000000u, bytesMax = lent - 1;

    const std::byte* data_ = nullptr;
    void* owner_ = nullptr;  // the pool whose buffer it is, or the block of the frame pool's
    std::uint32_t size_ = 0;
    std::uint32_t origin_ = 0;  // `lent` and the number of the buffer, or the size of the block
};

}  // namespace wring
