#include <wring/deferred/scope.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/net/stream.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <tuple>

// Bytes that are given away to be written: nobody waits for them, and none may be lost.

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using StreamBulkWriteTest = ReactorTest;

/// On drivers that hand sends over in batches and do not wait for them.
class StreamOwnedWriteTest : public ReactorTest {
 protected:
    void SetUp() override {
        ReactorTest::SetUp();
        if (IsSkipped()) return;
        if (!Driver::create(GetParam().options())->features().inlineSend) {
            GTEST_SKIP() << "this kernel tells of every send";
        }
    }
};

constexpr int smallBuffers = 8192;
constexpr std::size_t chunkBytes = 60000;  // not waited for, and more than small buffers take

Task<> writeOwned(Stream* stream, std::string text) {
    Bytes owned = Bytes::copyOf(text);
    co_await stream->write(std::move(owned));
}

/// The same, once the driver runs.
Task<> give(Stream* stream, std::string text) {
    for (int turn = 0; turn < 2; ++turn) co_await sleepFor(Duration::zero());
    co_await writeOwned(stream, std::move(text));
}

/// Gives a chunk away, and starts to write `text` behind it; gives the chunk.
Task<std::string> giveAndQueue(Reactor* reactor, Stream* stream, std::string text,
                               Deferred<>* queued) {
    std::string sent = pattern(chunkBytes);
    co_await give(stream, sent);
    *queued = start(writeOwned(stream, std::move(text)));
    co_await turns(*reactor);
    EXPECT_FALSE(queued->called());
    co_return sent;
}

/// Writes `count` chunks of a pattern; gives all of it.
Task<std::string> writeChunks(Stream* stream, int count) {
    std::string all = pattern(chunkBytes * static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        co_await writeOwned(stream,
                            all.substr(chunkBytes * static_cast<std::size_t>(i), chunkBytes));
    }
    co_return all;
}

TEST_P(StreamBulkWriteTest, manyInARowArriveWholeAndInOrder) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, smallBuffers);
        auto writing = start(writeChunks(&ends.near, 20));
        std::string got = co_await receiveText(reactor, &ends.far, 20 * chunkBytes);
        std::string sent = co_await writing;
        EXPECT_TRUE(got == sent);
    });
}

TEST_P(StreamBulkWriteTest, aPeerThatDoesNotReadHoldsUpTheNextWrite) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, smallBuffers);
        auto writing = start(writeChunks(&ends.near, 40));
        co_await turns(reactor);
        EXPECT_FALSE(writing.called());
        std::string got = co_await receiveText(reactor, &ends.far, 40 * chunkBytes);
        EXPECT_TRUE(got == co_await writing);
    });
}

TEST_P(StreamOwnedWriteTest, whatIsGivenAwayGoesOutBeforeTheCloseEndsTheStream) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, smallBuffers);
        std::string sent = pattern(chunkBytes);
        co_await give(&ends.near, sent);
        auto closing = start(ends.near.close());
        std::string got = co_await receiveText(reactor, &ends.far, chunkBytes);
        EXPECT_TRUE(got == sent);
        co_await closing;
        co_await until(reactor, [&] { return ends.far.receive().empty() && ends.far.sawEnd(); });
    });
}

TEST_P(StreamOwnedWriteTest, whatIsGivenAwayGoesOutBeforeSendingIsShut) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, smallBuffers);
        std::string sent = pattern(chunkBytes);
        co_await give(&ends.near, sent);
        co_await ends.near.shutdownSend();
        std::string got = co_await receiveText(reactor, &ends.far, chunkBytes);
        EXPECT_TRUE(got == sent);
        co_await until(reactor, [&] { return ends.far.receive().empty() && ends.far.sawEnd(); });
        ends.far.send("still heard");
        EXPECT_EQ(co_await readText(&ends.near), "still heard");
    });
}

TEST_P(StreamOwnedWriteTest, aQueuedWriteGoesOutBeforeSendingIsShut) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, smallBuffers);
        Deferred<> queued;
        std::string sent = co_await giveAndQueue(&reactor, &ends.near, "the tail", &queued);
        co_await ends.near.shutdownSend();
        std::string got = co_await receiveText(reactor, &ends.far, chunkBytes + 8);
        EXPECT_TRUE(got == sent + "the tail");
        co_await queued;
        co_await until(reactor, [&] { return ends.far.receive().empty() && ends.far.sawEnd(); });
    });
}

TEST_P(StreamOwnedWriteTest, whatWaitsForAPeerThatDoesNotReadHoldsNoReceiveBuffer) {
    run([](Reactor& reactor) -> Task<> {
        PeerPair full(smallBuffers);
        std::size_t before = full.near.send(std::string(1 << 22, 'f'));
        StreamAndPeer ends(reactor, std::move(full));
        ends.far.send(std::string(3000, 'l'));
        Bytes chunk = co_await ends.near.read();
        EXPECT_TRUE(chunk.isLent());
        std::string sent(chunk.text());
        co_await ends.near.write(std::move(chunk));
        co_await turns(reactor);
        EXPECT_EQ(reactor.driver().stats().buffersLent, 0u);
        std::string got = co_await receiveText(reactor, &ends.far, before + sent.size());
        EXPECT_EQ(got.substr(before), sent);
    });
}

TEST_P(StreamOwnedWriteTest, aStreamThatIsDestroyedSendsWhatItWasGivenFirst) {
    run([](Reactor& reactor) -> Task<> {
        PeerPair ends(smallBuffers);
        std::string sent = pattern(chunkBytes);
        {
            Stream stream(Socket(reactor, ends.near.release()));
            co_await give(&stream, sent);
        }
        std::string got = co_await receiveText(reactor, &ends.far, chunkBytes);
        EXPECT_TRUE(got == sent);
    });
}

TEST_P(StreamOwnedWriteTest, anAbortDropsWhatTheKernelHasNotTaken) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, smallBuffers);
        co_await give(&ends.near, pattern(chunkBytes));
        ends.near.abort();
        co_await ends.near.close();
        std::string got;
        co_await until(reactor, [&] {
            got += ends.far.receive();
            return ends.far.error() == ECONNRESET;
        });
        EXPECT_LT(got.size(), chunkBytes);
    });
}

/// Closes a stream whose peer does not read, `turnsBefore` turns after the last write.
Task<> closeInVain(Reactor& reactor, int turnsBefore) {
    StreamAndPeer ends(reactor, smallBuffers);
    co_await give(&ends.near, pattern(chunkBytes));
    if (turnsBefore > 0) co_await turns(reactor, turnsBefore);
    co_await ends.near.close();
    EXPECT_LT(ends.far.receive().size(), chunkBytes);
    EXPECT_EQ(ends.far.error(), ECONNRESET);
}

TEST_P(StreamOwnedWriteTest, aCloseEndsWithAResetWhenThePeerDoesNotReadForTooLong) {
    ReactorOptions impatient = options();
    impatient.closeLimit = Duration::zero();
    for (int turnsBefore : {0, 10}) runWith(impatient, closeInVain, turnsBefore);
}

TEST_P(StreamOwnedWriteTest, anAbortEndsACloseThatWaitsForAPeerThatDoesNotRead) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, smallBuffers);
        co_await give(&ends.near, pattern(chunkBytes));
        auto closing = start(ends.near.close());
        co_await turns(reactor);
        ends.near.abort();
        co_await closing;
        EXPECT_FALSE(ends.near.isOpen());
    });
}

TEST_P(StreamOwnedWriteTest, cancellingAQueuedWriteTakesBackNothingThatWasGivenBefore) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, smallBuffers);
        Deferred<> queued;
        std::string sent = co_await giveAndQueue(&reactor, &ends.near, "never", &queued);
        queued.cancel();
        auto ended = co_await outcome(queued);
        EXPECT_TRUE(!ended && ended.error().check<CancelledError>());
        auto next = start(writeText(&ends.near, "next"));
        std::string got = co_await receiveText(reactor, &ends.far, chunkBytes + 4);
        co_await next;
        EXPECT_TRUE(got == sent + "next");
    });
}

TEST_P(StreamOwnedWriteTest, aConnectionThatBreaksIsToldToTheNextWriteAndRead) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        ends.far.reset();
        std::ignore = co_await outcome(give(&ends.near, "into the void"));
        co_await turns(reactor);
        auto wrote = co_await outcome(writeText(&ends.near, "x"));
        EXPECT_TRUE(!wrote && wrote.error().check<ConnectionLost>());
        auto got = co_await outcome(ends.near.read());
        EXPECT_TRUE(!got && got.error().check<ConnectionLost>());
    });
}

TEST_P(StreamOwnedWriteTest, aConnectionThatBreaksEndsAQueuedWrite) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, smallBuffers);
        Deferred<> queued;
        co_await giveAndQueue(&reactor, &ends.near, "x", &queued);
        ends.far.reset();
        auto ended = co_await outcome(queued);
        EXPECT_TRUE(!ended && ended.error().check<ConnectionLost>());
    });
}

TEST_P(StreamOwnedWriteTest, closingEndsAQueuedWriteAtOnce) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, smallBuffers);
        Deferred<> queued;
        std::string sent = co_await giveAndQueue(&reactor, &ends.near, "x", &queued);
        auto closing = start(ends.near.close());
        EXPECT_TRUE(queued.called());
        auto ended = co_await outcome(queued);
        EXPECT_TRUE(!ended && ended.error().check<ConnectionLost>());
        std::string got = co_await receiveText(reactor, &ends.far, chunkBytes);
        EXPECT_TRUE(got == sent);
        co_await closing;
    });
}

/// Leaves a closing stream behind with bytes that nobody takes, and stops.
Task<> giveAndStop(Reactor* reactor, int fd) {
    Stream stream(Socket(*reactor, fd));
    co_await give(&stream, pattern(chunkBytes));
    reactor->stop();
}

TEST_P(StreamOwnedWriteTest, aReactorThatStopsDoesNotWaitForAPeerThatDoesNotRead) {
    PeerPair ends(smallBuffers);
    Reactor reactor(options());
    Deferred<> giving;
    reactor.callWhenRunning([&] { giving = start(giveAndStop(&reactor, ends.near.release())); });
    Time before = reactor.now();
    reactor.run(false);
    EXPECT_TRUE(giving.called());
    EXPECT_LT(reactor.now() - before, 5s);
    EXPECT_EQ(reactor.resources(), 0u);
    EXPECT_LT(ends.far.receive().size(), chunkBytes);
}

INSTANTIATE_TEST_SUITE_P(Drivers, StreamBulkWriteTest, ::testing::ValuesIn(allDrivers()), nameOf);

INSTANTIATE_TEST_SUITE_P(Drivers, StreamOwnedWriteTest, ::testing::ValuesIn(batchingDrivers()),
                         nameOf);

}  // namespace
}  // namespace wring
