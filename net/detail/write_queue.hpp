#pragma once

#include <wring/net/detail/byte_queue.hpp>
#include <wring/net/transport.hpp>

#include <span>

namespace wring::detail {

/// What was written and is not out yet, and the producer that writes it. Whoever has one gives
/// next() to the kernel, one piece at a time.
class WriteQueue {
 public:
    /// While it lives, a writer is told of `chunk`. What it writes back of that, in one piece and
    /// into a queue that was empty, is not copied: the chunk is sent itself, but not before this
    /// ends.
    class Source {
     public:
        Source(WriteQueue& queue, Bytes& chunk) noexcept : queue_(queue), chunk_(chunk) {
            if (queue.empty() && !queue.hasProducer()) queue.source_ = this;
        }
        Source(const Source&) = delete;
        Source& operator=(const Source&) = delete;
        ~Source() {
            if (queue_.source_ == this) queue_.takeFrom(*this);
        }

     private:
        friend class WriteQueue;
        WriteQueue& queue_;
        Bytes& chunk_;
        BytesView written_;  // of the chunk
    };

    bool empty() const noexcept { return hasNothingNew() && sending_.empty(); }
    std::size_t size() const noexcept {
        return pending_.size() + sending_.size() + (source_ ? source_->written_.size() : 0);
    }
    /// Nothing was written since next().
    bool hasNothingNew() const noexcept {
        return pending_.empty() && (!source_ || source_->written_.empty());
    }

    /// Whether append() would keep a copy of them.
    bool copies(BytesView bytes) const noexcept { return !source_ || !isWithinSource(bytes); }
    void append(BytesView bytes) {
        if (source_ && isOfSource(bytes)) return;
        pending_.append(bytes);
    }
    /// All but the first `skipped` bytes of them.
    void append(std::span<const BytesView> parts, std::size_t skipped = 0);
    /// What goes out now: the rest of the last piece, else all that was written since.
    Bytes& next() noexcept {
        if (sending_.empty()) sending_ = pending_.take();
        return sending_;
    }
    /// The piece is out, or so many bytes of it.
    void sent() noexcept { sending_ = Bytes(); }
    void sent(std::size_t count) noexcept { sending_.removePrefix(count); }
    /// What was written since next(), to be sent another way.
    Bytes takeNew() {
        settle();
        return pending_.take();
    }
    void clear() noexcept;

    bool hasProducer() const noexcept { return producer_ != nullptr; }
    bool hasPushProducer() const noexcept { return producer_ && isStreaming_; }
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
    bool isWithinSource(BytesView bytes) const noexcept;
    bool isOfSource(BytesView bytes);
    void takeFrom(Source& source) noexcept;
    void settle() {
        if (source_) [[unlikely]]
            copySource();
    }
    void copySource();

    ByteQueue pending_;  // written, not yet given to the kernel
    Bytes sending_;      // with the kernel
    Source* source_ = nullptr;
    IProducer* producer_ = nullptr;
    bool isStreaming_ = false;
    bool isProducerPaused_ = false;
};

}  // namespace wring::detail
