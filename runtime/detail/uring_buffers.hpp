#pragma once

#include <wring/runtime/detail/buffer_pool.hpp>

struct io_uring_buf;

namespace wring::detail {

/// The free buffers of a pool, lent to the kernel: a group that its receives pick from, first come
/// first served.
///
/// Source    io_uring_register(2), IORING_REGISTER_PBUF_RING.
class UringBuffers final : public BufferPool::Owner {
 public:
    UringBuffers() noexcept = default;
    UringBuffers(const UringBuffers&) = delete;
    UringBuffers& operator=(const UringBuffers&) = delete;
    ~UringBuffers();

    /// Registers group `group` of the ring `fd` and gives it all free buffers of `pool`, which the
    /// kernel knows by numbers from `firstNumber` on. False when the kernel refuses.
    bool setUp(int fd, unsigned group, BufferPool& pool, unsigned firstNumber) noexcept;
    bool isSetUp() const noexcept { return ring_ != nullptr; }

    /// Tells the kernel what has come back.
    void publish() noexcept;
    void bufferReturned(std::uint32_t buffer) noexcept override;

 private:
    io_uring_buf* ring_ = nullptr;
    BufferPool* pool_ = nullptr;
    unsigned entries_ = 0;  // a power of two
    unsigned firstNumber_ = 0;
    unsigned tail_ = 0;
    unsigned published_ = 0;
};

}  // namespace wring::detail
