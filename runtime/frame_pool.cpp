#include <wring/runtime/frame_pool.hpp>

#include <array>
#include <bit>
#include <new>
#include <utility>

namespace wring::detail {

namespace {

struct FreeBlock {
    FreeBlock* next;
};

// 32-byte steps to 1 KiB, then powers of two. A step is what an idle connection may waste.
constexpr std::size_t step = 32;
constexpr std::size_t fineMax = 1024;
constexpr std::size_t fineClasses = fineMax / step;
constexpr std::size_t classes = fineClasses + 4;
constexpr std::size_t keptBytesMax = 1 << 20;  // per class: more goes back to the heap

constexpr std::size_t classOf(std::size_t bytes) noexcept {
    if (bytes <= fineMax) return (bytes + step - 1) / step - (bytes != 0);
    return fineClasses + std::bit_width((bytes - 1) / fineMax) - 1;
}

constexpr std::size_t classBytes(std::size_t index) noexcept {
    return index < fineClasses ? (index + 1) * step : fineMax << (index - fineClasses + 1);
}

static_assert(classBytes(classOf(1024)) == 1024 && classBytes(classOf(1025)) == 2048);
static_assert(classBytes(classOf(poolBlockMax)) == poolBlockMax);
static_assert(classOf(poolBlockMax) == classes - 1);

struct Pool {
    std::array<FreeBlock*, classes> free{};
    std::array<std::size_t, classes> kept{};
    long inUse = 0;
    bool closed = false;

    ~Pool() {
        closed = true;
        for (FreeBlock* list : free) {
            while (list) ::operator delete(std::exchange(list, list->next));
        }
    }
};

// Reached through a function only: the address of a thread_local must not survive a suspension.
[[gnu::noinline]] Pool& pool() noexcept {
    thread_local Pool instance;
    return instance;
}

// Under the address sanitizer every block is the heap's, so that use after free is seen.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool reuses = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool reuses = false;
#else
constexpr bool reuses = true;
#endif
#else
constexpr bool reuses = true;
#endif

}  // namespace

void* poolAllocate(std::size_t bytes) {
    Pool& mine = pool();
    ++mine.inUse;
    if (bytes > poolBlockMax || !reuses) return ::operator new(bytes);
    std::size_t index = classOf(bytes);
    if (FreeBlock* block = mine.free[index]) {
        mine.free[index] = block->next;
        mine.kept[index] -= classBytes(index);
        return block;
    }
    return ::operator new(classBytes(index));
}

void poolFree(void* block, std::size_t bytes) noexcept {
    if (!block) return;
    Pool& mine = pool();
    --mine.inUse;
    std::size_t index = bytes > poolBlockMax ? classes : classOf(bytes);
    if (index == classes || !reuses || mine.closed || mine.kept[index] >= keptBytesMax) {
        ::operator delete(block);
        return;
    }
    mine.free[index] = new (block) FreeBlock{mine.free[index]};
    mine.kept[index] += classBytes(index);
}

long poolBlocksInUse() noexcept { return pool().inUse; }

}  // namespace wring::detail
