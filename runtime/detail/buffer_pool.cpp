#include <wring/runtime/detail/buffer_pool.hpp>

#include <wring/runtime/assert.hpp>

#include <algorithm>
#include <new>

namespace wring::detail {

namespace {
constexpr std::align_val_t pageAlignment{4096};
}

void BufferPool::FreeMemory::operator()(std::byte* memory) const noexcept {
    ::operator delete[](memory, pageAlignment);
}

BufferPool::BufferPool(std::uint32_t bufferBytes, std::uint32_t initial, std::uint32_t limit)
    : bufferBytes_(bufferBytes), slabBuffers_(initial), limit_(std::max(initial, limit)) {
    WRING_ASSERT(initial > 0 && limit_ <= 32768, "a pool has 1 to 32768 buffers");
    slabs_.reserve(limit_ / initial + 1);
    if (!addSlab(initial)) throw std::bad_alloc();
    firstSlab_ = slabs_.front().get();
}

bool BufferPool::addSlab(std::uint32_t count) noexcept {
    auto* memory = static_cast<std::byte*>(
        ::operator new[](std::size_t{bufferBytes_} * slabBuffers_, pageAlignment, std::nothrow));
    if (!memory) return false;
    slabs_.emplace_back(memory);
    size_ += count;
    return true;
}

void BufferPool::attach(Owner& owner) noexcept {
    owner_ = &owner;
    for (std::uint32_t buffer = 0; buffer < size_; ++buffer) owner_->bufferReturned(buffer);
}

void BufferPool::detach() noexcept {
    owner_ = nullptr;
    if (lent_ == 0) delete this;
}

bool BufferPool::grow() noexcept {
    std::uint32_t wanted = std::min(size_ * 2, limit_);
    std::uint32_t before = size_;
    // Every slab but the last is whole, so that at() can find a buffer by its number.
    while (size_ < wanted && size_ % slabBuffers_ == 0 &&
           addSlab(std::min(slabBuffers_, wanted - size_))) {
    }
    for (std::uint32_t buffer = before; buffer < size_; ++buffer) owner_->bufferReturned(buffer);
    return size_ > before;
}

void BufferPool::giveBack(std::uint32_t buffer) noexcept {
    WRING_ASSERT(lent_ > 0, "a receive buffer was given back twice");
    --lent_;
    if (owner_) {
        owner_->bufferReturned(buffer);
    } else if (lent_ == 0) {
        delete this;
    }
}

}  // namespace wring::detail
