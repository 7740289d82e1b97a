#pragma once

#include <wring/net/detail/byte_queue.hpp>
#include <wring/net/transport.hpp>

#include <span>

namespace wring::detail {

/// What was written and is not out yet, and the producer that writes it. Whoever has one gives
/// next() to the kernel, one piece at a time.
class WriteQueue {
 public:
    bool empty() const noexcept { return pending_.empty() && sending_.empty(); }
    std::size_t size() const noexcept { return pending_.size() + sending_.size(); }
    /// Nothing was written since next().
    bool hasNothingNew() const noexcept { return pending_.empty(); }

    void append(BytesView bytes) { pending_.append(bytes); }
    void append(std::span<const BytesView> parts) {
        std::size_t bytes = 0;
        for (BytesView part : parts) bytes += part.size();
        pending_.reserve(bytes);
        for (BytesView part : parts) pending_.append(part);
    }
    /// What goes out now: the rest of the last piece, else all that was written since.
    Bytes& next() noexcept {
        if (sending_.empty()) sending_ = pending_.take();
        return sending_;
    }
    /// The piece is out, or so many bytes of it.
    void sent() noexcept { sending_ = Bytes(); }
    void sent(std::size_t count) noexcept { sending_.removePrefix(count); }
    /// What was written since next(), to be sent another way.
    Bytes takeNew() noexcept { return pending_.take(); }
    void clear() noexcept;

    bool hasProducer() const noexcept { return producer_ != nullptr; }
    /// One whose bytes nobody takes any more is stopped at once. Throws UsageError for a second
    /// one.
    void registerProducer(IProducer& producer, bool streaming, bool isOver);
    void unregisterProducer() noexcept;
    /// Pauses a push producer while more than the high-water mark is queued, `kept` bytes
    /// elsewhere.
    void holdBack(std::size_t kept = 0);
    /// Pauses a push producer, whatever is queued.
    void pauseProducer();
    /// Everything is out: a producer that waited for that goes on. May throw what it throws.
    void resumeProducer();
    /// A pull producer, and a push producer that was told to hold back, still have something to
    /// say.
    bool waitsForProducer() const noexcept {
        return producer_ && (!isStreaming_ || isProducerPaused_);
    }
    void stopProducer() noexcept;

 private:
    ByteQueue pending_;  // written, not yet given to the kernel
    Bytes sending_;      // with the kernel
    IProducer* producer_ = nullptr;
    bool isStreaming_ = false;
    bool isProducerPaused_ = false;
};

}  // namespace wring::detail
