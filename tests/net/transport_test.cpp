#include <wring/net/transport.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <array>
#include <stdexcept>

namespace wring {
namespace {

using namespace testing;
using TransportTest = ReactorTest;

const std::string cleanly = "ConnectionDone: Connection was closed cleanly.";
const std::string lostText =
    "ConnectionLost: Connection to the other side was lost in a non-clean fashion";
const std::string abortedText =
    "ConnectionAborted: Connection was aborted locally using ITCPTransport.abortConnection.";

TEST_P(TransportTest, eventsComeInOrderAndConnectionLostOnceAndLast) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        EXPECT_EQ(record.events, Strings{"made"});
        EXPECT_TRUE(record.protocol->connected());
        far.send("hello");
        co_await until(reactor, [&] { return record.received == "hello"; });
        far.close();
        co_await until(reactor, [&] { return record.lost > 0; });
        co_await turns(reactor);
        EXPECT_EQ(record.events, (Strings{"made", "data", "lost"}));
        EXPECT_EQ(record.reason, cleanly);
        EXPECT_EQ(record.protocol, nullptr);
    });
}

TEST_P(TransportTest, whatIsWrittenInOneTurnIsOneSend) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        co_await turns(reactor);
        auto before = reactor.driver().stats().submitted;
        for (int i = 0; i < 50; ++i) record.protocol->transport().write("ab");
        std::array<BytesView, 2> parts{asBytes("cd"), asBytes("ef")};
        record.protocol->transport().writeSequence(parts);
        EXPECT_EQ(record.protocol->transport().queuedBytes(), 104u);
        EXPECT_EQ(far.receive(), "");
        std::string got = co_await receiveText(reactor, &far, 104);
        EXPECT_EQ(reactor.driver().stats().submitted - before, 1u);
        EXPECT_EQ(got.substr(98), "abcdef");
        EXPECT_EQ(record.protocol->transport().queuedBytes(), 0u);
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportTest, anEmptyWriteDoesNothing) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        co_await turns(reactor);
        auto before = reactor.driver().stats().submitted;
        record.protocol->transport().write("");
        record.protocol->transport().writeSequence({});
        co_await turns(reactor);
        EXPECT_EQ(reactor.driver().stats().submitted, before);
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportTest, eightMebibytesArriveWholeSlow) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        std::string sent = pattern(8 << 20);
        record.protocol->transport().write(sent);
        record.protocol->transport().loseConnection();
        std::string got = co_await receiveText(reactor, &far, sent.size());
        EXPECT_TRUE(got == sent);
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.reason, cleanly);
    });
}

TEST_P(TransportTest, loseConnectionFlushesThenClosesAndNeverAtOnce) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        ITransport& transport = record.protocol->transport();
        transport.write("last words");
        transport.loseConnection();
        EXPECT_TRUE(transport.disconnecting());
        EXPECT_TRUE(transport.connected());
        transport.loseConnection();
        EXPECT_EQ(record.lost, 0);
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.reason, cleanly);
        EXPECT_EQ(far.receive(), "last words");
        EXPECT_TRUE(far.sawEnd());
    });
}

TEST_P(TransportTest, loseConnectionWithNothingQueuedIsNotSynchronousEither) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        record.onMade = [](Recorder& it) {
            it.transport().loseConnection();
            it.record().events.push_back("returned");
        };
        Peer far = serveOne<Recorder>(reactor, record);
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.events, (Strings{"made", "returned", "lost"}));
    });
}

TEST_P(TransportTest, nothingIsReceivedAfterLoseConnection) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        record.onData = [](Recorder& it, std::string_view) { it.transport().loseConnection(); };
        Peer far = serveOne<Recorder>(reactor, record);
        far.send("one");
        co_await until(reactor, [&] { return !record.received.empty(); });
        far.send("two");
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.received, "one");
    });
}

TEST_P(TransportTest, whatIsWrittenAfterLoseConnectionIsIgnored) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        ITransport& transport = record.protocol->transport();
        transport.write("before");
        transport.loseConnection();
        transport.write(" after");
        std::array<BytesView, 1> parts{asBytes(" and later")};
        transport.writeSequence(parts);
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(far.receive(), "before");
    });
}

TEST_P(TransportTest, abortConnectionDropsTheQueueAndGivesThePeerAReset) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        ITransport& transport = record.protocol->transport();
        transport.write("never sent");
        transport.abortConnection();
        transport.abortConnection();
        transport.loseConnection();
        transport.write("nor this");
        EXPECT_EQ(record.lost, 0);
        EXPECT_TRUE(transport.disconnecting());
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.reason, abortedText);
        EXPECT_EQ(far.receive(), "");
        EXPECT_EQ(far.error(), ECONNRESET);
        co_await turns(reactor);
        EXPECT_EQ(record.lost, 1);
    });
}

TEST_P(TransportTest, abortWinsOverALoseConnectionThatWaits) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record, 16384);
        ITransport& transport = record.protocol->transport();
        transport.write(pattern(4 << 20));
        transport.loseConnection();
        co_await turns(reactor);
        EXPECT_EQ(record.lost, 0);
        transport.abortConnection();
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.reason, abortedText);
    });
}

TEST_P(TransportTest, everythingIsHarmlessAfterTheLoss) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        Ref<Recorder> protocol(record.protocol);
        Address host = protocol->transport().getHost();
        Address peer = protocol->transport().getPeer();
        far.close();
        co_await until(reactor, [&] { return record.lost > 0; });
        ITransport& transport = protocol->transport();
        transport.write("x");
        transport.loseConnection();
        transport.abortConnection();
        transport.loseWriteConnection();
        transport.pauseProducing();
        transport.resumeProducing();
        transport.unregisterProducer();
        transport.setTcpNoDelay(true);
        co_await turns(reactor);
        EXPECT_EQ(record.lost, 1);
        EXPECT_FALSE(protocol->connected());
        EXPECT_EQ(transport.queuedBytes(), 0u);
        EXPECT_EQ(transport.getHost(), host);
        EXPECT_EQ(transport.getPeer(), peer);
    });
}

TEST_P(TransportTest, connectionLostMayCallTheTransport) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        record.onLost = [](Recorder& it) {
            it.transport().write("x");
            it.transport().loseConnection();
            it.transport().abortConnection();
            it.transport().loseWriteConnection();
        };
        Peer far = serveOne<Recorder>(reactor, record);
        far.close();
        co_await until(reactor, [&] { return record.lost > 0; });
        co_await turns(reactor);
        EXPECT_EQ(record.lost, 1);
    });
}

TEST_P(TransportTest, aResetIsConnectionLost) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        co_await turns(reactor);
        far.reset();
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.reason.substr(0, lostText.size()), lostText);
    });
}

TEST_P(TransportTest, aResetWhileWritingIsConnectionLostAndWhatIsQueuedIsGone) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record, 16384);
        Ref<Recorder> protocol(record.protocol);
        protocol->transport().write(pattern(4 << 20));
        co_await turns(reactor);
        far.reset();
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.reason.substr(0, lostText.size()), lostText);
        EXPECT_EQ(protocol->transport().queuedBytes(), 0u);
    });
}

TEST_P(TransportTest, bytesThatCameTogetherWithTheEndAreDeliveredAndAnswered) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        record.onData = [](Recorder& it, std::string_view data) { it.transport().write(data); };
        Peer far = serveOne<Recorder>(reactor, record);
        far.send("ping");
        far.finishSending();
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.events, (Strings{"made", "data", "lost"}));
        EXPECT_EQ(record.reason, cleanly);
        EXPECT_EQ(far.receive(), "ping");
    });
}

// Twisted throws away what is queued when the peer's end comes.
TEST_P(TransportTest, whatIsQueuedIsFlushedWhenThePeersEndComes) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record, 16384);
        std::string sent = pattern(1 << 20);
        record.protocol->transport().write(sent);
        co_await turns(reactor);
        far.finishSending();
        co_await turns(reactor);
        EXPECT_EQ(record.lost, 0);
        std::string got = co_await receiveText(reactor, &far, sent.size());
        EXPECT_TRUE(got == sent);
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.reason, cleanly);
    });
}

TEST_P(TransportTest, aHalfCloseableProtocolIsToldOfThePeersEndAndGoesOnWriting) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<HalfCloseRecorder>(reactor, record);
        far.send("question");
        far.finishSending();
        co_await until(reactor, [&] { return record.events.back() == "readLost"; });
        co_await turns(reactor);
        EXPECT_EQ(record.lost, 0);
        record.protocol->transport().write("answer");
        record.protocol->transport().loseConnection();
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.events, (Strings{"made", "data", "readLost", "lost"}));
        EXPECT_EQ(far.receive(), "answer");
    });
}

TEST_P(TransportTest, aHalfCloseableProtocolIsKnownAmongOthers) {
    run([](Reactor& reactor) -> Task<> {
        for (int i = 0; i < 3; ++i) {
            Record other, record;
            Peer farFromOther = serveOne<Recorder>(reactor, other);
            Peer far = serveOne<HalfCloseRecorder>(reactor, record);
            farFromOther.finishSending();
            co_await until(reactor, [&] { return other.lost > 0; });
            far.finishSending();
            co_await until(reactor, [&] { return record.events.back() == "readLost"; });
            EXPECT_EQ(other.events, (Strings{"made", "lost"}));
            co_await finish(reactor, &record);
            EXPECT_EQ(record.events, (Strings{"made", "readLost", "lost"}));
        }
    });
}

TEST_P(TransportTest, loseWriteConnectionShutsTheSendingSideAfterTheQueue) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<HalfCloseRecorder>(reactor, record);
        record.protocol->transport().write("all I have");
        record.protocol->transport().loseWriteConnection();
        record.protocol->transport().loseWriteConnection();
        EXPECT_EQ(record.events, Strings{"made"});
        co_await until(reactor, [&] { return record.events.back() == "writeLost"; });
        EXPECT_EQ(far.receive(), "all I have");
        EXPECT_TRUE(far.sawEnd());
        record.protocol->transport().write("ignored");
        far.send("still heard");
        co_await until(reactor, [&] { return record.received == "still heard"; });
        record.protocol->transport().loseConnection();
        EXPECT_EQ(record.lost, 0);
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.events, (Strings{"made", "writeLost", "data", "lost"}));
        EXPECT_EQ(record.reason, "ConnectionDone: Connection was closed cleanly: Connection done.");
    });
}

TEST_P(TransportTest, loseWriteConnectionNeedsNoHalfCloseableProtocol) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        record.protocol->transport().loseWriteConnection();
        co_await turns(reactor);
        far.receive();
        EXPECT_TRUE(far.sawEnd());
        EXPECT_EQ(record.lost, 0);
        far.close();
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.events, (Strings{"made", "lost"}));
    });
}

TEST_P(TransportTest, loseConnectionTakesPrecedenceOverAPendingHalfClose) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<HalfCloseRecorder>(reactor, record);
        record.protocol->transport().loseWriteConnection();
        record.protocol->transport().loseConnection();
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.events, (Strings{"made", "lost"}));
        EXPECT_EQ(record.reason, cleanly);
    });
}

TEST_P(TransportTest, anExceptionFromReadConnectionLostBecomesTheReason) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        Record record;
        Peer far = serveOne<HalfCloseRecorder>(reactor, record);
        static_cast<HalfCloseRecorder*>(record.protocol)->onReadLost = [](HalfCloseRecorder&) {
            throw std::runtime_error("half-close handler");
        };
        far.finishSending();
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_NE(record.reason.find("half-close handler"), std::string::npos);
        EXPECT_TRUE(log.has("half-close handler"));
    });
}

TEST_P(TransportTest, aPeerThatIsGoneBeforeConnectionMadeIsSeenAsAnyOther) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        record.onMade = [](Recorder& it) { it.transport().write("welcome"); };
        PeerPair ends;
        ends.far.send("hit and run");
        ends.far.finishSending();
        Socket socket(reactor, ends.near.release());
        factory<Recorder>(&record)->connectionAccepted(std::move(socket));
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.events, (Strings{"made", "data", "lost"}));
        EXPECT_EQ(ends.far.receive(), "welcome");
    });
}

TEST_P(TransportTest, anExceptionFromDataReceivedIsLoggedAndBecomesTheReason) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        Record record;
        record.onData = [](Recorder&, std::string_view) { throw std::runtime_error("bad data"); };
        Peer far = serveOne<Recorder>(reactor, record);
        far.send("x");
        co_await until(reactor, [&] { return record.lost > 0; });
        far.send("y");
        co_await turns(reactor);
        EXPECT_NE(record.reason.find("bad data"), std::string::npos);
        EXPECT_EQ(record.events, (Strings{"made", "data", "lost"}));
        EXPECT_EQ(record.received, "x");
        EXPECT_TRUE(log.has("bad data"));
    });
}

TEST_P(TransportTest, anExceptionAfterAbortBecomesTheReason) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        Record record;
        record.onData = [](Recorder& it, std::string_view) {
            it.transport().abortConnection();
            throw std::runtime_error("worse");
        };
        Peer far = serveOne<Recorder>(reactor, record);
        far.send("x");
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_NE(record.reason.find("worse"), std::string::npos);
    });
}

TEST_P(TransportTest, anExceptionFromConnectionMadeOfAServerIsLoggedAndTheConnectionStays) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        Record record;
        record.onMade = [](Recorder&) { throw std::runtime_error("bad start"); };
        Peer far = serveOne<Recorder>(reactor, record);
        EXPECT_TRUE(log.has("bad start"));
        far.send("x");
        co_await until(reactor, [&] { return record.received == "x"; });
        far.close();
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.reason, cleanly);
    });
}

TEST_P(TransportTest, anExceptionFromConnectionLostIsLogged) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        Record record;
        record.onLost = [](Recorder&) { throw std::runtime_error("bad end"); };
        Peer far = serveOne<Recorder>(reactor, record);
        far.close();
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_TRUE(log.has("bad end"));
    });
}

TEST_P(TransportTest, aStoppingReactorLosesItsConnections) {
    Record record;
    Peer far;
    Reactor reactor(options());
    reactor.callWhenRunning([&] {
        far = serveOne<Recorder>(reactor, record);
        reactor.stop();
        EXPECT_EQ(record.lost, 0);
    });
    reactor.run(false);
    EXPECT_EQ(record.reason, lostText + ": Connection lost.");
    EXPECT_EQ(record.lost, 1);
    EXPECT_EQ(reactor.resources(), 0u);
}

TEST_P(TransportTest, aProtocolMayBeHeldBeyondTheLifeOfItsReactor) {
    CapturedLog log;
    Record record;
    Ref<Recorder> kept;
    Peer far;
    {
        ReactorOptions chosen = options();
        chosen.shutdownLimit = std::chrono::milliseconds(50);
        Reactor reactor(chosen);
        reactor.callWhenRunning([&] {
            far = serveOne<Recorder>(reactor, record);
            kept = Ref<Recorder>(record.protocol);
            reactor.stop();
        });
        reactor.run(false);
    }
    EXPECT_FALSE(log.has("did not end"));
    kept->transport().write("x");
    kept->transport().pauseProducing();
    EXPECT_FALSE(kept->connected());
    EXPECT_EQ(record.lost, 1);
}

TEST_P(TransportTest, aHandleCanBeAwaitedUntilTheConnectionIsLost) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        Ref<IProtocol> protocol = Ref<Recorder>(record.protocol);
        auto body = [](Ref<IProtocol> awaited) -> Task<> { co_await awaited; };
        auto waiting = startCall(body, protocol);
        co_await turns(reactor);
        EXPECT_FALSE(waiting.called());
        far.close();
        co_await waiting;
        EXPECT_EQ(record.lost, 1);
        co_await protocol;
    });
}

TEST_P(TransportTest, waitingForTheLossCanBeCancelledAndTheConnectionStays) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        auto body = [](Ref<IProtocol> awaited) -> Task<> { co_await awaited; };
        auto waiting = startCall(body, Ref<IProtocol>(Ref<Recorder>(record.protocol)));
        waiting.cancel();
        auto ended = co_await outcome(waiting);
        EXPECT_TRUE(!ended && ended.error().check<CancelledError>());
        EXPECT_TRUE(record.protocol->connected());
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportTest, knowsBothEndsAndItsOptions) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        ITransport& transport = record.protocol->transport();
        EXPECT_EQ(transport.getPeer().host(), "127.0.0.1");
        EXPECT_EQ(transport.getHost().host(), "127.0.0.1");
        EXPECT_NE(transport.getHost().port(), transport.getPeer().port());
        EXPECT_FALSE(transport.getTcpNoDelay());
        EXPECT_FALSE(transport.getTcpKeepAlive());
        transport.setTcpNoDelay(true);
        transport.setTcpKeepAlive(true);
        EXPECT_TRUE(transport.getTcpNoDelay());
        EXPECT_TRUE(transport.getTcpKeepAlive());
        EXPECT_EQ(&transport.reactor(), &reactor);
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportTest, anIdleConnectionHoldsNoBuffer) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        far.send("x");
        co_await until(reactor, [&] { return record.received == "x"; });
        EXPECT_EQ(reactor.driver().stats().buffersLent, 0u);
        far.close();
        co_await until(reactor, [&] { return record.lost > 0; });
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, TransportTest, ::testing::ValuesIn(allDrivers()), nameOf);

}  // namespace
}  // namespace wring
