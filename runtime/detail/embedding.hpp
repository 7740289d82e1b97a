#pragma once

#include <wring/runtime/time.hpp>

namespace wring::detail {

/// What a foreign loop polls in place of the reactor: one descriptor for the driver's news and
/// for the next timer.
class Embedding {
 public:
    explicit Embedding(int driverFd);
    Embedding(const Embedding&) = delete;
    Embedding& operator=(const Embedding&) = delete;
    ~Embedding();

    int fd() const noexcept { return epollFd_; }
    /// Makes the descriptor readable after `delay`; Duration::max() never.
    void wakeAfter(Duration delay) noexcept;

 private:
    int epollFd_;
    int timerFd_;
};

}  // namespace wring::detail
