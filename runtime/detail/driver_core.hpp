#pragma once

#include <wring/runtime/detail/buffer_pool.hpp>
#include <wring/runtime/driver.hpp>

#include <utility>

namespace wring::detail {

/// What all drivers share: the pool of receive buffers with the queue of receivers that wait for
/// one, how an operation ends, and the counters.
class DriverCore : public Driver, protected BufferPool::Owner {
 public:
    explicit DriverCore(const BufferLayout& buffers);
    DriverCore(const DriverCore&) = delete;
    DriverCore& operator=(const DriverCore&) = delete;
    ~DriverCore() override;

    std::uint64_t closedCount() const noexcept override { return closed_; }
    DriverStats stats() const noexcept override;
    BufferPool& buffers() noexcept override { return *pool_; }

 protected:
    static void finish(Operation& operation, Completion& completion) noexcept {
        if (!completion.more) {
            operation.state_ = Operation::State::idle;
            operation.cancelRequested_ = false;
        }
        operation.handler_(operation, completion);
    }
    /// Parks a recvMulti until a buffer of `pool` comes back, or grows the pool: then it is to be
    /// retried.
    bool growOrStarve(Operation& operation, BufferPool& pool) noexcept;
    /// Whether a receiver waits although a buffer is free: the one before it may not have needed
    /// its turn, having no data or being at its end.
    static bool canServeStarved(const BufferPool& pool) noexcept {
        return !pool.starved.empty() && pool.available() > 0;
    }
    /// Takes a receiver off the queue for each free buffer, first come first served; all, where a
    /// buffer serves several. For the beginning of a turn only: one that is retried in vain goes
    /// to the back.
    template <class Retry>
    static void retryStarved(BufferPool& pool, Retry retry) noexcept {
        for (std::uint32_t count = pool.available(); count > 0; count -= !pool.isJoined()) {
            Operation* next = pool.starved.popFront();
            if (!next) return;
            retry(*next);
        }
    }

    /// What is asked for between two turns of an embedded reactor makes its descriptor readable.
    void wakeIfParked() noexcept {
        if (std::exchange(isParked_, false)) wake();
    }

    BufferPool* pool_;
    DriverStats stats_;
    std::uint64_t closed_ = 0;
    bool isParked_ = false;  // flushed, and not waited since
};

}  // namespace wring::detail
