// Question: what does it cost to pass a value from one coroutine to another?
//
// The neighbour is the same values through a std::deque, with nobody who could have to wait.
// Items are values.

#include <wring/bench/support/allocations.hpp>
#include <wring/deferred/channel.hpp>
#include <wring/deferred/deferred_queue.hpp>
#include <wring/deferred/start.hpp>

#include <deque>

namespace {

using namespace wring;

constexpr int batch = 1000;

/// Runs pass(&sum), which adds the values 1 to `batch`.
template <class F>
void measure(benchmark::State& state, F pass) {
    long sum = 0;
    {
        bench::AllocationCount count(state);
        for (auto _ : state) pass(&sum);
        state.SetItemsProcessed(state.iterations() * batch);
    }
    long expected = static_cast<long>(state.iterations()) * (batch * (batch + 1L) / 2);
    if (sum != expected) state.SkipWithError("a value was lost");
}

[[gnu::noinline]] void push(std::deque<int>& queue, int value) { queue.push_back(value); }
[[gnu::noinline]] int pop(std::deque<int>& queue) {
    int value = queue.front();
    queue.pop_front();
    return value;
}

void dequePushPop(benchmark::State& state) {
    measure(state, [](long* sum) {
        std::deque<int> queue;
        for (int i = 1; i <= batch; ++i) {
            push(queue, i);
            *sum += pop(queue);
        }
    });
}
BENCHMARK(dequePushPop);

Deferred<> sendAll(Channel<int>* channel) {
    for (int i = 1; i <= batch; ++i) co_await channel->send(i);
    channel->close();
}

Deferred<> receiveAll(Channel<int>* channel, long* sum) {
    while (std::optional<int> value = co_await channel->receive()) *sum += *value;
}

/// Both ends take turns to wait; without room at every value.
void channel(benchmark::State& state) {
    measure(state, [&state](long* sum) {
        Channel<int> channel(static_cast<std::size_t>(state.range(0)));
        auto receiving = receiveAll(&channel, sum);
        auto sending = sendAll(&channel);
    });
}
BENCHMARK(channel)->Arg(0)->Arg(16)->Arg(1024);

Deferred<> getAll(DeferredQueue<int>* queue, long* sum) {
    for (int i = 1; i <= batch; ++i) *sum += co_await queue->get();
}

/// The one who gets waits for every value.
void queueThatIsWaitedFor(benchmark::State& state) {
    measure(state, [](long* sum) {
        DeferredQueue<int> queue;
        auto getting = getAll(&queue, sum);
        for (int i = 1; i <= batch; ++i) queue.put(i);
    });
}
BENCHMARK(queueThatIsWaitedFor);

/// The values are there before they are asked for.
void queueThatIsFull(benchmark::State& state) {
    measure(state, [](long* sum) {
        DeferredQueue<int> queue;
        for (int i = 1; i <= batch; ++i) queue.put(i);
        auto getting = getAll(&queue, sum);
    });
}
BENCHMARK(queueThatIsFull);

}  // namespace

BENCHMARK_MAIN();
