#pragma once

#include <wring/runtime/operation.hpp>

#include <memory>
#include <vector>

namespace wring::detail {

/// Sends that the kernel has orders to be silent about when it takes all at once: who sent what,
/// until it is certain that no answer will come. Two batches take turns, so that one can be filled
/// while the other is with the kernel.
class InlineSends {
 public:
    struct Entry {
        Operation* operation;  // null once it was answered
        BytesView bytes;
        Bytes owner;  // empty: `bytes` is a copy of this batch's
    };

    /// Keeps what `send` is to send, and `owner` holds: small things as a copy, others with their
    /// owner. Gives the number that find() knows it by, or a negative one if it cannot be kept.
    std::int64_t add(Operation& send, BytesView bytes, Bytes& owner) noexcept;
    /// Undoes the last add(); gives the owner back.
    Bytes removeLast() noexcept;
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
    Entry* next() noexcept;
    /// Forgets all; the kernel has nothing of it any more.
    void clear() noexcept {
        for (Batch& batch : batches_) batch.entries.clear();
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
    static constexpr std::size_t copiedBytesMax = 1024;
    static constexpr std::size_t roomBytes = 128 * 1024;

    struct Batch {
        std::vector<Entry> entries;
        std::unique_ptr<std::byte[]> room;  // made when needed
        std::size_t used = 0;
    };
    Batch& filling() noexcept { return batches_[filling_]; }
    std::byte* takeRoom(std::size_t bytes) noexcept;

    Batch batches_[2];
    unsigned filling_ = 0;
    std::size_t next_ = 0;
    bool isWaiting_ = false;
};

}  // namespace wring::detail
