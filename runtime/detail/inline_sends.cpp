#include <wring/runtime/detail/inline_sends.hpp>

#include <cstring>
#include <new>
#include <utility>

namespace wring::detail {

InlineSends::Entry* InlineSends::add(Operation& send, Bytes& owner) noexcept {
    if (owner.empty()) return nullptr;
    Batch& batch = batches_[filling_];
    BytesView bytes = send.bytes();
    auto size = static_cast<std::uint32_t>(bytes.size());  // as its owner's, 2 GiB at most
    try {
        if (const std::byte* copy = copyInto(batch, bytes)) {
            return &batch.entries.emplace_back(Entry{&send, copy, size, noOwner});
        }
        auto index = static_cast<std::uint32_t>(batch.owners.size());
        batch.owners.reserve(batch.owners.size() + 1);
        Entry& entry =
            batch.entries.emplace_back(Entry{&send, bytes.data(), size, index << 1 | filling_});
        batch.owners.push_back(std::move(owner));
        return &entry;
    } catch (...) {
        return nullptr;
    }
}

InlineSends::Entry* InlineSends::join(Operation& send, BytesView bytes) noexcept {
    Batch& batch = batches_[filling_];
    if (batch.entries.empty()) return nullptr;
    Entry& last = batch.entries.back();
    bool isCopy = last.operation == &send && last.owner == noOwner;
    if (!isCopy || bytes.size() + last.size > joinedBytesMax || !copyInto(batch, bytes)) {
        return nullptr;
    }
    last.size += static_cast<std::uint32_t>(bytes.size());
    return &last;
}

void InlineSends::removeLast(Bytes& owner) noexcept {
    Batch& batch = batches_[filling_];
    if (batch.entries.back().owner == noOwner) {
        batch.used -= batch.entries.back().size;
    } else {
        owner = std::move(batch.owners.back());
        batch.owners.pop_back();
    }
    batch.entries.pop_back();
}

Bytes InlineSends::take(Entry& entry) {
    if (entry.owner == noOwner) return Bytes::copyOf(entry.bytes());
    return std::move(batches_[entry.owner & 1].owners[entry.owner >> 1]);
}

std::byte* InlineSends::copyInto(Batch& batch, BytesView bytes) noexcept {
    if (bytes.size() > copiedBytesMax || bytes.size() > roomBytes - batch.used) return nullptr;
    if (!batch.room) batch.room.reset(new (std::nothrow) std::byte[roomBytes]);
    if (!batch.room) return nullptr;
    std::byte* copy = batch.room.get() + batch.used;
    batch.used += bytes.size();
    std::memcpy(copy, bytes.data(), bytes.size());
    return copy;
}

bool InlineSends::handOver() noexcept {
    if (isWaiting_ || batches_[filling_].entries.empty()) return false;
    filling_ ^= 1;
    next_ = 0;
    return isWaiting_ = true;
}

}  // namespace wring::detail
