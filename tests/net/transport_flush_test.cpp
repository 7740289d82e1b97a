#include <wring/net/transport.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

// What a transport does while its peer has not taken what was written in an earlier turn.

namespace wring {
namespace {

using namespace testing;

constexpr int smallBuffers = 8192;
constexpr std::size_t total = 1 << 20;

/// A protocol's connection with much on its way to a peer that does not read.
struct Backlog {
    Record record;
    Peer far;
    std::string sent = pattern(total);

    ITransport& transport() { return record.protocol->transport(); }
};

using TransportFlushTest = ReactorTest;

template <class P = Recorder>
Task<> begin(Reactor& reactor, Backlog* backlog) {
    backlog->far = serveOne<P>(reactor, backlog->record, smallBuffers);
    co_await turns(reactor, 3);
    backlog->transport().write(backlog->sent);
    co_await turns(reactor);
}

TEST_P(TransportFlushTest, queuedBytesCountsWhatThePeerHoldsUp) {
    run([](Reactor& reactor) -> Task<> {
        Backlog backlog;
        co_await begin(reactor, &backlog);
        EXPECT_GT(backlog.transport().queuedBytes(), total / 2);
        EXPECT_LT(backlog.transport().queuedBytes(), total + 1);
        std::string got = co_await receiveText(reactor, &backlog.far, total);
        EXPECT_TRUE(got == backlog.sent);
        co_await turns(reactor);
        EXPECT_EQ(backlog.transport().queuedBytes(), 0u);
        co_await finish(reactor, &backlog.record);
    });
}

/// Notes what it is asked.
struct Asked final : IProducer {
    void pauseProducing() override { events.push_back("pause"); }
    void resumeProducing() override { events.push_back("resume"); }
    void stopProducing() override { events.push_back("stop"); }
    Strings events;
};

TEST_P(TransportFlushTest, aProducerThatComesLaterIsHeldBackByWhatThePeerHoldsUp) {
    run([](Reactor& reactor) -> Task<> {
        Backlog backlog;
        Asked producer;
        co_await begin(reactor, &backlog);
        backlog.transport().registerProducer(producer, true);
        backlog.transport().write("x");
        EXPECT_EQ(producer.events, Strings{"pause"});
        std::string got = co_await receiveText(reactor, &backlog.far, total + 1);
        EXPECT_TRUE(got == backlog.sent + "x");
        co_await until(reactor, [&] { return producer.events.size() > 1; });
        EXPECT_EQ(producer.events, (Strings{"pause", "resume"}));
        co_await finish(reactor, &backlog.record);
    });
}

TEST_P(TransportFlushTest, loseConnectionSendsItAllAndThenEnds) {
    run([](Reactor& reactor) -> Task<> {
        Backlog backlog;
        co_await begin(reactor, &backlog);
        backlog.transport().loseConnection();
        co_await turns(reactor);
        EXPECT_EQ(backlog.record.lost, 0);
        std::string got = co_await receiveText(reactor, &backlog.far, total);
        EXPECT_TRUE(got == backlog.sent);
        co_await until(reactor, [&] { return backlog.record.lost > 0; });
        EXPECT_EQ(backlog.record.reason, "ConnectionDone: Connection was closed cleanly.");
        backlog.far.receive();
        EXPECT_TRUE(backlog.far.sawEnd());
    });
}

TEST_P(TransportFlushTest, abortConnectionEndsALoseConnectionThatWaits) {
    run([](Reactor& reactor) -> Task<> {
        Backlog backlog;
        co_await begin(reactor, &backlog);
        backlog.transport().loseConnection();
        co_await turns(reactor);
        backlog.transport().abortConnection();
        co_await until(reactor, [&] { return backlog.record.lost > 0; });
        EXPECT_TRUE(backlog.record.reason.starts_with("ConnectionAborted: "));
        EXPECT_LT(backlog.far.receive().size(), total);
        EXPECT_EQ(backlog.far.error(), ECONNRESET);
    });
}

TEST_P(TransportFlushTest, aResetWhileLoseConnectionWaitsIsNoCleanEnd) {
    run([](Reactor& reactor) -> Task<> {
        Backlog backlog;
        co_await begin(reactor, &backlog);
        backlog.transport().loseConnection();
        co_await turns(reactor);
        backlog.far.reset();
        co_await until(reactor, [&] { return backlog.record.lost > 0; });
        EXPECT_TRUE(backlog.record.reason.starts_with("ConnectionLost: "));
    });
}

TEST_P(TransportFlushTest, aHalfCloseWaitsUntilItIsAllSent) {
    run([](Reactor& reactor) -> Task<> {
        Backlog backlog;
        co_await begin<HalfCloseRecorder>(reactor, &backlog);
        backlog.transport().write("y");
        backlog.transport().loseWriteConnection();
        co_await turns(reactor);
        EXPECT_EQ(backlog.record.events, Strings{"made"});
        std::string got = co_await receiveText(reactor, &backlog.far, total + 1);
        EXPECT_TRUE(got == backlog.sent + "y");
        co_await until(reactor, [&] { return backlog.record.events.back() == "writeLost"; });
        backlog.far.receive();
        EXPECT_TRUE(backlog.far.sawEnd());
        co_await finish(reactor, &backlog.record);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, TransportFlushTest, ::testing::ValuesIn(allDrivers()), nameOf);

}  // namespace
}  // namespace wring
