#include <wring/runtime/bytes.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/buffer_pool.hpp>
#include <wring/runtime/frame_pool.hpp>

#include <cstring>
#include <new>

namespace wring {

Bytes Bytes::copyOf(BytesView bytes) {
    if (bytes.empty()) return {};
    WRING_ASSERT(bytes.size() <= bytesMax, "one Bytes holds at most 2 GiB");
    auto* block = static_cast<std::byte*>(detail::poolAllocate(bytes.size()));
    std::memcpy(block, bytes.data(), bytes.size());
    auto size = static_cast<std::uint32_t>(bytes.size());
    return Bytes(block, size, size);
}

void Bytes::removePrefix(std::size_t count) noexcept {
    WRING_ASSERT(count <= size_, "removePrefix of more than there is");
    data_ += count;
    size_ -= static_cast<std::uint32_t>(count);
}

void Bytes::truncate(std::size_t count) noexcept {
    WRING_ASSERT(count <= size_, "truncate to more than there is");
    size_ = static_cast<std::uint32_t>(count);
}

void Bytes::release() noexcept {
    if (isLent()) {
        static_cast<detail::BufferPool*>(owner_)->giveBack(origin_ & ~lent);
    } else {
        detail::poolFree(owner_, origin_);
    }
}

}  // namespace wring
