#include <wring/runtime/detail/driver_core.hpp>

namespace wring::detail {

DriverCore::DriverCore(const DriverOptions& options)
    : pool_(new BufferPool(options.bufferBytes, options.buffersInitial, options.buffersMax)) {}

DriverCore::~DriverCore() { pool_->detach(); }

DriverStats DriverCore::stats() const noexcept {
    DriverStats copy = stats_;
    copy.buffers = pool_->size();
    copy.buffersLent = pool_->lent();
    return copy;
}

bool DriverCore::growOrStarve(Operation& operation) noexcept {
    ++stats_.starvations;
    // Free buffers by now mean that some came back since: then there is nothing to wait for.
    if (pool_->grow() || pool_->lent() < pool_->size()) return true;
    starved_.pushBack(operation);
    return false;
}

}  // namespace wring::detail
