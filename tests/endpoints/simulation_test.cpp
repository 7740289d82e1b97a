#include <wring/deferred/sleep.hpp>
#include <wring/deferred/start.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/net/stream.hpp>
#include <wring/runtime/reactor.hpp>
#include <wring/runtime/simulation.hpp>

#include <gtest/gtest.h>

// Programs on the simulated kernel.

namespace wring {
namespace {

using namespace std::chrono_literals;

Task<> echo(Stream peer) {
    while (Bytes chunk = co_await peer.read()) co_await peer.write(std::move(chunk));
}

Task<> serveEcho(Reactor& reactor) {
    auto endpoint = serverFromString(reactor, "tcp:7");
    auto port = co_await endpoint->listen(serve(echo));
    co_await port;
}

Task<> exchange(Reactor& reactor, std::string server, int rounds, std::string* got) {
    auto endpoint = clientFromString(reactor, "tcp:" + server + ":7");
    Stream stream = co_await endpoint->connectStream();
    for (int i = 0; i < rounds; ++i) {
        co_await stream.write(Bytes::copyOf("ping " + std::to_string(i) + ";"));
        Bytes answer = co_await stream.readUntil(";", 100);
        *got += answer.text();
    }
    co_await stream.close();
}

/// Runs an exchange between two hosts; gives what the client got.
std::string runExchange(Simulation& world, int rounds) {
    SimulatedHost& server = world.addHost();
    SimulatedHost& client = world.addHost();
    std::string got;
    server.reactor().callWhenRunning([&] { start(serveEcho(server.reactor())); });
    client.reactor().callWhenRunning([&] {
        start(exchange(client.reactor(), server.address(), rounds, &got))
            .addBoth([&](Result<void> result) {
                if (!result) got += result.error().getErrorMessage();
            });
    });
    world.runFor(60s);
    return got;
}

TEST(SimulationTest, twoHostsTalkToEachOther) {
    Simulation world;
    EXPECT_EQ(runExchange(world, 3), "ping 0;ping 1;ping 2;");
    EXPECT_EQ(world.violations(), std::vector<std::string>{});
}

TEST(SimulationTest, aSeedGivesTheSameRunEachTime) {
    std::vector<std::uint64_t> digests;
    std::vector<std::string> answers;
    for (int seed : {4, 4, 2}) {
        Simulation world{Choices(static_cast<std::uint64_t>(seed))};
        answers.push_back(runExchange(world, 100));
        digests.push_back(world.digest());
        EXPECT_GT(world.events(), 100u);
    }
    EXPECT_EQ(digests[0], digests[1]);
    EXPECT_EQ(answers[0], answers[1]);
    EXPECT_NE(digests[0], digests[2]);
}

TEST(SimulationTest, theTapeOfARunGivesTheRunAgain) {
    Simulation first{Choices(std::uint64_t{5})};
    std::string answer = runExchange(first, 50);
    Simulation second{Choices(first.choices().tape())};
    EXPECT_EQ(runExchange(second, 50), answer);
    EXPECT_EQ(first.digest(), second.digest());
}

}  // namespace
}  // namespace wring
