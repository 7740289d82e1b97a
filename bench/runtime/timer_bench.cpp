// Question: what does arming and cancelling a timer cost, and does it grow with the timers armed?
//
// The neighbour is the same queue as a std::multimap, which keeps the order and allocates a node.

#include <wring/runtime/timer.hpp>

#include <benchmark/benchmark.h>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace {

using namespace wring;

void ignore(Timer&) noexcept {}

/// Due times as time-outs have them: within a minute, in no order.
class Delays {
 public:
    Time next() { return Time(Duration(distribution_(random_))); }

 private:
    std::mt19937_64 random_{42};
    std::uniform_int_distribution<std::int64_t> distribution_{0, 60'000'000'000};
};

void armAndCancel(benchmark::State& state) {
    Delays delays;
    TimerQueue queue;
    std::vector<std::unique_ptr<Timer>> armed;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        armed.push_back(std::make_unique<Timer>(&ignore));
        queue.arm(*armed.back(), delays.next());
    }
    Timer timer(&ignore);
    for (auto _ : state) {
        queue.arm(timer, delays.next());
        queue.cancel(timer);
    }
    if (queue.size() != armed.size()) state.SkipWithError("a timer was lost");
    for (auto& each : armed) queue.cancel(*each);
}
BENCHMARK(armAndCancel)->Arg(10)->Arg(1'000)->Arg(10'000)->Arg(100'000)->Arg(1'000'000);

void insertAndEraseOfMultimap(benchmark::State& state) {
    Delays delays;
    std::multimap<Time, int> queue;
    for (std::int64_t i = 0; i < state.range(0); ++i) queue.emplace(delays.next(), 0);
    for (auto _ : state) queue.erase(queue.emplace(delays.next(), 0));
    if (queue.size() != static_cast<std::size_t>(state.range(0))) state.SkipWithError("lost one");
}
BENCHMARK(insertAndEraseOfMultimap)->Arg(10)->Arg(1'000)->Arg(10'000)->Arg(100'000)->Arg(1'000'000);

}  // namespace

BENCHMARK_MAIN();
