#include <wring/net/stream.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <array>
#include <optional>

namespace wring {
namespace {

using namespace testing;
using StreamTest = ReactorTest;
using StreamDeathTest = ReactorTest;

std::span<std::byte> writable(std::string& text) {
    return std::as_writable_bytes(std::span<char>(text));
}

TEST_P(StreamTest, readLendsWhatHasComeUntilItIsGivenBack) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        ends.far.send("hello");
        {
            Bytes chunk = co_await ends.near.read();
            EXPECT_EQ(chunk.text(), "hello");
            EXPECT_TRUE(chunk.isLent());
            EXPECT_EQ(reactor.driver().stats().buffersLent, 1u);
        }
        EXPECT_EQ(reactor.driver().stats().buffersLent, 0u);
    });
}

TEST_P(StreamTest, readWaitsForBytesThatAreYetToCome) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto reading = start(readText(&ends.near));
        co_await turns(reactor);
        EXPECT_FALSE(reading.called());
        ends.far.send("late");
        EXPECT_EQ(co_await reading, "late");
    });
}

TEST_P(StreamTest, anIdleStreamHoldsNoBuffer) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto reading = start(readText(&ends.near));
        co_await turns(reactor);
        EXPECT_EQ(reactor.driver().stats().buffersLent, 0u);
        ends.far.close();
        EXPECT_EQ(co_await reading, "");
    });
}

TEST_P(StreamTest, readGivesNothingOnceThePeerHasFinishedSending) {
    run([](Reactor& reactor) -> Task<> {
        StreamPair pair(reactor);
        co_await pair.far.shutdownSend();
        for (int i = 0; i < 3; ++i) {
            Bytes end = co_await pair.near.read();
            EXPECT_FALSE(end);
        }
        EXPECT_FALSE(pair.near.isOpen());
    });
}

TEST_P(StreamTest, bytesThatCameTogetherWithTheEndAreGivenBeforeIt) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        ends.far.send("last words");
        ends.far.finishSending();
        EXPECT_EQ(co_await readText(&ends.near), "last words");
        EXPECT_EQ(co_await readText(&ends.near), "");
    });
}

TEST_P(StreamTest, bytesThatCameWhileNobodyReadAreGivenLater) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        ends.far.send("first");
        EXPECT_EQ(co_await readText(&ends.near), "first");
        ends.far.send("second");
        co_await turns(reactor);
        ends.far.finishSending();
        co_await turns(reactor);
        EXPECT_EQ(reactor.driver().stats().buffersLent, 0u);
        EXPECT_EQ(co_await readText(&ends.near), "second");
        EXPECT_EQ(co_await readText(&ends.near), "");
    });
}

TEST_P(StreamTest, readIntoGivesWhatFitsAndKeepsTheRest) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        ends.far.send("abcdef");
        std::string first(4, '-'), second(4, '-');
        EXPECT_EQ(co_await ends.near.readInto(writable(first)), 4u);
        EXPECT_EQ(co_await ends.near.readInto(writable(second)), 2u);
        EXPECT_EQ(first, "abcd");
        EXPECT_EQ(second, "ef--");
    });
}

TEST_P(StreamTest, readIntoGivesZeroAtTheEnd) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        ends.far.finishSending();
        std::string into(4, '-');
        EXPECT_EQ(co_await ends.near.readInto(writable(into)), 0u);
        EXPECT_EQ(into, "----");
    });
}

TEST_P(StreamTest, readExactlyWaitsUntilAllOfItHasCome) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto reading = start(readExactText(&ends.near, 6));
        for (const char* part : {"ab", "cd", "efgh"}) {
            EXPECT_FALSE(reading.called());
            ends.far.send(part);
            co_await turns(reactor);
        }
        EXPECT_EQ(co_await reading, "abcdef");
        EXPECT_EQ(co_await readText(&ends.near), "gh");
    });
}

TEST_P(StreamTest, readExactlyFailsWhenTheStreamEndsBefore) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        ends.far.send("abc");
        ends.far.finishSending();
        auto got = co_await outcome(readExactText(&ends.near, 6));
        EXPECT_TRUE(!got && got.error().check<EndOfStreamError>());
    });
}

TEST_P(StreamTest, readUntilGivesTheLineAndLeavesTheRest) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        ends.far.send("one\r\ntwo\r\nthr");
        Bytes line = co_await ends.near.readUntil("\r\n", 100);
        EXPECT_EQ(line.text(), "one\r\n");
        line = co_await ends.near.readUntil("\r\n", 100);
        EXPECT_EQ(line.text(), "two\r\n");
        EXPECT_EQ(co_await readText(&ends.near), "thr");
    });
}

TEST_P(StreamTest, readUntilFindsADelimiterThatCameInPieces) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto reading = start(ends.near.readUntil("END", 100));
        for (const char* part : {"xE", "N", "Dy"}) {
            ends.far.send(part);
            co_await turns(reactor);
        }
        Bytes line = co_await reading;
        EXPECT_EQ(line.text(), "xEND");
        EXPECT_EQ(co_await readText(&ends.near), "y");
    });
}

TEST_P(StreamTest, readUntilTakesALineOfExactlyTheLimit) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        ends.far.send("1234\n1234");
        Bytes line = co_await ends.near.readUntil("\n", 5);
        EXPECT_EQ(line.text(), "1234\n");
    });
}

TEST_P(StreamTest, readUntilRefusesALongerLineAndLeavesItUnread) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        ends.far.send("12345\n");
        auto line = co_await outcome(ends.near.readUntil("\n", 5));
        EXPECT_TRUE(!line && line.error().check<MessageLengthError>());
        EXPECT_EQ(co_await readExactText(&ends.near, 6), "12345\n");
    });
}

TEST_P(StreamTest, readUntilFailsAtTheEndAndLosesNothing) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        ends.far.send("no newline");
        ends.far.finishSending();
        auto line = co_await outcome(ends.near.readUntil("\n", 100));
        EXPECT_TRUE(!line && line.error().check<EndOfStreamError>());
        EXPECT_EQ(co_await readText(&ends.near), "no newline");
        EXPECT_EQ(co_await readText(&ends.near), "");
    });
}

TEST_P(StreamTest, whatIsUnreadComesFirstInTheOrderOfGivingBack) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        ends.far.send("c");
        Bytes chunk = co_await ends.near.read();
        ends.near.unread(std::move(chunk));
        ends.near.unread(Bytes::copyOf("b"));
        ends.near.unread(Bytes());
        ends.near.unread(Bytes::copyOf("a"));
        EXPECT_EQ(co_await readExactText(&ends.near, 3), "abc");
    });
}

TEST_P(StreamTest, writeTakesViewsTextAndOwnedBytes) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        std::string text = "view ";
        co_await ends.near.write(asBytes(text));
        co_await ends.near.write(std::string_view("text "));
        co_await ends.near.write("literal ");
        Bytes owned = Bytes::copyOf("owned");
        co_await ends.near.write(BytesView());
        EXPECT_EQ(ends.far.receive(), "view text literal ");
        co_await ends.near.write(std::move(owned));
        std::string got = co_await receiveText(reactor, &ends.far, 5);
        EXPECT_EQ(got, "owned");
    });
}

TEST_P(StreamTest, aLentChunkCanBeWrittenBack) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        ends.far.send("ping");
        Bytes chunk = co_await ends.near.read();
        co_await ends.near.write(std::move(chunk));
        std::string got = co_await receiveText(reactor, &ends.far, 4);
        EXPECT_EQ(got, "ping");
    });
}

TEST_P(StreamTest, eightMebibytesArriveWholeSlow) {
    run([](Reactor& reactor) -> Task<> {
        StreamPair pair(reactor);
        std::string sent = pattern(8 << 20);
        auto writing = start(writeText(&pair.near, sent));
        std::string got = co_await readExactText(&pair.far, sent.size());
        co_await writing;
        EXPECT_TRUE(got == sent);
    });
}

TEST_P(StreamTest, writeSequenceSendsThePartsInOrder) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        std::array<BytesView, 4> parts{asBytes("a"), asBytes(""), asBytes("bc"), asBytes("def")};
        co_await ends.near.writeSequence(parts);
        EXPECT_EQ(ends.far.receive(), "abcdef");
    });
}

TEST_P(StreamTest, afterShutdownSendReadingGoesOn) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        co_await ends.near.write("bye");
        co_await ends.near.shutdownSend();
        co_await ends.near.shutdownSend();
        EXPECT_EQ(ends.far.receive(), "bye");
        EXPECT_TRUE(ends.far.sawEnd());
        ends.far.send("answer");
        EXPECT_EQ(co_await readText(&ends.near), "answer");
    });
}

TEST_P(StreamTest, writeAfterShutdownSendFails) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        co_await ends.near.shutdownSend();
        auto written = co_await outcome(ends.near.write("more"));
        EXPECT_TRUE(!written && written.error().check<ConnectionLost>());
    });
}

TEST_P(StreamTest, closeGivesThePeerTheEndAfterWhatWasWritten) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        co_await ends.near.write("last");
        co_await ends.near.close();
        EXPECT_EQ(ends.far.receive(), "last");
        EXPECT_TRUE(ends.far.sawEnd());
        EXPECT_EQ(ends.far.error(), 0);
    });
}

TEST_P(StreamTest, aClosedStreamAnswersThatItIsClosed) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        co_await ends.near.close();
        co_await ends.near.close();
        EXPECT_FALSE(ends.near.isOpen());
        EXPECT_EQ(ends.near.getHost().family(), AddressFamily::none);
        EXPECT_EQ(ends.near.getPeer().family(), AddressFamily::none);
        EXPECT_FALSE(ends.near.getTcpNoDelay());
        auto got = co_await outcome(ends.near.read());
        EXPECT_TRUE(!got && got.error().check<ConnectionLost>());
        auto written = co_await outcome(ends.near.write("x"));
        EXPECT_TRUE(!written && written.error().check<ConnectionLost>());
        auto shut = co_await outcome(ends.near.shutdownSend());
        EXPECT_TRUE(!shut && shut.error().check<ConnectionLost>());
    });
}

TEST_P(StreamTest, mayBeHeldBeyondTheLifeOfItsReactor) {
    CapturedLog log;
    ReactorOptions chosen = options();
    chosen.shutdownLimit = std::chrono::milliseconds(50);
    std::optional<Stream> kept;
    Peer far;
    {
        Reactor reactor(chosen);
        reactor.callWhenRunning([&] {
            StreamAndPeer ends(reactor);
            kept.emplace(std::move(ends.near));
            far = std::move(ends.far);
            reactor.requestStop();
        });
        reactor.run(false);
        EXPECT_EQ(reactor.resources(), 0u);
    }
    EXPECT_FALSE(kept->isOpen());
    EXPECT_FALSE(log.has("did not end"));
    kept.reset();
    far.receive();
    EXPECT_TRUE(far.sawEnd());
}

TEST_P(StreamTest, closeEndsTheReadThatWaits) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto reading = start(readOnce(&ends.near));
        co_await turns(reactor);
        co_await ends.near.close();
        auto got = co_await outcome(reading);
        EXPECT_TRUE(!got && got.error().check<ConnectionLost>());
    });
}

TEST_P(StreamTest, abortGivesThePeerAReset) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto reading = start(readOnce(&ends.near));
        co_await turns(reactor);
        ends.near.abort();
        auto got = co_await outcome(reading);
        EXPECT_TRUE(!got && got.error().check<ConnectionLost>());
        co_await turns(reactor);
        ends.far.receive();
        EXPECT_EQ(ends.far.error(), ECONNRESET);
    });
}

TEST_P(StreamTest, destroyingAStreamGivesThePeerTheEnd) {
    run([](Reactor& reactor) -> Task<> {
        Peer far;
        {
            StreamAndPeer ends(reactor);
            far = std::move(ends.far);
        }
        co_await turns(reactor);
        far.receive();
        EXPECT_TRUE(far.sawEnd());
    });
}

TEST_P(StreamTest, aResetIsConnectionLostFromThenOn) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto reading = start(readOnce(&ends.near));
        co_await turns(reactor);
        ends.far.reset();
        auto got = co_await outcome(reading);
        EXPECT_TRUE(!got && got.error().check<ConnectionLost>());
        for (int i = 0; i < 2; ++i) {
            auto again = co_await outcome(ends.near.read());
            EXPECT_TRUE(!again && again.error().check<ConnectionLost>());
            auto written = co_await outcome(ends.near.write("x"));
            EXPECT_TRUE(!written && written.error().check<ConnectionLost>());
        }
        EXPECT_FALSE(ends.near.isOpen());
    });
}

TEST_P(StreamTest, bytesThatCameBeforeAResetAreGivenBeforeIt) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        ends.far.send("1");
        EXPECT_EQ(co_await readText(&ends.near), "1");
        ends.far.send("2");
        co_await turns(reactor);
        ends.far.reset();
        co_await turns(reactor);
        EXPECT_EQ(co_await readText(&ends.near), "2");
        auto got = co_await outcome(ends.near.read());
        EXPECT_TRUE(!got && got.error().check<ConnectionLost>());
    });
}

TEST_P(StreamTest, aResetEndsTheWriteThatWaits) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, 16384);
        auto writing = start(writeText(&ends.near, pattern(4 << 20)));
        co_await turns(reactor);
        EXPECT_FALSE(writing.called());
        ends.far.reset();
        auto written = co_await outcome(writing);
        EXPECT_TRUE(!written && written.error().check<ConnectionLost>());
        auto again = co_await outcome(ends.near.write("x"));
        EXPECT_TRUE(!again && again.error().check<ConnectionLost>());
    });
}

TEST_P(StreamTest, readAndWriteMayOverlap) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, 16384);
        auto reading = start(readText(&ends.near));
        auto writing = start(writeText(&ends.near, pattern(1 << 20)));
        co_await turns(reactor);
        ends.far.send("while you write");
        EXPECT_EQ(co_await reading, "while you write");
        EXPECT_FALSE(writing.called());
        std::string got = co_await receiveText(reactor, &ends.far, 1 << 20);
        co_await writing;
        EXPECT_TRUE(got == pattern(1 << 20));
    });
}

TEST_P(StreamTest, destroyingAStreamEndsWhatWaitsOnIt) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, 16384);
        std::optional<Stream> near(std::move(ends.near));
        auto reading = start(readOnce(&*near));
        auto writing = start(writeText(&*near, pattern(4 << 20)));
        co_await turns(reactor);
        near.reset();
        auto got = co_await outcome(reading);
        EXPECT_TRUE(!got && got.error().check<ConnectionLost>());
        auto written = co_await outcome(writing);
        EXPECT_TRUE(!written && written.error().check<ConnectionLost>());
    });
}

TEST_P(StreamTest, aStreamMayBeAssignedOverAnOpenOne) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer first(reactor), second(reactor);
        first.near = std::move(second.near);
        second.far.send("second");
        EXPECT_EQ(co_await readText(&first.near), "second");
        first.far.receive();
        EXPECT_TRUE(first.far.sawEnd());
    });
}

// Tells how much the peer could send and takes it back, piece by piece, in the right order.
TEST_P(StreamTest, aPeerThatSendsWithoutBeingReadIsHeldBackAndNothingIsLostSlow) {
    run([](Reactor& reactor) -> Task<> {
        constexpr std::size_t total = 10 << 20;
        std::string sent = pattern(total);
        StreamAndPeer flood(reactor, 65536), other(reactor);
        flood.far.send("!");
        EXPECT_EQ(co_await readText(&flood.near), "!");
        std::size_t done = 0;
        for (int i = 0; i < 200; ++i) {
            done += flood.far.send(std::string_view(sent).substr(done));
            co_await turns(reactor, 2);
        }
        EXPECT_LT(done, 1u << 20);
        EXPECT_LE(reactor.driver().stats().buffersLent, 64u);
        other.far.send("unaffected");
        EXPECT_EQ(co_await readText(&other.near), "unaffected");
        std::string got;
        while (got.size() < total) {
            done += flood.far.send(std::string_view(sent).substr(done));
            Bytes chunk = co_await flood.near.read();
            got += chunk.text();
        }
        EXPECT_TRUE(got == sent);
    });
}

TEST_P(StreamTest, knowsBothEnds) {
    run([](Reactor& reactor) -> Task<> {
        StreamPair pair(reactor);
        EXPECT_EQ(pair.near.getHost().host(), "127.0.0.1");
        EXPECT_NE(pair.near.getHost().port(), 0);
        EXPECT_EQ(pair.near.getHost(), pair.far.getPeer());
        EXPECT_EQ(pair.near.getPeer(), pair.far.getHost());
        co_return;
    });
}

TEST_P(StreamTest, socketOptionsAreOffUntilSwitchedOn) {
    run([](Reactor& reactor) -> Task<> {
        StreamPair pair(reactor);
        EXPECT_FALSE(pair.near.getTcpNoDelay());
        EXPECT_FALSE(pair.near.getTcpKeepAlive());
        pair.near.setTcpNoDelay(true);
        pair.near.setTcpKeepAlive(true);
        EXPECT_TRUE(pair.near.getTcpNoDelay());
        EXPECT_TRUE(pair.near.getTcpKeepAlive());
        pair.near.setTcpNoDelay(false);
        pair.near.setTcpKeepAlive(false);
        EXPECT_FALSE(pair.near.getTcpNoDelay());
        EXPECT_FALSE(pair.near.getTcpKeepAlive());
        co_return;
    });
}

TEST_P(StreamDeathTest, twoReadsAtOnceEndTheProcess) {
    auto body = [](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto first = start(readOnce(&ends.near));
        auto second = start(readOnce(&ends.near));
        co_await first;
    };
    EXPECT_DEATH(run(body), "read by two coroutines at once");
}

TEST_P(StreamDeathTest, twoWritesAtOnceEndTheProcess) {
    auto body = [](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, 16384);
        auto first = start(writeText(&ends.near, pattern(4 << 20)));
        auto second = start(writeText(&ends.near, "x"));
        co_await first;
    };
    EXPECT_DEATH(run(body), "written by two coroutines at once");
}

INSTANTIATE_TEST_SUITE_P(Drivers, StreamTest, ::testing::ValuesIn(allDrivers()), nameOf);
INSTANTIATE_TEST_SUITE_P(Drivers, StreamDeathTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
