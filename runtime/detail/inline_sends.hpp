#pragma once

#include <wring/runtime/operation.hpp>

#include <memory>
#include <vector>

namespace wring::detail {

/// Sends that the kernel has orders to be silent about when it takes all at once: who sent what,
/// until it is certain that no answer will come. On epoll, those that wait for the end of a turn.
/// Two batches take turns, so that one can be filled while the other is with the kernel.
class InlineSends {
 public:
    /// Of several sends that become one.
    static constexpr std::size_t joinedBytesMax = 4096;

    struct Entry {
        BytesView bytes() const noexcept { return {data, size}; }
        Operation* operation;  // null once it was answered
        const std::byte* data;
        std::uint32_t size;
        std::uint32_t owner;  // number of what holds the bytes; noOwner: they are a copy
    };

    /// Keeps what `send` is to send, and `owner` holds: small things as a copy, others with their
    /// owner. Null if it cannot be kept.
    Entry* add(Operation& send, Bytes& owner) noexcept;
    /// The number that find() knows the last one by.
    std::uint64_t lastNumber() const noexcept {
        return (batches_[filling_].entries.size() - 1) << 1 | filling_;
    }
    /// Puts a copy of `bytes` behind what the last entry sends. Null if that is not of `send` or
    /// no copy itself, or the two are too long to be one.
    Entry* join(Operation& send, BytesView bytes) noexcept;
    /// Undoes the last add(), which was given `owner`.
    void removeLast(Bytes& owner) noexcept;
    /// What an entry sends; with its owner, if it has one, or copied. Once.
    Bytes take(Entry& entry);
    bool empty() const noexcept {
        return batches_[0].entries.empty() && batches_[1].entries.empty();
    }
    Entry& find(std::uint64_t number) noexcept {
        return batches_[number & 1].entries[static_cast<std::size_t>(number >> 1)];
    }

    /// Everything that was added is with the kernel. False while an older batch is not done with.
    bool handOver() noexcept;
    /// Whether a batch that was handed over is not done with.
    bool isWaiting() const noexcept { return isWaiting_; }
    /// The next one of the batch that was handed over; null after the last, when it is done with.
    Entry* next() noexcept {
        if (!isWaiting_) return nullptr;
        Batch& batch = batches_[filling_ ^ 1];
        if (next_ < batch.entries.size()) return &batch.entries[next_++];
        batch.clear();
        isWaiting_ = false;
        return nullptr;
    }
    /// Every entry of that batch which was not answered.
    template <class F>
    void forEachHandedOver(F function) noexcept {
        for (Entry& entry : batches_[filling_ ^ 1].entries) {
            if (entry.operation) function(entry);
        }
    }
    /// Forgets all; the kernel has nothing of it any more.
    void clear() noexcept {
        for (Batch& batch : batches_) batch.clear();
    }
    /// Every entry there is.
    template <class F>
    void forEach(F function) noexcept {
        for (Batch& batch : batches_) {
            for (Entry& entry : batch.entries) {
                if (entry.operation) function(entry);
            }
        }
    }

 private:
    static constexpr std::uint32_t noOwner = ~std::uint32_t{0};
    static constexpr std::size_t copiedBytesMax = 1024;
    static constexpr std::size_t roomBytes = 128 * 1024;

    struct Batch {
        std::vector<Entry> entries;
        std::vector<Bytes> owners;
        std::unique_ptr<std::byte[]> room;  // made when needed
        std::size_t used = 0;
        void clear() noexcept {
            entries.clear();
            if (!owners.empty()) owners.clear();
            used = 0;
        }
    };
    static std::byte* copyInto(Batch& batch, BytesView bytes) noexcept;

    Batch batches_[2];
    unsigned filling_ = 0;
    std::size_t next_ = 0;
    bool isWaiting_ = false;
};

}  // namespace wring::detail
