#include <wring/net/transport.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <stdexcept>

namespace wring {
namespace {

using namespace testing;
using TransportProducerTest = ReactorTest;

constexpr std::size_t highWaterBytes = 65536;
constexpr int smallBuffers = 16384;

/// Counts what a transport asks of it.
struct Counter final : IProducer {
    void pauseProducing() override {
        ++paused;
        if (throws) throw std::runtime_error("a producer's pause");
    }
    void resumeProducing() override {
        ++resumed;
        if (onResume) onResume();
    }
    void stopProducing() override { ++stopped; }
    int paused = 0;
    int resumed = 0;
    int stopped = 0;
    bool throws = false;
    std::function<void()> onResume;
};

TEST_P(TransportProducerTest, aPushProducerIsPausedAboveTheHighWaterMarkOnly) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Counter producer;
        Peer far = serveOne<Recorder>(reactor, record, smallBuffers);
        ITransport& transport = record.protocol->transport();
        transport.registerProducer(producer, true);
        EXPECT_EQ(producer.resumed, 0);
        transport.write(std::string(highWaterBytes, 'x'));
        EXPECT_EQ(producer.paused, 0);
        transport.write("y");
        EXPECT_EQ(producer.paused, 1);
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportProducerTest, aPausedPushProducerIsResumedOnceWhenTheQueueIsEmpty) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Counter producer;
        Peer far = serveOne<Recorder>(reactor, record, smallBuffers);
        ITransport& transport = record.protocol->transport();
        transport.registerProducer(producer, true);
        constexpr std::size_t total = 4 << 20;
        transport.write(std::string(total, 'x'));
        co_await turns(reactor);
        EXPECT_EQ(producer.resumed, 0);
        EXPECT_GT(transport.queuedBytes(), 0u);
        std::string got = co_await receiveText(reactor, &far, total);
        EXPECT_EQ(got.size(), total);
        co_await until(reactor, [&] { return producer.resumed > 0; });
        co_await turns(reactor);
        EXPECT_EQ(producer.resumed, 1);
        EXPECT_EQ(transport.queuedBytes(), 0u);
        transport.write("small");
        co_await turns(reactor);
        EXPECT_EQ(producer.resumed, 1);
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportProducerTest, aPullProducerIsAskedAtOnceAndWheneverTheQueueIsEmpty) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Counter producer;
        Peer far = serveOne<Recorder>(reactor, record);
        ITransport& transport = record.protocol->transport();
        producer.onResume = [&] {
            if (producer.resumed <= 5) transport.write("piece");
        };
        transport.registerProducer(producer, false);
        EXPECT_EQ(producer.resumed, 1);
        std::string got = co_await receiveText(reactor, &far, 25);
        EXPECT_EQ(got, "piecepiecepiecepiecepiece");
        co_await until(reactor, [&] { return producer.resumed == 6; });
        EXPECT_EQ(producer.paused, 0);
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportProducerTest, aPullProducerIsNeverAskedToPause) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Counter producer;
        Peer far = serveOne<Recorder>(reactor, record, smallBuffers);
        ITransport& transport = record.protocol->transport();
        transport.registerProducer(producer, false);
        transport.write(std::string(2 * highWaterBytes, 'x'));
        co_await turns(reactor);
        EXPECT_EQ(producer.paused, 0);
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportProducerTest, aSecondProducerIsRefusedAndTheFirstStays) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Counter first, second;
        Peer far = serveOne<Recorder>(reactor, record);
        ITransport& transport = record.protocol->transport();
        transport.registerProducer(first, true);
        EXPECT_THROW(transport.registerProducer(second, true), UsageError);
        co_await finish(reactor, &record);
        EXPECT_EQ(first.stopped, 1);
        EXPECT_EQ(second.stopped, 0);
    });
}

TEST_P(TransportProducerTest, anUnregisteredProducerIsToldNothingMore) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Counter first, second;
        Peer far = serveOne<Recorder>(reactor, record);
        ITransport& transport = record.protocol->transport();
        transport.unregisterProducer();
        transport.registerProducer(first, true);
        transport.unregisterProducer();
        transport.registerProducer(second, true);
        transport.write(std::string(2 * highWaterBytes, 'x'));
        EXPECT_EQ(first.paused, 0);
        EXPECT_EQ(second.paused, 1);
        co_await finish(reactor, &record);
        EXPECT_EQ(first.stopped, 0);
        EXPECT_EQ(second.stopped, 1);
    });
}

TEST_P(TransportProducerTest, stopProducingComesOnceBeforeConnectionLost) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Counter producer;
        int stoppedBefore = 0;
        record.onLost = [&](Recorder&) { stoppedBefore = producer.stopped; };
        Peer far = serveOne<Recorder>(reactor, record);
        record.protocol->transport().registerProducer(producer, true);
        far.reset();
        co_await until(reactor, [&] { return record.lost > 0; });
        co_await turns(reactor);
        EXPECT_EQ(stoppedBefore, 1);
        EXPECT_EQ(producer.stopped, 1);
    });
}

TEST_P(TransportProducerTest, thePeersEndStopsTheProducer) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Counter producer;
        Peer far = serveOne<Recorder>(reactor, record);
        record.protocol->transport().registerProducer(producer, false);
        far.finishSending();
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(producer.stopped, 1);
    });
}

TEST_P(TransportProducerTest, aProducerRegisteredAfterTheLossIsStoppedAtOnce) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Counter producer;
        Peer far = serveOne<Recorder>(reactor, record);
        Ref<Recorder> protocol(record.protocol);
        far.close();
        co_await until(reactor, [&] { return record.lost > 0; });
        protocol->transport().registerProducer(producer, false);
        EXPECT_EQ(producer.stopped, 1);
        EXPECT_EQ(producer.resumed, 0);
    });
}

TEST_P(TransportProducerTest, loseConnectionWaitsForAPullProducer) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Counter producer;
        Peer far = serveOne<Recorder>(reactor, record);
        ITransport& transport = record.protocol->transport();
        producer.onResume = [&] {
            if (producer.resumed <= 3) return transport.write("piece");
            transport.unregisterProducer();
        };
        transport.registerProducer(producer, false);
        transport.loseConnection();
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(far.receive(), "piecepiecepiece");
        EXPECT_EQ(producer.stopped, 0);
        EXPECT_EQ(record.reason, "ConnectionDone: Connection was closed cleanly.");
    });
}

TEST_P(TransportProducerTest, loseConnectionWaitsForAPushProducerThatIsPaused) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Counter producer;
        Peer far = serveOne<Recorder>(reactor, record, smallBuffers);
        ITransport& transport = record.protocol->transport();
        producer.onResume = [&] {
            transport.write("the rest");
            transport.unregisterProducer();
        };
        transport.registerProducer(producer, true);
        constexpr std::size_t total = 1 << 20;
        transport.write(std::string(total, 'x'));
        transport.loseConnection();
        std::string got = co_await receiveText(reactor, &far, total + 8);
        EXPECT_EQ(got.substr(got.size() - 8), "the rest");
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(producer.resumed, 1);
    });
}

TEST_P(TransportProducerTest, loseConnectionDoesNotWaitForAPushProducerThatMayWrite) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Counter producer;
        Peer far = serveOne<Recorder>(reactor, record);
        record.protocol->transport().registerProducer(producer, true);
        record.protocol->transport().loseConnection();
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(producer.stopped, 1);
    });
}

TEST_P(TransportProducerTest, loseWriteConnectionWaitsForAPullProducer) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Counter producer;
        Peer far = serveOne<HalfCloseRecorder>(reactor, record);
        ITransport& transport = record.protocol->transport();
        producer.onResume = [&] {
            if (producer.resumed <= 2) return transport.write("piece");
            transport.unregisterProducer();
        };
        transport.registerProducer(producer, false);
        transport.loseWriteConnection();
        co_await until(reactor, [&] { return record.events.back() == "writeLost"; });
        EXPECT_EQ(far.receive(), "piecepiece");
        EXPECT_TRUE(far.sawEnd());
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportProducerTest, abortConnectionStopsTheProducer) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Counter producer;
        Peer far = serveOne<Recorder>(reactor, record);
        record.protocol->transport().registerProducer(producer, true);
        record.protocol->transport().abortConnection();
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(producer.stopped, 1);
    });
}

TEST_P(TransportProducerTest, whatResumeProducingThrowsBecomesTheReason) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        Record record;
        Counter producer;
        Peer far = serveOne<Recorder>(reactor, record);
        ITransport& transport = record.protocol->transport();
        producer.onResume = [&] {
            if (producer.resumed > 1) throw std::runtime_error("a producer's fault");
            transport.write("x");
        };
        transport.registerProducer(producer, false);
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_NE(record.reason.find("a producer's fault"), std::string::npos);
    });
}

TEST_P(TransportProducerTest, theWriterHearsWhatPauseProducingThrows) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Counter producer;
        producer.throws = true;
        Peer far = serveOne<Recorder>(reactor, record);
        ITransport& transport = record.protocol->transport();
        transport.registerProducer(producer, true);
        EXPECT_THROW(transport.write(std::string(2 * highWaterBytes, 'x')), std::runtime_error);
        co_await finish(reactor, &record);
        EXPECT_EQ(producer.stopped, 1);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, TransportProducerTest, ::testing::ValuesIn(allDrivers()),
                         nameOf);

}  // namespace
}  // namespace wring
