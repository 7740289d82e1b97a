#include <wring/runtime/detail/driver_core.hpp>

namespace wring::detail {

DriverCore::DriverCore(const BufferLayout& buffers) : pool_(new BufferPool(buffers)) {}

DriverCore::~DriverCore() { pool_->detach(); }

DriverStats DriverCore::stats() const noexcept {
    DriverStats copy = stats_;
    copy.buffers = pool_->size();
    copy.buffersLent = pool_->lent();
    return copy;
}

bool DriverCore::growOrStarve(Operation& operation, BufferPool& pool) noexcept {
    ++stats_.starvations;
    // Free buffers by now mean that some came back since: then there is nothing to wait for.
    if (pool.grow() || pool.available() > 0) return true;
    pool.starved.pushBack(operation);
    return false;
}

}  // namespace wring::detail
