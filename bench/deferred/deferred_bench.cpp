// Question: what does a Deferred cost, made, given a callback and fired, or awaited, and what do
// tasks cost that are started instead of awaited?
//
// The neighbour is the least that a callback needs: a std::function stored and called.

#include <wring/bench/support/allocations.hpp>
#include <wring/deferred/deferred.hpp>
#include <wring/deferred/scope.hpp>

#include <functional>

namespace {

using namespace wring;

/// Runs one(&sum), which adds 1, and sees that it did each time.
template <class F>
void measure(benchmark::State& state, F one) {
    long sum = 0;
    one(&sum);  // from now on the pool has the blocks
    {
        bench::AllocationCount count(state);
        for (auto _ : state) one(&sum);
    }
    if (sum != static_cast<long>(state.iterations()) + 1) state.SkipWithError("lost a result");
}

void storedFunction(benchmark::State& state) {
    measure(state, [](long* sum) {
        // More than fits in place, as what a callback keeps often is.
        long payload[3] = {1, 2, 3};
        std::function<void(int)> callback = [sum, payload](int value) {
            *sum += value + payload[2] - 3;
        };
        benchmark::DoNotOptimize(callback);
        callback(1);
    });
}
BENCHMARK(storedFunction);

void makeAddCallbackFire(benchmark::State& state) {
    measure(state, [](long* sum) {
        Deferred<int> deferred;
        deferred.addCallback([sum](int value) {
            *sum += value;
            return value;
        });
        deferred.callback(1);
    });
}
BENCHMARK(makeAddCallbackFire);

void fireThenAddCallback(benchmark::State& state) {
    measure(state, [](long* sum) {
        Deferred<int> deferred = succeed(1);
        deferred.addCallback([sum](int value) {
            *sum += value;
            return value;
        });
    });
}
BENCHMARK(fireThenAddCallback);

void chainOfTenCallbacks(benchmark::State& state) {
    measure(state, [](long* sum) {
        Deferred<int> deferred;
        for (int i = 0; i < 10; ++i) deferred.addCallback([](int value) { return value + 1; });
        deferred.addCallback([sum](int value) {
            *sum += value - 10;
            return value;
        });
        deferred.callback(1);
    });
}
BENCHMARK(chainOfTenCallbacks);

Task<int> one() { co_return 1; }

Deferred<> addOneAwaited(long* sum) { *sum += co_await succeed(1); }

void awaitFiredInStartedTask(benchmark::State& state) {
    measure(state, [](long* sum) { addOneAwaited(sum); });
}
BENCHMARK(awaitFiredInStartedTask);

void startTask(benchmark::State& state) {
    measure(state, [](long* sum) {
        start(one()).addCallback([sum](int value) {
            *sum += value;
            return value;
        });
    });
}
BENCHMARK(startTask);

Deferred<> awaitMany(long* sum, int count) {
    for (int i = 0; i < count; ++i) *sum += co_await succeed(1);
}

/// Many awaits in one coroutine; the time is of one.
void awaitFired(benchmark::State& state) {
    long sum = 0;
    constexpr int batch = 1000;
    {
        bench::AllocationCount count(state);
        for (auto _ : state) awaitMany(&sum, batch);
        state.SetItemsProcessed(state.iterations() * batch);
    }
    if (sum != static_cast<long>(state.iterations()) * batch) state.SkipWithError("lost a result");
}
BENCHMARK(awaitFired);

Task<> add(long* sum) {
    *sum += 1;
    co_return;
}

Deferred<> spawnMany(long* sum, int count) {
    Scope scope;
    for (int i = 0; i < count; ++i) scope.spawn(add, sum);
    co_await scope.join();
}

/// Children of a scope that is joined; items are children.
void spawnAndJoin(benchmark::State& state) {
    long sum = 0;
    constexpr int batch = 1000;
    {
        bench::AllocationCount count(state);
        for (auto _ : state) spawnMany(&sum, batch);
        state.SetItemsProcessed(state.iterations() * batch);
    }
    if (sum != static_cast<long>(state.iterations()) * batch) state.SkipWithError("lost a child");
}
BENCHMARK(spawnAndJoin);

}  // namespace

BENCHMARK_MAIN();
