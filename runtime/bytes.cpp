#include <wring/runtime/bytes.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/buffer_pool.hpp>
#include <wring/runtime/frame_pool.hpp>

#include <cstring>
#include <limits>
#include <new>

namespace wring {

Bytes Bytes::copyOf(BytesView bytes) {
    if (bytes.empty()) return {};
    WRING_ASSERT(bytes.size() <= std::numeric_limits<std::uint32_t>::max(),
                 "one Bytes holds at most 4 GiB");
    auto* block = static_cast<std::byte*>(detail::poolAllocate(bytes.size()));
    std::memcpy(block, bytes.data(), bytes.size());
    auto size = static_cast<std::uint32_t>(bytes.size());
    return Bytes(block, size, nullptr, size);
}

void Bytes::removePrefix(std::size_t count) noexcept {
    WRING_ASSERT(count <= size_, "removePrefix of more than there is");
    offset_ += static_cast<std::uint32_t>(count);
    size_ -= static_cast<std::uint32_t>(count);
}

void Bytes::truncate(std::size_t count) noexcept {
    WRING_ASSERT(count <= size_, "truncate to more than there is");
    size_ = static_cast<std::uint32_t>(count);
}

void Bytes::release() noexcept {
    if (pool_) {
        pool_->giveBack(buffer_);
    } else {
        detail::poolFree(block_, buffer_);
    }
}

}  // namespace wring
