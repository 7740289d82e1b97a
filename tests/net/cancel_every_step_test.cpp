#include <wring/deferred/channel.hpp>
#include <wring/deferred/deferred_lock.hpp>
#include <wring/deferred/gather.hpp>
#include <wring/deferred/scope.hpp>
#include <wring/net/stream.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

// A program of everything that can be waited for, cancelled at its first step, its second, … until
// it completes: it ends each time, with the one or the other result, and leaves nothing behind.

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using CancelEveryStep = ReactorTest;

/// Counts what is alive, and the clean-up that was done.
struct Count {
    int alive = 0;
    int cleanUps = 0;
};
class Alive {
 public:
    explicit Alive(Count* count) : count_(count) { ++count_->alive; }
    Alive(const Alive&) = delete;
    Alive& operator=(const Alive&) = delete;
    ~Alive() { --count_->alive; }

 private:
    Count* count_;
};

struct World {
    explicit World(Reactor& on) : reactor(&on), pair(on) {}
    Reactor* reactor;
    StreamPair pair;
    DeferredLock lock;
    Channel<int> channel{1};
    Event done;
    Count count;
};

Task<> pause() { co_await sleepFor(Duration::zero()); }

Task<> sendAll(World* world) {
    Alive alive(&world->count);
    for (int i = 0; i < 3; ++i) {
        auto held = co_await world->lock.acquire();
        co_await pause();
        co_await world->channel.send(i);
    }
    world->channel.close();
}

Task<> receiveAll(World* world) {
    Alive alive(&world->count);
    while (auto item = co_await world->channel.receive()) {
        auto held = co_await world->lock.acquire();
        std::string text = "item " + std::to_string(*item);
        co_await world->pair.near.write(text);
    }
    co_await world->pair.near.shutdownSend();
}

Task<> readAll(World* world) {
    Alive alive(&world->count);
    while (Bytes chunk = co_await world->pair.far.read()) co_await pause();
    world->done.set();
}

Task<> waitDone(World* world) { co_await world->done.wait(); }

Task<> leaveClean(World* world) {
    Alive alive(&world->count);
    auto waited = co_await outcome(withTimeout(1h, waitDone(world)));
    co_await shield(10s, pause());
    ++world->count.cleanUps;
    waited.value();
}

Task<int> answer(World* world) {
    Alive alive(&world->count);
    co_await pause();
    co_return 21;
}

Task<int> nested(Scope& scope, World* world) {
    Alive alive(&world->count);
    scope.spawn(sendAll, world);
    scope.spawn(receiveAll, world);
    scope.spawn(readAll, world);
    scope.spawn(leaveClean, world);
    std::vector<Deferred<int>> both;
    both.push_back(scope.spawn(answer, world));
    both.push_back(scope.spawn(answer, world));
    auto answers = co_await gatherResults(std::move(both));
    co_await world->done.wait();
    co_return answers[0] + answers[1];
}

Task<int> program(World* world) { co_return co_await withTimeout(1h, withScope(nested, world)); }

/// Cancels after so many turns; gives whether the program was still running then.
Task<bool> runCancelledAt(Reactor* reactor, int step) {
    World world(*reactor);
    auto running = start(program(&world));
    for (int i = 0; i < step && !running.called(); ++i) co_await pause();
    bool wasRunning = !running.called();
    running.cancel();
    auto result = co_await outcome(running);
    EXPECT_TRUE(result ? *result == 42 : result.error().check<CancelledError>())
        << "at step " << step << ": " << (result ? "" : result.error().getErrorMessage());
    EXPECT_EQ(world.count.alive, 0) << "at step " << step;
    EXPECT_FALSE(world.lock.locked()) << "at step " << step;
    EXPECT_EQ(world.count.cleanUps, 1) << "at step " << step;
    co_await pause();  // out of the stack of those who ended last
    EXPECT_EQ(reactor->fibers().size(), 2u) << "at step " << step << ":\n" << reactor->dumpTasks();
    co_await world.pair.near.close();
    co_await world.pair.far.close();
    co_return wasRunning;
}

TEST_P(CancelEveryStep, theProgramEndsWhereverItIsCancelled) {
    run([](Reactor& reactor) -> Task<> {
        int step = 0;
        while (co_await start(runCancelledAt(&reactor, step))) {
            EXPECT_LT(step, 500) << "it never completes";
            if (++step > 500) break;
        }
        EXPECT_GT(step, 5) << "the program has too few steps to say anything";
    });
}

TEST_P(CancelEveryStep, cancellingTwiceChangesNothing) {
    run([](Reactor& reactor) -> Task<> {
        World world(reactor);
        auto running = start(program(&world));
        co_await pause();
        running.cancel();
        running.cancel();
        auto result = co_await outcome(running);
        running.cancel();
        EXPECT_TRUE(!result && result.error().check<CancelledError>());
        EXPECT_EQ(world.count.alive, 0);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, CancelEveryStep, ::testing::ValuesIn(allDrivers()), nameOf);

}  // namespace
}  // namespace wring
