#include <wring/runtime/frame_pool.hpp>

#include <array>
#include <bit>
#include <new>
#include <utility>

namespace wring::detail {

namespace {

// Knows how much its list holds, so that neither taking nor giving back keeps a count.
struct FreeBlock {
    FreeBlock* next;
    std::size_t keptBytes;  // with what follows it
};

// 16-byte steps to 1 KiB, then powers of two. The heap adds a word of its own to each block and
// rounds up to two: the blocks of a step are one word short of that, so that nothing is wasted.
constexpr std::size_t step = 16;
constexpr std::size_t word = sizeof(void*);
constexpr std::size_t fineMax = 1024 + word;
constexpr std::size_t fineClasses = fineMax / step + 1;
constexpr std::size_t classes = fineClasses + 8;
constexpr std::size_t keptBytesMax = 1 << 20;  // per class: more goes back to the heap

constexpr std::size_t fineClassOf(std::size_t bytes) noexcept { return (bytes + word - 1) / step; }

constexpr std::size_t classOf(std::size_t bytes) noexcept {
    if (bytes <= fineMax) return fineClassOf(bytes);
    return fineClasses + std::bit_width((bytes - 1) / 1024) - 1;
}

constexpr std::size_t classBytes(std::size_t index) noexcept {
    if (index == 0) return step + word;  // the least that the heap has
    return index < fineClasses ? index * step + word : std::size_t{2048} << (index - fineClasses);
}

static_assert(classBytes(classOf(1)) >= sizeof(FreeBlock));
static_assert(classBytes(classOf(9)) == 24 && classBytes(classOf(24)) == 24);
static_assert(classBytes(classOf(25)) == 40 && classBytes(classOf(40)) == 40);
static_assert(classBytes(classOf(fineMax)) == fineMax && classBytes(classOf(fineMax + 1)) == 2048);
static_assert(classBytes(classOf(poolBlockMax)) == poolBlockMax);
static_assert(classOf(poolBlockMax) == classes - 1);

std::size_t keptBytes(const FreeBlock* list) noexcept { return list ? list->keptBytes : 0; }

struct Pool {
    std::array<FreeBlock*, classes> free{};
    long fromHeap = 0;  // taken there and not given back there
};

/// Gives the blocks back when the thread ends. What comes after that, from destructors of other
/// statics, goes to the heap.
struct Owner {
    Pool* pool = new Pool;
    ~Owner();
};

// Trivial, so that it is reached without a check and stays valid to the very end of the thread.
[[gnu::tls_model("initial-exec")]] constinit thread_local Pool* current = nullptr;
constinit thread_local bool isOver = false;

Owner::~Owner() {
    for (FreeBlock* list : pool->free) {
        while (list) ::operator delete(std::exchange(list, list->next));
    }
    current = nullptr;
    isOver = true;
    delete pool;
}

[[gnu::noinline]] Pool* makePool() {
    if (isOver) return nullptr;
    thread_local Owner owner;
    return current = owner.pool;
}

// For functions that are never inlined into a coroutine: the address of a thread_local must not
// survive a suspension.
inline Pool* pool() { return current ? current : makePool(); }

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

bool keep(Pool& pool, void* block, std::size_t index) noexcept {
    FreeBlock*& list = pool.free[index];
    std::size_t before = keptBytes(list);
    if (before >= keptBytesMax) return false;
    list = new (block) FreeBlock{list, before + classBytes(index)};
    return true;
}

[[gnu::noinline]] void* allocateSlowly(std::size_t bytes) {
    Pool* mine = pool();
    bool isPooled = bytes <= poolBlockMax && reuses;
    if (isPooled && mine) {
        FreeBlock*& list = mine->free[classOf(bytes)];
        if (list) return std::exchange(list, list->next);
    }
    void* block = ::operator new(isPooled ? classBytes(classOf(bytes)) : bytes);
    if (mine) ++mine->fromHeap;
    return block;
}

[[gnu::noinline]] void freeSlowly(void* block, std::size_t bytes) noexcept {
    if (!block) return;
    Pool* mine = pool();
    if (mine && reuses && bytes <= poolBlockMax && keep(*mine, block, classOf(bytes))) return;
    if (mine) --mine->fromHeap;
    ::operator delete(block);
}

}  // namespace

[[gnu::noinline]] void* poolAllocate(std::size_t bytes) {
    if (Pool* mine = current; reuses && mine && bytes <= fineMax) [[likely]] {
        FreeBlock*& list = mine->free[fineClassOf(bytes)];
        if (list) [[likely]]
            return std::exchange(list, list->next);
    }
    return allocateSlowly(bytes);
}

[[gnu::noinline]] void poolFree(void* block, std::size_t bytes) noexcept {
    if (Pool* mine = current; reuses && mine && bytes <= fineMax && block) [[likely]] {
        if (keep(*mine, block, fineClassOf(bytes))) [[likely]]
            return;
    }
    freeSlowly(block, bytes);
}

long poolBlocksInUse() noexcept {
    if (!current) return 0;
    long count = current->fromHeap;
    for (std::size_t index = 0; index < classes; ++index) {
        count -= static_cast<long>(keptBytes(current->free[index]) / classBytes(index));
    }
    return count;
}

}  // namespace wring::detail
