#pragma once

#include <wring/runtime/bytes.hpp>

#include <memory>
#include <vector>

namespace wring::detail {

/// The receive buffers of one driver: equal blocks that are free, with the kernel, or lent out as
/// Bytes. Grows by doubling up to a limit, because a ring that runs dry is dear and one that is
/// larger than the load asks for leaves the cache.
///
/// Lifetime  shared between the driver and the Bytes it lent; the last of them frees it.
class BufferPool {
 public:
    /// `bufferBytes` each; `initial` and `limit` are counts, limit at most 32768.
    BufferPool(std::uint32_t bufferBytes, std::uint32_t initial, std::uint32_t limit);
    BufferPool(const BufferPool&) = delete;
    BufferPool& operator=(const BufferPool&) = delete;

    /// Told the number of each buffer that can be filled again.
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

    /// Lends `size` bytes of a filled buffer.
    Bytes lend(std::uint32_t buffer, std::uint32_t size) noexcept {
        ++lent_;
        return Bytes(at(buffer), size, *this, buffer);
    }

    /// A buffer that was handed out comes back unfilled, or its Bytes ended. May free the pool.
    void giveBack(std::uint32_t buffer) noexcept;

    std::byte* at(std::uint32_t buffer) const noexcept {
        if (buffer < slabBuffers_) [[likely]]
            return firstSlab_ + std::size_t{bufferBytes_} * buffer;
        return slabs_[buffer / slabBuffers_].get() +
               std::size_t{bufferBytes_} * (buffer % slabBuffers_);
    }
    std::uint32_t bufferBytes() const noexcept { return bufferBytes_; }
    std::uint32_t size() const noexcept { return size_; }
    std::uint32_t limit() const noexcept { return limit_; }
    std::uint32_t lent() const noexcept { return lent_; }

    /// Whether so much is lent that keeping more would starve other connections.
    bool isScarce() const noexcept { return lent_ * 2 > size_; }

 private:
    ~BufferPool() = default;
    bool addSlab(std::uint32_t count) noexcept;

    struct FreeMemory {
        void operator()(std::byte* memory) const noexcept;
    };
    std::vector<std::unique_ptr<std::byte[], FreeMemory>> slabs_;
    std::byte* firstSlab_ = nullptr;
    std::uint32_t bufferBytes_;
    std::uint32_t slabBuffers_;
    std::uint32_t limit_;
    std::uint32_t size_ = 0;
    std::uint32_t lent_ = 0;
    Owner* owner_ = nullptr;
};

}  // namespace wring::detail
