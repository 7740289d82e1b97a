// Question: what does awaiting an operation of the ring cost above handing it to the kernel?
//
// The operation is a NOP, so nothing is measured but the way there and back: 1 or 64 coroutines
// await one each, all in one enter. The neighbour does the same NOPs with liburing alone.

#include <wring/bench/runtime/plain_nops.h>
#include <wring/runtime/driver.hpp>

#include <benchmark/benchmark.h>
#include <coroutine>
#include <exception>

namespace {

using namespace wring;

/// Awaits one NOP.
class Nop {
 public:
    explicit Nop(Driver& driver) noexcept : driver_(driver) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) noexcept {
        operation_.waiting = waiting;
        operation_.prepareNop();
        driver_.submit(operation_);
    }
    int await_resume() const noexcept { return operation_.result; }

 private:
    struct Waited : Operation {
        Waited() noexcept : Operation(&completed) {}
        static void completed(Operation& operation, Completion& completion) noexcept {
            auto& self = static_cast<Waited&>(operation);
            self.result = completion.result;
            self.waiting.resume();
        }
        std::coroutine_handle<> waiting;
        int result = -1;
    };

    Driver& driver_;
    Waited operation_;
};

/// Starts at once and frees itself at its end.
struct Root {
    struct promise_type {
        Root get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }
    };
};

struct Load {
    Driver& driver;
    bool going = true;
    std::int64_t done = 0, wrong = 0, running = 0;
};

Root awaitNops(Load& load) {
    ++load.running;
    while (load.going) {
        int result = co_await Nop(load.driver);
        load.wrong += result != 0;
        ++load.done;
    }
    --load.running;
}

void awaitedNops(benchmark::State& state) {
    DriverOptions options;
    options.kind = DriverKind::uring;
    auto driver = Driver::create(options);
    Load load{*driver};
    for (std::int64_t i = 0; i < state.range(0); ++i) awaitNops(load);
    std::int64_t turns = 0;
    for (auto _ : state) {
        driver->wait(Duration::max());
        ++turns;
    }
    if (load.wrong != 0 || load.done != turns * state.range(0))
        state.SkipWithError("a NOP was lost, or took more than one enter");
    state.SetItemsProcessed(load.done);
    load.going = false;
    while (load.running > 0) driver->wait(std::chrono::seconds(1));
}
BENCHMARK(awaitedNops)->Arg(1)->Arg(64);

/// Awaits one NOP of a ring without a driver, whose entry is the awaiter's address.
class BareNop {
 public:
    explicit BareNop(plain_ring* ring) noexcept : ring_(ring) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) noexcept {
        waiting_ = waiting;
        plain_ring_ask(ring_, this);
    }
    int await_resume() const noexcept { return result_; }
    static void tell(void* who, int result) {
        auto& self = *static_cast<BareNop*>(who);
        self.result_ = result;
        self.waiting_.resume();
    }

 private:
    plain_ring* ring_;
    std::coroutine_handle<> waiting_;
    int result_ = -1;
};

struct BareLoad {
    plain_ring* ring;
    bool going = true;
    std::int64_t done = 0, wrong = 0;
};

Root awaitBareNops(BareLoad& load) {
    while (load.going) {
        int result = co_await BareNop(load.ring);
        load.wrong += result != 0;
        ++load.done;
    }
}

void bareAwaitedNops(benchmark::State& state) {
    BareLoad load{plain_ring_open()};
    if (!load.ring) return state.SkipWithError("the kernel refuses io_uring");
    for (std::int64_t i = 0; i < state.range(0); ++i) awaitBareNops(load);
    std::int64_t turns = 0;
    for (auto _ : state) {
        plain_ring_turn(load.ring, &BareNop::tell);
        ++turns;
    }
    if (load.wrong != 0 || load.done != turns * state.range(0))
        state.SkipWithError("a NOP was lost");
    state.SetItemsProcessed(load.done);
    load.going = false;
    plain_ring_turn(load.ring, &BareNop::tell);
    plain_ring_close(load.ring);
}
BENCHMARK(bareAwaitedNops)->Arg(1)->Arg(64);

void plainNops(benchmark::State& state) {
    plain_ring* plain = plain_ring_open();
    if (!plain) {
        state.SkipWithError("the kernel refuses io_uring");
        return;
    }
    std::int64_t done = 0, turns = 0;
    for (auto _ : state) {
        done += plain_ring_nops(plain, static_cast<int>(state.range(0)));
        ++turns;
    }
    if (done != turns * state.range(0)) state.SkipWithError("a NOP was lost");
    state.SetItemsProcessed(done);
    plain_ring_close(plain);
}
BENCHMARK(plainNops)->Arg(1)->Arg(64);

}  // namespace

BENCHMARK_MAIN();
