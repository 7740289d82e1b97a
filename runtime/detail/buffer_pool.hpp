#pragma once

#include <wring/runtime/bytes.hpp>
#include <wring/runtime/detail/operation_list.hpp>

#include <memory>
#include <vector>

namespace wring {
class DriverOptions;
}

namespace wring::detail {

/// How the memory that received data lies in is divided.
struct BufferLayout {
    std::uint32_t bytes;         // of one buffer
    std::uint32_t initial;       // how many at first
    std::uint32_t limit;         // and at most, 32768
    std::uint32_t messageBytes;  // of the room that a message gets at least
    std::uint32_t leastRoom;     // with less of it left a buffer is not filled any further
    bool isRewound = false;  // whoever fills it does so from its start again when nothing is lent

    /// Each receive has a buffer to itself, of those that `options` ask for.
    static BufferLayout single(const DriverOptions& options) noexcept;
    /// 64 of them in one, to be filled piece by piece: what came for many connections lies
    /// together, and a long message in one piece. The same as single() for a handful of buffers.
    static BufferLayout joined(const DriverOptions& options, bool isRewound) noexcept;
};

/// The receive buffers of one driver: equal blocks that are free, with the kernel, or lent out as
/// Bytes, piece by piece. Grows by doubling up to a limit, because a ring that runs dry is dear and
/// one that is larger than the load asks for leaves the cache.
///
/// Lifetime  shared between the driver and the Bytes it lent; the last of them frees it.
class BufferPool {
 public:
    explicit BufferPool(const BufferLayout& layout);
    BufferPool(const BufferPool&) = delete;
    BufferPool& operator=(const BufferPool&) = delete;

    /// Told the number of each buffer that can be filled from its start.
    class Owner {
     public:
        virtual void bufferReturned(std::uint32_t buffer) noexcept = 0;

     protected:
        ~Owner() = default;
    };

    /// Names who gets free buffers, and gives it all there are.
    void attach(Owner& owner) noexcept;

    /// The driver goes; what is lent may stay. May free the pool.
    void detach() noexcept;

    /// Adds as many buffers as there are, up to the limit. False when nothing could be added.
    bool grow() noexcept;

    /// Lends the next `size` bytes of a buffer, which were just filled. With less than the least
    /// room left the buffer is full: it comes back when all that was lent of it has ended.
    Bytes lend(std::uint32_t buffer, std::uint32_t size) noexcept {
        Use& use = uses_[buffer];
        std::byte* begin = at(buffer) + use.filled;
        use.filled += size;
        if (layout_.isRewound) use.filled = roundedUp(use.filled);
        ++use.pieces;
        ++lent_;
        if (isFull(buffer)) ++full_;
        return Bytes(begin, size, *this, buffer);
    }

    /// A piece of a buffer has ended. May free the pool.
    void giveBack(std::uint32_t buffer) noexcept;

    std::byte* at(std::uint32_t buffer) const noexcept {
        if (buffer < slabBuffers_) [[likely]]
            return firstSlab_ + std::size_t{layout_.bytes} * buffer;
        return slabs_[buffer / slabBuffers_].get() +
               std::size_t{layout_.bytes} * (buffer % slabBuffers_);
    }
    /// Where the next piece of a buffer goes.
    std::span<std::byte> room(std::uint32_t buffer) const noexcept {
        std::uint32_t filled = uses_[buffer].filled;
        return {at(buffer) + filled, layout_.bytes - filled};
    }
    bool isFull(std::uint32_t buffer) const noexcept {
        return layout_.bytes - uses_[buffer].filled < layout_.leastRoom;
    }
    std::uint32_t bufferBytes() const noexcept { return layout_.bytes; }
    std::uint32_t messageBytes() const noexcept { return layout_.messageBytes; }
    std::uint32_t size() const noexcept { return size_; }
    std::uint32_t limit() const noexcept { return layout_.limit; }
    /// How many pieces are lent.
    std::uint32_t lent() const noexcept { return lent_; }
    /// How many buffers are not full.
    std::uint32_t available() const noexcept { return size_ - full_; }
    /// Whether one buffer serves several receives.
    bool isJoined() const noexcept { return layout_.leastRoom < layout_.bytes; }

    /// Whether so much is lent that keeping more would starve other connections.
    bool isScarce() const noexcept { return full_ * 2 > size_; }

    /// Whether it is better to keep a copy of `size` bytes than these: they would hold up much more
    /// than they are.
    bool isDear(std::size_t size) const noexcept { return size <= layout_.bytes / 4 || isScarce(); }

    OperationList starved;  ///< receivers that wait for a buffer

 private:
    struct Use {
        std::uint32_t filled = 0;
        std::uint32_t pieces = 0;  // that are lent
    };
    ~BufferPool() = default;
    bool addSlab(std::uint32_t count) noexcept;
    std::uint32_t roundedUp(std::uint32_t filled) const noexcept;

    struct FreeMemory {
        void operator()(std::byte* memory) const noexcept;
    };
    BufferLayout layout_;
    std::vector<std::unique_ptr<std::byte[], FreeMemory>> slabs_;
    std::vector<Use> uses_;
    std::byte* firstSlab_ = nullptr;
    std::uint32_t slabBuffers_;
    std::uint32_t size_ = 0;
    std::uint32_t lent_ = 0;
    std::uint32_t full_ = 0;
    Owner* owner_ = nullptr;
};

}  // namespace wring::detail
