#include <wring/net/stream_pair.hpp>

#include <wring/deferred/start.hpp>
#include <wring/net/errors.hpp>
#include <wring/runtime/faults.hpp>
#include <wring/runtime/outcome.hpp>
#include <wring/runtime/reactor.hpp>
#include <wring/runtime/simulation.hpp>
#include <wring/runtime/task.hpp>

#include <gtest/gtest.h>
#include <string>

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::ConnectedStreams;
using testing::streamPair;

Task<> echo(Stream stream) {
    while (Bytes chunk = co_await stream.read()) co_await stream.write(std::move(chunk));
    co_await stream.close();
}

Task<> ask(Stream stream, std::string* got) {
    co_await stream.write("hello");
    co_await stream.shutdownSend();
    while (Bytes chunk = co_await stream.read()) *got += chunk.text();
    co_await stream.close();
}

Task<> readToTheEnd(Stream stream, std::string* end) {
    auto got = co_await outcome(stream.read());
    *end = !got ? got.error().className() : got->empty() ? "end" : std::string(got->text());
}

/// Gives bytes away of which the kernel then takes none, for lack of memory.
Task<> lose(Stream stream, Simulation* world, bool shuts, std::string* end) {
    world->faults().set(Fault::sendNoMemory, 1);
    co_await stream.write(Bytes::copyOf("a question"));
    if (shuts) co_await stream.shutdownSend();
    auto answer = co_await outcome(stream.read());
    *end = answer ? "bytes" : answer.error().className();
}

/// On how many hosts the two ends are.
class StreamPairTest : public ::testing::TestWithParam<int> {
 protected:
    SimulatedHost& one() { return hosts_[0]; }
    SimulatedHost& other() { return GetParam() == 1 ? hosts_[0] : hosts_[1]; }
    ConnectedStreams pair() {
        return GetParam() == 1 ? streamPair(one()) : streamPair(one(), other());
    }

    /// Has the end run a task, from the next step on.
    template <class F, class... Args>
    static void runOn(SimulatedHost& host, F function, Stream stream, Args... args) {
        host.reactor().callWhenRunning(
            [=, end = std::move(stream)]() mutable { start(function(std::move(end), args...)); });
    }
    void expectNothingLeft() {
        EXPECT_EQ(one().openDescriptors(), before_[0]);
        EXPECT_EQ(other().openDescriptors(), before_[GetParam() == 1 ? 0 : 1]);
        EXPECT_EQ(world_.violations(), std::vector<std::string>{});
    }
    void SetUp() override {
        for (int i = 0; i < 2; ++i) {
            hosts_[i].reactor();
            before_[i] = hosts_[i].openDescriptors();
        }
    }

    Simulation world_;
    struct Hosts {
        explicit Hosts(Simulation& world) : first(world.addHost()), second(world.addHost()) {}
        SimulatedHost& operator[](int i) { return i == 0 ? first : second; }
        SimulatedHost& first;
        SimulatedHost& second;
    } hosts_{world_};
    int before_[2] = {};
};

TEST_P(StreamPairTest, carriesBytesAndTheEnd) {
    std::string got;
    ConnectedStreams ends = pair();
    runOn(one(), ask, std::move(ends.near), &got);
    runOn(other(), echo, std::move(ends.far));
    world_.runFor(10s);
    EXPECT_EQ(got, "hello");
    expectNothingLeft();
}

TEST_P(StreamPairTest, knowsTheAddressesOfBothEnds) {
    ConnectedStreams ends = pair();
    EXPECT_EQ(ends.near.getPeer(), ends.far.getHost());
    EXPECT_EQ(ends.near.getHost(), ends.far.getPeer());
    EXPECT_NE(ends.near.getHost(), ends.far.getHost());
    EXPECT_EQ(ends.far.getHost().format().find(other().address()), 0u);
}

TEST_P(StreamPairTest, anAbortIsAResetForTheOther) {
    std::string end;
    ConnectedStreams ends = pair();
    ends.near.abort();
    runOn(other(), readToTheEnd, std::move(ends.far), &end);
    world_.runFor(10s);
    EXPECT_EQ(end, "ConnectionLost");
    expectNothingLeft();
}

TEST_P(StreamPairTest, anEndThatIsDestroyedIsClosed) {
    std::string end;
    {
        ConnectedStreams ends = pair();
        runOn(other(), readToTheEnd, std::move(ends.far), &end);
    }
    world_.runFor(10s);
    EXPECT_EQ(end, "end");
    expectNothingLeft();
}

TEST_P(StreamPairTest, aReadCanBeCancelled) {
    std::string end;
    ConnectedStreams ends = pair();
    Stream kept = std::move(ends.far);
    other().reactor().callWhenRunning([&] {
        auto waiting = start(readToTheEnd(std::move(ends.near), &end));
        waiting.cancel();
    });
    world_.runFor(10s);
    EXPECT_EQ(end, "CancelledError");
}

TEST_P(StreamPairTest, failsWhereThereIsNoDescriptorAndLeavesNothing) {
    other().setDescriptorLimit(other().openDescriptors());
    EXPECT_THROW(pair(), ConnectError);
    expectNothingLeft();
}

// Nobody would answer what was lost, and an orderly end would make it the whole question.
TEST_P(StreamPairTest, bothEndsLearnThatBytesWereLost) {
    for (bool shuts : {false, true}) {
        std::string nearEnd, farEnd;
        ConnectedStreams ends = pair();
        runOn(one(), lose, std::move(ends.near), &world_, shuts, &nearEnd);
        runOn(other(), readToTheEnd, std::move(ends.far), &farEnd);
        world_.runFor(10s);
        EXPECT_EQ(nearEnd, "ConnectionLost") << shuts;
        EXPECT_EQ(farEnd, "ConnectionLost") << shuts;
        world_.faults().set(Fault::sendNoMemory, 0);
    }
    expectNothingLeft();
}

INSTANTIATE_TEST_SUITE_P(Hosts, StreamPairTest, ::testing::Values(1, 2),
                         [](const auto& each) { return each.param == 1 ? "one" : "two"; });

}  // namespace
}  // namespace wring
