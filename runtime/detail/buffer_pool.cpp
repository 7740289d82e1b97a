#include <wring/runtime/detail/buffer_pool.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/driver.hpp>

#include <algorithm>
#include <new>

namespace wring::detail {

namespace {
constexpr std::align_val_t pageAlignment{4096};
constexpr std::uint32_t pieceAlignment = 64;  // a line of the cache
constexpr std::uint32_t joinedBuffers = 64;
constexpr std::uint32_t joinedBytesMax = 1u << 24;
}  // namespace

BufferLayout BufferLayout::single(const DriverOptions& options) noexcept {
    std::uint32_t limit = std::max(options.buffersInitial, options.buffersMax);
    return {options.bufferBytes, options.buffersInitial, limit, options.bufferBytes,
            options.bufferBytes};
}

BufferLayout BufferLayout::joined(const DriverOptions& options, bool isRewound) noexcept {
    BufferLayout layout = single(options);
    if (layout.initial < joinedBuffers || layout.bytes > joinedBytesMax / joinedBuffers) {
        return layout;
    }
    layout.leastRoom = isRewound ? layout.bytes : 1;
    layout.bytes *= joinedBuffers;
    layout.initial /= joinedBuffers;
    layout.limit /= joinedBuffers;
    layout.isRewound = isRewound;
    return layout;
}

void BufferPool::FreeMemory::operator()(std::byte* memory) const noexcept {
    ::operator delete[](memory, pageAlignment);
}

BufferPool::BufferPool(const BufferLayout& layout) : layout_(layout), slabBuffers_(layout.initial) {
    WRING_ASSERT(layout.initial > 0 && layout.limit >= layout.initial && layout.limit <= 32768,
                 "a pool has 1 to 32768 buffers");
    slabs_.reserve(layout.limit / layout.initial + 1);
    uses_.resize(layout.limit);
    if (!addSlab(layout.initial)) throw std::bad_alloc();
    firstSlab_ = slabs_.front().get();
}

bool BufferPool::addSlab(std::uint32_t count) noexcept {
    auto* memory = static_cast<std::byte*>(
        ::operator new[](std::size_t{layout_.bytes} * slabBuffers_, pageAlignment, std::nothrow));
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
    std::uint32_t wanted = std::min(size_ * 2, layout_.limit);
    std::uint32_t before = size_;
    // Every slab but the last is whole, so that at() can find a buffer by its number.
    while (size_ < wanted && size_ % slabBuffers_ == 0 &&
           addSlab(std::min(slabBuffers_, wanted - size_))) {
    }
    for (std::uint32_t buffer = before; buffer < size_; ++buffer) owner_->bufferReturned(buffer);
    return size_ > before;
}

std::uint32_t BufferPool::roundedUp(std::uint32_t filled) const noexcept {
    return std::min(layout_.bytes, (filled + pieceAlignment - 1) / pieceAlignment * pieceAlignment);
}

void BufferPool::giveBack(std::uint32_t buffer) noexcept {
    Use& use = uses_[buffer];
    WRING_ASSERT(use.pieces > 0, "a receive buffer was given back twice");
    --lent_;
    if (--use.pieces == 0) {
        bool wasFull = isFull(buffer);
        if (wasFull || layout_.isRewound) use.filled = 0;
        if (wasFull) --full_;
        if (wasFull && owner_) owner_->bufferReturned(buffer);
    }
    if (!owner_ && lent_ == 0) delete this;
}

}  // namespace wring::detail
