#pragma once

// Counts what benchmarks take from the heap: include it in one source of a program. Not inlined, or
// GCC sees malloc and delete of one block and warns.

#include <benchmark/benchmark.h>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace wring::bench {

inline std::uint64_t allocations = 0;

/// Shows the allocations of one operation, from its construction on, beside the time.
class AllocationCount {
 public:
    explicit AllocationCount(benchmark::State& state) : state_(state) {}
    AllocationCount(const AllocationCount&) = delete;
    AllocationCount& operator=(const AllocationCount&) = delete;
    ~AllocationCount() {
        auto made = static_cast<double>(allocations - before_);
        state_.counters["mallocs"] = made / static_cast<double>(state_.iterations());
    }

 private:
    benchmark::State& state_;
    std::uint64_t before_ = allocations;
};

}  // namespace wring::bench

[[gnu::noinline]] void* operator new(std::size_t bytes) {
    ++wring::bench::allocations;
    if (void* block = std::malloc(bytes ? bytes : 1)) return block;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept { std::free(block); }
