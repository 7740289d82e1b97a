#include <wring/endpoints/registry.hpp>
#include <wring/net/factory.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <memory>

namespace wring::testing {

/// What began and what has ended.
struct Tally {
    int made = 0;
    int lost = 0;
    int lostTwice = 0;
    int tasksBegun = 0;
    int tasksEnded = 0;
    int connectsAsked = 0;
    int connectsTold = 0;
};

}  // namespace wring::testing

namespace wring {
namespace {

using namespace testing;
using ShutdownTest = ReactorTest;

/// Counts a coroutine's life.
class Life {
 public:
    explicit Life(Tally* tally) : tally_(tally) { ++tally_->tasksBegun; }
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;
    ~Life() { ++tally_->tasksEnded; }

 private:
    Tally* tally_;
};

/// Sends back what comes; begins the talk if it is a client.
class Talker final : public Protocol {
 public:
    Talker(Tally* tally, bool begins) : tally_(tally), begins_(begins) {}
    void connectionMade() override {
        ++tally_->made;
        if (begins_) transport().write("ball");
    }
    void dataReceived(BytesView data) override { transport().write(data); }
    void connectionLost(const Failure&) override {
        ++tally_->lost;
        tally_->lostTwice += wasLost_;
        wasLost_ = true;
    }

 private:
    Tally* tally_;
    bool begins_;
    bool wasLost_ = false;
};

Task<> talk(Stream peer, Tally* tally) {
    Life life(tally);
    while (Bytes chunk = co_await peer.read()) co_await peer.write(std::move(chunk));
}

Task<> callAndTalk(Reactor* reactor, std::string where, Tally* tally) {
    Life life(tally);
    Stream stream = co_await clientFromString(*reactor, where)->connectStream();
    co_await stream.write("ball");
    co_await talk(std::move(stream), tally);
}

/// A server and clients of both styles, which play ball for ever.
Task<> program(Reactor* reactor, Tally* tally) {
    Life life(tally);
    auto forProtocols = co_await serverFromString(*reactor, "tcp:0:interface=127.0.0.1")
                            ->listen(factory<Talker>(tally, false));
    auto forTasks = co_await serverFromString(*reactor, "tcp:0:interface=127.0.0.1")
                        ->listen(serve(talk, tally));
    for (const auto& port : {forProtocols, forTasks}) {
        std::string where = "tcp:127.0.0.1:" + std::to_string(port->getHost().port());
        for (int i = 0; i < 2; ++i) {
            startCall(callAndTalk, reactor, where, tally).addErrback([](const Failure&) {});
            ++tally->connectsAsked;
            clientFromString(*reactor, where)
                ->connect(factory<Talker>(tally, true))
                .addBoth([tally](Result<Ref<IProtocol>> result) {
                    ++tally->connectsTold;
                    return result;
                })
                .addErrback([](const Failure&) { return Ref<IProtocol>(); });
        }
    }
    co_await forProtocols;
}

/// Writes on and on, not caring whether anybody reads; asks for the end after a while.
class Spout final : public Protocol {
 public:
    explicit Spout(Tally* tally) : tally_(tally) {}
    void connectionMade() override {
        ++tally_->made;
        spout();
    }
    void connectionLost(const Failure&) override {
        ++tally_->lost;
        tally_->lostTwice += wasLost_;
        wasLost_ = true;
    }

 private:
    void spout() {
        if (wasLost_) return;
        transport().write(std::string(spoutBytes, 's'));
        if (++count_ == 8) return transport().loseConnection();
        Ref<Spout> self(this);
        transport().reactor().callLater(Duration::zero(), [self] { self->spout(); });
    }

    static constexpr std::size_t spoutBytes = 20000;
    Tally* tally_;
    int count_ = 0;
    bool wasLost_ = false;
};

/// The same as a coroutine, with bytes that are given away.
Task<> spout(Stream peer, Tally* tally) {
    Life life(tally);
    for (int i = 0; i < 8; ++i) {
        Bytes some = Bytes::copyOf(std::string(20000, 's'));
        co_await peer.write(std::move(some));
    }
    co_await peer.close();
}

/// Spouts of both styles, whose peers never read.
Task<> spoutProgram(Reactor* reactor, Tally* tally) {
    Life life(tally);
    constexpr int smallBuffers = 8192;
    std::vector<Peer> peers;
    for (int i = 0; i < 2; ++i) {
        PeerPair forProtocol(smallBuffers);
        PeerPair forTask(smallBuffers);
        Socket socket(*reactor, forProtocol.near.release());
        factory<Spout>(tally)->connectionAccepted(std::move(socket));
        startCall(spout, Stream(Socket(*reactor, forTask.near.release())), tally)
            .addErrback([](const Failure&) {});
        peers.push_back(std::move(forProtocol.far));
        peers.push_back(std::move(forTask.far));
        co_await sleepFor(Duration::zero());
    }
    co_await sleepFor(std::chrono::hours(1));
}

void stopIn(Reactor& reactor, int turn) {
    if (turn == 0) return reactor.requestStop();
    reactor.callLater(Duration::zero(), [&reactor, turn] { stopIn(reactor, turn - 1); });
}

template <class Program>
void runAndStopIn(const ReactorOptions& options, Program program, int turn) {
    SCOPED_TRACE("stopped in turn " + std::to_string(turn));
    int descriptorsBefore = openDescriptors();
    long blocksBefore = detail::poolBlocksInUse();
    Tally tally;
    {
        Reactor reactor(options);
        int descriptorsWithReactor = openDescriptors();
        reactor.callWhenRunning([&] {
            startCall(program, &reactor, &tally).addErrback([](const Failure&) {});
            stopIn(reactor, turn);
        });
        reactor.run(false);
        EXPECT_TRUE(reactor.fibers().empty());
        EXPECT_EQ(reactor.resources(), 0u);
        EXPECT_EQ(reactor.driver().stats().inFlight, 0u);
        EXPECT_EQ(reactor.driver().stats().buffersLent, 0u);
        EXPECT_EQ(openDescriptors(), descriptorsWithReactor);
    }
    EXPECT_EQ(openDescriptors(), descriptorsBefore);
    EXPECT_EQ(detail::poolBlocksInUse(), blocksBefore);
    EXPECT_EQ(tally.made, tally.lost);
    EXPECT_EQ(tally.lostTwice, 0);
    EXPECT_GT(tally.tasksBegun, 0);
    EXPECT_EQ(tally.tasksBegun, tally.tasksEnded);
    EXPECT_EQ(tally.connectsAsked, tally.connectsTold);
}

TEST_P(ShutdownTest, stoppingInAnyTurnLeavesNothingBehindSlow) {
    CapturedLog log;
    for (int turn = 0; turn <= 40; ++turn) runAndStopIn(options(), program, turn);
    EXPECT_FALSE(log.has("did not end"));
}

TEST_P(ShutdownTest, stoppingInAnyTurnDoesNotWaitForPeersThatDoNotReadSlow) {
    CapturedLog log;
    for (int turn = 0; turn <= 20; ++turn) runAndStopIn(options(), spoutProgram, turn);
    EXPECT_FALSE(log.has("did not end"));
}

TEST_P(ShutdownTest, stoppingAfterManyTurnsFindsEverybodyAtPlay) {
    Tally tally;
    Reactor reactor(options());
    reactor.callWhenRunning([&] {
        startCall(program, &reactor, &tally).addErrback([](const Failure&) {});
        stopIn(reactor, 200);
    });
    reactor.run(false);
    EXPECT_EQ(tally.made, 8);         // 4 that call, 4 that are called
    EXPECT_EQ(tally.tasksBegun, 13);  // the program, 4 calls and their talks, 4 that are called
    EXPECT_EQ(tally.lost, tally.made);
    EXPECT_EQ(tally.connectsTold, 4);
    EXPECT_EQ(tally.tasksBegun, tally.tasksEnded);
}

INSTANTIATE_TEST_SUITE_P(Drivers, ShutdownTest, ::testing::ValuesIn(allDrivers()), nameOf);

}  // namespace
}  // namespace wring
