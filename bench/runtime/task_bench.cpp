// Question: what does it cost to call a coroutine that ends at once, and to await its result?
//
// The neighbours do what that needs at the least: a virtual call, and a block of a frame's size
// from the pool or from the heap.

#include <wring/bench/support/allocations.hpp>
#include <wring/runtime/frame_pool.hpp>
#include <wring/runtime/task.hpp>

#include <new>

namespace {

using namespace wring;

constexpr int batch = 1000;  // awaits within one coroutine, so that its own start does not count

/// Starts by itself and is driven by nobody: what awaits in it must end at once.
struct Root {
    struct promise_type : detail::PromiseBase {
        Root get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }
    };
};

[[gnu::noinline]] Task<int> answer(int value) { co_return value + 1; }

[[gnu::noinline]] Task<int> nested(int depth) {
    if (depth == 0) co_return 1;
    co_return co_await nested(depth - 1) + 1;
}

/// Creates and awaits what `Answer` gives, which is its argument and one.
template <auto Answer>
Root awaitMany(long* sum) {
    for (int i = 0; i < batch; ++i) *sum += co_await Answer(i);
}

template <auto Answer>
void createAndAwaitEach(benchmark::State& state) {
    long sum = 0;
    {
        bench::AllocationCount count(state);
        for (auto _ : state) awaitMany<Answer>(&sum);
        state.SetItemsProcessed(state.iterations() * batch);
    }
    long expected = static_cast<long>(state.iterations()) * (batch * (batch + 1L) / 2);
    if (sum != expected) state.SkipWithError("a result was lost");
}
BENCHMARK(createAndAwaitEach<answer>)->Name("createAndAwait");

Root awaitNested(long* sum, int depth) {
    for (int i = 0; i < batch; ++i) *sum += co_await nested(depth - 1);
}

/// Ten tasks, each awaiting the next; items are single awaits.
void chainOfTenAwaits(benchmark::State& state) {
    constexpr int depth = 10;
    long sum = 0;
    {
        bench::AllocationCount count(state);
        for (auto _ : state) awaitNested(&sum, depth);
        state.SetItemsProcessed(state.iterations() * batch * depth);
    }
    if (sum != static_cast<long>(state.iterations()) * batch * depth) {
        state.SkipWithError("a result was lost");
    }
}
BENCHMARK(chainOfTenAwaits);

/// The least that a coroutine can be which is created, awaited and ends at once: a frame of the
/// pool's and a value. It has no fiber, no errors, no place, and nobody to go on with.
class Bare {
 public:
    struct promise_type : detail::Pooled {
        Bare get_return_object() noexcept { return Bare(Handle::from_promise(*this)); }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        void return_value(int given) noexcept { value = given; }
        void unhandled_exception() const noexcept { std::terminate(); }
        int value;
    };
    using Handle = std::coroutine_handle<promise_type>;

    explicit Bare(Handle handle) noexcept : handle_(handle) {}
    Bare(const Bare&) = delete;
    Bare& operator=(const Bare&) = delete;
    ~Bare() { handle_.destroy(); }

    bool await_ready() const noexcept {
        handle_.resume();
        return true;
    }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    int await_resume() const noexcept { return handle_.promise().value; }

 private:
    Handle handle_;
};

[[gnu::noinline]] Bare bareAnswer(int value) { co_return value + 1; }

BENCHMARK(createAndAwaitEach<bareAnswer>)->Name("createAndAwaitBare");

struct Pool {
    static void* take(std::size_t bytes) { return detail::poolAllocate(bytes); }
    static void giveBack(void* block, std::size_t bytes) { detail::poolFree(block, bytes); }
};
struct Heap {
    static void* take(std::size_t bytes) { return std::malloc(bytes); }
    static void giveBack(void* block, std::size_t) { std::free(block); }
};

/// What a coroutine is without the language's help: an object of its own and a call through it.
struct Call {
    virtual ~Call() = default;
    virtual int run(int value) = 0;
};
template <class Memory>
struct Answer final : Call {
    explicit Answer(std::size_t bytes) : bytes_(bytes) {}
    [[gnu::noinline]] int run(int value) override {
        int result = value + 1;
        Memory::giveBack(this, bytes_);
        return result;
    }
    std::size_t bytes_;
};

template <class Memory>
[[gnu::noinline]] Call* makeCall(std::size_t bytes) {
    return new (Memory::take(bytes)) Answer<Memory>(bytes);
}

template <class Memory>
void virtualCall(benchmark::State& state) {
    constexpr std::size_t bytes = 128;  // about what a frame of answer() takes
    long sum = 0;
    {
        bench::AllocationCount count(state);
        for (auto _ : state) {
            for (int i = 0; i < batch; ++i) sum += makeCall<Memory>(bytes)->run(i);
        }
        state.SetItemsProcessed(state.iterations() * batch);
    }
    long expected = static_cast<long>(state.iterations()) * (batch * (batch + 1L) / 2);
    if (sum != expected) state.SkipWithError("a result was lost");
}
BENCHMARK(virtualCall<Pool>)->Name("virtualCallAndPoolBlock");
BENCHMARK(virtualCall<Heap>)->Name("virtualCallAndMalloc");

}  // namespace

BENCHMARK_MAIN();
