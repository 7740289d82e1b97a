#include <wring/runtime/detail/uring_buffers.hpp>

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <atomic>
#include <bit>

namespace wring::detail {

namespace {
constexpr std::uint16_t incremental =
    2;  // IOU_PBUF_RING_INC; Debian 12's headers call its place `pad`
}

UringBuffers::~UringBuffers() {
    if (ring_) ::munmap(ring_, entries_ * sizeof *ring_);
}

bool UringBuffers::setUp(int fd, unsigned group, BufferPool& pool, unsigned firstNumber) noexcept {
    entries_ = std::bit_ceil(pool.limit());
    std::size_t bytes = entries_ * sizeof *ring_;
    void* memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    ::madvise(memory, bytes, MADV_DONTFORK);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(memory);
    registration.ring_entries = entries_;
    registration.bgid = static_cast<std::uint16_t>(group);
    if (pool.isJoined()) registration.pad = incremental;
    if (::syscall(__NR_io_uring_register, fd, IORING_REGISTER_PBUF_RING, &registration, 1) < 0) {
        ::munmap(memory, bytes);
        return false;
    }
    ring_ = static_cast<io_uring_buf*>(memory);
    pool_ = &pool;
    firstNumber_ = firstNumber;
    pool.attach(*this);
    return true;
}

void UringBuffers::bufferReturned(std::uint32_t buffer) noexcept {
    io_uring_buf& entry = ring_[tail_++ & (entries_ - 1)];
    entry.addr = reinterpret_cast<std::uint64_t>(pool_->at(buffer));
    entry.len = pool_->bufferBytes();
    entry.bid = static_cast<std::uint16_t>(firstNumber_ + buffer);
}

// The tail lies where the first entry, as all, has a field that nobody reads.
void UringBuffers::publish() noexcept {
    if (published_ == tail_) return;
    published_ = tail_;
    auto tail = static_cast<std::uint16_t>(tail_);
    std::atomic_ref(ring_[0].resv).store(tail, std::memory_order_release);
}

}  // namespace wring::detail
