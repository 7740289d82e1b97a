#pragma once

#include <wring/runtime/detail/buffer_pool.hpp>
#include <wring/runtime/detail/operation_list.hpp>
#include <wring/runtime/driver.hpp>

#include <cerrno>

namespace wring::detail {

/// What the drivers that speak to a real kernel share: plain system calls, the clock, the pool of
/// receive buffers with the queue of receivers that wait for one, and the wake-up descriptor.
class KernelDriver : public Driver, protected BufferPool::Owner {
 public:
    explicit KernelDriver(const DriverOptions& options, bool nonBlockingSockets, int wakeFlags);
    KernelDriver(const KernelDriver&) = delete;
    KernelDriver& operator=(const KernelDriver&) = delete;
    ~KernelDriver() override;

    Time now() const noexcept override;
    void wake() noexcept override;
    int openSocket(int family, int type, int protocol) noexcept override;
    int bind(int fd, const void* address, std::size_t bytes) noexcept override;
    int listen(int fd, int backlog) noexcept override;
    int getSocketName(int fd, void* address, std::size_t& bytes) noexcept override;
    int getPeerName(int fd, void* address, std::size_t& bytes) noexcept override;
    int setOption(int fd, int level, int option, const void* value,
                  std::size_t bytes) noexcept override;
    int getOption(int fd, int level, int option, void* value, std::size_t& bytes) noexcept override;
    int shutdownNow(int fd, int how) noexcept override;
    int closeNow(int fd) noexcept override;
    std::uint64_t closedCount() const noexcept override { return closed_; }
    DriverStats stats() const noexcept override;
    BufferPool& buffers() noexcept override { return *pool_; }

 protected:
    static void finish(Operation& operation, Completion& completion) noexcept;
    /// Parks a recvMulti until a buffer comes back, or grows the pool: then it is to be retried.
    bool growOrStarve(Operation& operation) noexcept;
    /// Whether a receiver waits although a buffer is free: the one before it may not have needed
    /// its turn, having no data or being at its end.
    bool canServeStarved() const noexcept {
        return !starved_.empty() && pool_->lent() < pool_->size();
    }
    /// Takes a receiver off the queue for each free buffer, first come first served. For the
    /// beginning of a turn only: one that is retried in vain goes to the back.
    template <class Retry>
    void retryStarved(Retry retry) noexcept {
        for (std::uint32_t count = pool_->size() - pool_->lent(); count > 0; --count) {
            Operation* next = starved_.popFront();
            if (!next) return;
            retry(*next);
        }
    }

    /// What is asked for between two turns of an embedded reactor makes its descriptor readable.
    void wakeIfParked() noexcept {
        if (std::exchange(isParked_, false)) wake();
    }

    BufferPool* pool_;
    OperationList starved_;
    DriverStats stats_;
    std::uint64_t closed_ = 0;
    int wakeFd_;
    int socketFlags_;
    int acceptFlags_;
    bool isParked_ = false;  // flushed, and not waited since
};

/// Why a driver could not be made, with the errno behind it.
struct DriverUnavailable {
    int code;
    bool isDenied;  ///< the interface is not to be had here, as opposed to lack of a resource
    std::string cause;
    std::string cure;
};

/// Each throws DriverUnavailable.
std::unique_ptr<Driver> makeUringDriver(const DriverOptions& options);
std::unique_ptr<Driver> makeEpollDriver(const DriverOptions& options);

}  // namespace wring::detail
