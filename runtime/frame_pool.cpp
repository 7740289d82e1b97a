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

// 16-byte steps to 1 KiB, then powers of two. The heap adds a word of its own to each block and
// rounds up to two: the blocks of a step are one word short of that, so that nothing is wasted.
constexpr std::size_t step = 16;
constexpr std::size_t word = sizeof(void*);
constexpr std::size_t fineMax = 1024 + word;
constexpr std::size_t fineClasses = fineMax / step;
constexpr std::size_t classes = fineClasses + 4;
constexpr std::size_t keptBytesMax = 1 << 20;  // per class: more goes back to the heap

constexpr std::size_t classOf(std::size_t bytes) noexcept {
    if (bytes <= fineMax) return bytes <= step + word ? 0 : (bytes - word - 1) / step;
    return fineClasses + std::bit_width((bytes - 1) / 1024) - 1;
}

constexpr std::size_t classBytes(std::size_t index) noexcept {
    return index < fineClasses ? (index + 1) * step + word
                               : std::size_t{2048} << (index - fineClasses);
}

static_assert(classBytes(classOf(1)) == 24 && classBytes(classOf(24)) == 24);
static_assert(classBytes(classOf(25)) == 40 && classBytes(classOf(40)) == 40);
static_assert(classBytes(classOf(fineMax)) == fineMax && classBytes(classOf(fineMax + 1)) == 2048);
static_assert(classBytes(classOf(poolBlockMax)) == poolBlockMax);
static_assert(classOf(poolBlockMax) == classes - 1);

struct Pool {
    std::array<FreeBlock*, classes> free{};
    std::array<std::size_t, classes> kept{};
    long inUse = 0;
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

}  // namespace

[[gnu::noinline]] void* poolAllocate(std::size_t bytes) {
    Pool* mine = pool();
    if (mine) ++mine->inUse;
    if (bytes > poolBlockMax || !reuses) return ::operator new(bytes);
    std::size_t index = classOf(bytes);
    if (FreeBlock* block = mine ? mine->free[index] : nullptr) {
        mine->free[index] = block->next;
        mine->kept[index] -= classBytes(index);
        return block;
    }
    return ::operator new(classBytes(index));
}

[[gnu::noinline]] void poolFree(void* block, std::size_t bytes) noexcept {
    if (!block) return;
    Pool* mine = pool();
    if (mine) --mine->inUse;
    std::size_t index = bytes > poolBlockMax ? classes : classOf(bytes);
    if (index == classes || !reuses || !mine || mine->kept[index] >= keptBytesMax) {
        ::operator delete(block);
        return;
    }
    mine->free[index] = new (block) FreeBlock{mine->free[index]};
    mine->kept[index] += classBytes(index);
}

long poolBlocksInUse() noexcept { return current ? current->inUse : 0; }

}  // namespace wring::detail
