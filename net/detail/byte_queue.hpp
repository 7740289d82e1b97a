#pragma once

#include <wring/runtime/assert.hpp>
#include <wring/runtime/bytes.hpp>
#include <wring/runtime/frame_pool.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

namespace wring::detail {

/// Bytes that are appended at the end and taken from the front, in one block, so that all of them
/// go out in one send. Without bytes it holds no memory.
class ByteQueue {
 public:
    ByteQueue() noexcept = default;
    ByteQueue(const ByteQueue&) = delete;
    ByteQueue& operator=(const ByteQueue&) = delete;
    ~ByteQueue() { clear(); }

    bool empty() const noexcept { return begin_ == end_; }
    std::size_t size() const noexcept { return end_ - begin_; }
    BytesView view() const noexcept { return {block_ + begin_, size()}; }

    void append(BytesView bytes) {
        if (bytes.size() > capacity_ - end_) makeRoom(bytes.size());
        if (!bytes.empty()) std::memcpy(block_ + end_, bytes.data(), bytes.size());
        end_ += static_cast<std::uint32_t>(bytes.size());
    }

    void consume(std::size_t count) noexcept {
        begin_ += static_cast<std::uint32_t>(count);
        if (empty()) clear();
    }

    void clear() noexcept {
        poolFree(block_, capacity_);
        block_ = nullptr;
        begin_ = end_ = capacity_ = 0;
    }

    void swap(ByteQueue& other) noexcept {
        std::swap(block_, other.block_);
        std::swap(begin_, other.begin_);
        std::swap(end_, other.end_);
        std::swap(capacity_, other.capacity_);
    }

 private:
    void makeRoom(std::size_t more) {
        std::size_t needed = size() + more;
        if (needed > std::numeric_limits<std::uint32_t>::max() / 2) throw std::bad_alloc();
        auto capacity = static_cast<std::uint32_t>(
            std::max<std::size_t>({needed, std::size_t{capacity_} * 2, smallest}));
        auto* block = static_cast<std::byte*>(poolAllocate(capacity));
        if (!empty()) std::memcpy(block, block_ + begin_, size());
        poolFree(block_, capacity_);
        end_ -= begin_;
        begin_ = 0;
        block_ = block;
        capacity_ = capacity;
    }

    static constexpr std::size_t smallest = 256;
    std::byte* block_ = nullptr;
    std::uint32_t begin_ = 0;
    std::uint32_t end_ = 0;
    std::uint32_t capacity_ = 0;
};

}  // namespace wring::detail
