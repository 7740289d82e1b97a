#pragma once

#include <wring/runtime/assert.hpp>
#include <wring/runtime/bytes.hpp>
#include <wring/runtime/frame_pool.hpp>

#include <algorithm>
#include <cstring>
#include <new>

namespace wring::detail {

/// Bytes that are appended in one block, so that all of them go out in one send. Without bytes it
/// holds no memory.
class ByteQueue {
 public:
    ByteQueue() noexcept = default;
    ByteQueue(const ByteQueue&) = delete;
    ByteQueue& operator=(const ByteQueue&) = delete;
    ~ByteQueue() { clear(); }

    bool empty() const noexcept { return end_ == 0; }
    std::size_t size() const noexcept { return end_; }

    void append(BytesView bytes) {
        if (bytes.size() > capacity_ - end_) makeRoom(bytes.size());
        if (!bytes.empty()) std::memcpy(block_ + end_, bytes.data(), bytes.size());
        end_ += static_cast<std::uint32_t>(bytes.size());
    }

    /// Makes sure that there is room for so many bytes more.
    void reserve(std::size_t more) {
        if (more > capacity_ - end_) makeRoom(more);
    }
    /// What is reserved and not used, to be written by somebody else, who then says how much it
    /// was.
    std::byte* room() noexcept { return block_ + end_; }
    void appended(std::size_t count) noexcept { end_ += static_cast<std::uint32_t>(count); }

    /// All of it; the queue is empty then.
    Bytes take() noexcept {
        return Bytes(std::exchange(block_, nullptr), std::exchange(end_, 0),
                     std::exchange(capacity_, 0));
    }
    void clear() noexcept { take(); }

 private:
    void makeRoom(std::size_t more) {
        std::size_t needed = size() + more;
        if (needed > Bytes::bytesMax) throw std::bad_alloc();
        std::size_t wanted = std::max<std::size_t>({needed, std::size_t{capacity_} * 2, smallest});
        auto capacity = static_cast<std::uint32_t>(std::min<std::size_t>(wanted, Bytes::bytesMax));
        auto* block = static_cast<std::byte*>(poolAllocate(capacity));
        if (!empty()) std::memcpy(block, block_, size());
        poolFree(block_, capacity_);
        block_ = block;
        capacity_ = capacity;
    }

    static constexpr std::size_t smallest = 256;
    std::byte* block_ = nullptr;
    std::uint32_t end_ = 0;
    std::uint32_t capacity_ = 0;
};

}  // namespace wring::detail
