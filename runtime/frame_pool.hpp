#pragma once

#include <wring/runtime/api.hpp>

#include <cstddef>

namespace wring::detail {

/// Memory for coroutine frames and other small things that come and go: free lists by size
/// class, one set per thread. Larger blocks than `poolBlockMax` go to the global heap.
///
/// Thread    a block may be freed in another thread; it then serves that thread.
[[nodiscard]] WRING_API void* poolAllocate(std::size_t bytes);
WRING_API void poolFree(void* block, std::size_t bytes) noexcept;

/// Largest block that is kept for reuse.
inline constexpr std::size_t poolBlockMax = 256 * 1024;

/// How many blocks this thread has taken and not given back, less those it freed for others.
WRING_API long poolBlocksInUse() noexcept;

/// Base of what lives in the pool.
struct Pooled {
    static void* operator new(std::size_t bytes) { return poolAllocate(bytes); }
    static void operator delete(void* block, std::size_t bytes) noexcept { poolFree(block, bytes); }
};

}  // namespace wring::detail
