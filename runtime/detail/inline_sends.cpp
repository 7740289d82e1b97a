#include <wring/runtime/detail/inline_sends.hpp>

#include <cstring>
#include <new>

namespace wring::detail {

std::int64_t InlineSends::add(Operation& send, BytesView bytes, Bytes& owner) noexcept {
    if (owner.empty()) return -1;
    Batch& batch = filling();
    std::byte* copy = bytes.size() <= copiedBytesMax ? takeRoom(bytes.size()) : nullptr;
    try {
        batch.entries.push_back({&send, bytes, Bytes()});
    } catch (...) {
        return -1;
    }
    Entry& entry = batch.entries.back();
    if (copy) {
        std::memcpy(copy, bytes.data(), bytes.size());
        entry.bytes = BytesView(copy, bytes.size());
    } else {
        entry.owner = std::move(owner);
    }
    return static_cast<std::int64_t>((batch.entries.size() - 1) << 1 | filling_);
}

Bytes InlineSends::removeLast() noexcept {
    Bytes owner = std::move(filling().entries.back().owner);
    filling().entries.pop_back();
    return owner;
}

std::byte* InlineSends::takeRoom(std::size_t bytes) noexcept {
    Batch& batch = filling();
    if (!batch.room) batch.room.reset(new (std::nothrow) std::byte[roomBytes]);
    if (!batch.room || bytes > roomBytes - batch.used) return nullptr;
    std::byte* taken = batch.room.get() + batch.used;
    batch.used += bytes;
    return taken;
}

bool InlineSends::handOver() noexcept {
    if (isWaiting_ || filling().entries.empty()) return false;
    filling_ ^= 1;
    next_ = 0;
    return isWaiting_ = true;
}

InlineSends::Entry* InlineSends::next() noexcept {
    if (!isWaiting_) return nullptr;
    Batch& batch = batches_[filling_ ^ 1];
    if (next_ < batch.entries.size()) return &batch.entries[next_++];
    batch.entries.clear();
    batch.used = 0;
    isWaiting_ = false;
    return nullptr;
}

}  // namespace wring::detail
