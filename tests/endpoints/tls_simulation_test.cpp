// TLS on the simulated kernel: whatever goes wrong below, an end in order means that all has come.
#include <wring/deferred/scope.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/tls_endpoints.hpp>
#include <wring/net/stream_pair.hpp>
#include <wring/runtime/simulation.hpp>
#include <wring/tests/support/tls.hpp>

namespace wring {

using namespace testing;
using namespace std::chrono_literals;

// Not of this file alone, as the library makes coroutines with them.
namespace testing {

/// One conversation between two hosts, and what its ends saw.
struct Conversation {
    explicit Conversation(std::size_t bytes, std::size_t piece = 3000)
        : sent(pattern(bytes)), pieceBytes(piece) {}

    std::string sent;
    std::size_t pieceBytes;  // of one write of the client's
    std::string heard;       // by the server
    std::string answered;    // to the client
    bool hasServerSeenTheEnd = false;
    bool hasClientSeenTheEnd = false;
    std::string failure;  // the client's
};

inline Task<> echoConversation(Stream peer, Conversation* it) {
    while (Bytes chunk = co_await peer.read()) {
        it->heard += chunk.text();
        co_await peer.write(std::move(chunk));
    }
    it->hasServerSeenTheEnd = true;
    co_await peer.close();
}

}  // namespace testing

namespace {

Task<> serveEcho(Reactor& reactor, Ref<TLSContext> context, Conversation* it) {
    auto endpoint = makeRef<TLSServerEndpoint>(context, serverFromString(reactor, "tcp:7"));
    auto port = co_await endpoint->listen(serve(echoConversation, it));
    co_await port;
}

Task<> sendAll(Stream* stream, Conversation* it) {
    std::string_view left = it->sent;
    while (!left.empty()) {
        std::string_view piece = left.substr(0, it->pieceBytes);
        left.remove_prefix(piece.size());
        co_await stream->write(Bytes::copyOf(piece));
    }
    co_await stream->shutdownSend();
}

Task<> converse(Reactor& reactor, std::string server, Ref<TLSContext> context, Conversation* it) {
    auto inner = clientFromString(reactor, "tcp:" + server + ":7");
    auto endpoint = wrapClientTLS(context, std::move(inner));
    Stream stream = co_await endpoint->connectStream();
    auto both = [](Scope& scope, Stream* talking, Conversation* all) -> Task<> {
        scope.spawn(sendAll, talking, all);
        while (Bytes chunk = co_await talking->read()) all->answered += chunk.text();
        all->hasClientSeenTheEnd = true;
    };
    co_await withScope(both, &stream, it);
    co_await stream.close();
}

/// Holds one conversation in `world`.
void hold(Simulation& world, Conversation* it) {
    CapturedLog quiet;
    auto serving = contextOf(testAuthority().server());
    auto calling = contextOf(testAuthority().client());
    SimulatedHost& server = world.addHost();
    SimulatedHost& client = world.addHost();
    server.chooseDriver();
    client.chooseDriver();
    server.reactor().callWhenRunning([&] { start(serveEcho(server.reactor(), serving, it)); });
    client.reactor().callWhenRunning([&] {
        start(converse(client.reactor(), server.address(), calling, it))
            .addErrback([it](const Failure& failure) { it->failure = failure.className(); });
    });
    world.runFor(10'000s);  // where each byte travels alone it takes long
}

TEST(TlsSimulationTest, aConversationInAKindWorldIsWhole) {
    for (std::size_t piece : {3'000, 20'000, 200'000}) {
        Simulation world;
        Conversation it(300'000, piece);
        hold(world, &it);
        EXPECT_EQ(it.failure, "");
        EXPECT_TRUE(it.answered == it.sent);
        EXPECT_TRUE(it.hasServerSeenTheEnd && it.hasClientSeenTheEnd);
        EXPECT_EQ(world.violations(), std::vector<std::string>{});
    }
}

TEST(TlsSimulationTest, anEndInOrderMeansThatAllHasComeWhateverGoesWrongSlow) {
    int whole = 0, failed = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Simulation world{Choices(seed)};
        Conversation it(1 + seed * 500, seed % 2 == 0 ? 20'000 : 3'000);
        hold(world, &it);
        EXPECT_TRUE(it.sent.starts_with(it.heard));
        EXPECT_TRUE(it.sent.starts_with(it.answered));
        EXPECT_TRUE(!it.hasServerSeenTheEnd || it.heard.size() == it.sent.size());
        // A server that met an error ends its side in order, too.
        bool areBothContent = it.hasServerSeenTheEnd && it.hasClientSeenTheEnd;
        EXPECT_TRUE(!areBothContent || it.answered.size() == it.sent.size());
        EXPECT_EQ(world.violations(), std::vector<std::string>{});
        bool isWhole = it.hasClientSeenTheEnd && it.failure.empty();
        EXPECT_TRUE(isWhole || !it.failure.empty()) << "it hangs";
        whole += isWhole;
        failed += !it.failure.empty();
    }
    EXPECT_GT(whole, 5);
    EXPECT_GT(failed, 5);
}

/// Two ends in a kind world, secured, and a task that uses them.
struct SecuredWorld {
    SecuredWorld() : near(world.addHost()), far(world.addHost()), ends(streamPair(near, far)) {}

    void run(Task<> (*use)(SecuredWorld*)) {
        CapturedLog quiet;
        far.reactor().callWhenRunning([this] {
            auto served = contextOf(testAuthority().server());
            start(secureAs(&ends.far, served, TLSRole::server)).addErrback([](const Failure&) {});
        });
        near.reactor().callWhenRunning([this, use] {
            start(secureAndUse(this, use)).addBoth([this](Result<void> result) {
                ended = textOf(result);
            });
        });
        world.runFor(100s);
        EXPECT_EQ(ended, "");
        for (Stream* each : {&ends.near, &ends.far}) each->abort();
        world.runFor(1s);
        EXPECT_EQ(world.violations(), std::vector<std::string>{});
    }
    static Task<> secureAndUse(SecuredWorld* self, Task<> (*use)(SecuredWorld*)) {
        auto calling = contextOf(testAuthority().client());
        co_await self->ends.near.startTLS(calling, TLSRole::client);
        co_await use(self);
    }

    Simulation world;
    SimulatedHost& near;
    SimulatedHost& far;
    ConnectedStreams ends;
    std::string ended = "it hangs";
};

TEST(TlsSimulationTest, whoReadsIsToldThatWhatWasGivenAwayIsLost) {
    SecuredWorld().run([](SecuredWorld* it) -> Task<> {
        co_await sleepFor(1s);
        it->world.faults().set(Fault::sendNoMemory, 1);
        co_await it->ends.near.write(Bytes::copyOf("a question"));
        auto answer = co_await outcome(it->ends.near.read());
        it->world.heal();
        EXPECT_TRUE(!answer && answer.error().check<ConnectionLost>());
        EXPECT_EQ(answer.error().number(), ENOMEM);
    });
}

TEST(TlsSimulationTest, aClosedStreamThatSomebodyHasKeepsNoReceiveBuffer) {
    SecuredWorld().run([](SecuredWorld* it) -> Task<> {
        Reactor& reading = it->far.reactor();
        const std::string piece(8000, 'x');
        for (int i = 0; i < 5; ++i) {
            co_await it->ends.near.write(std::string_view(piece));
            co_await sleepFor(1s);
        }
        EXPECT_GT(reading.driver().stats().buffersLent, 0u);
        it->ends.near.abort();
        it->ends.far.abort();
        co_await sleepFor(1s);
        EXPECT_EQ(reading.driver().stats().buffersLent, 0u);
    });
}

}  // namespace
}  // namespace wring
