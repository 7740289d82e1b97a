// A secured stream behaves as one in clear does, and ends in ways of its own.
#include <wring/net/detail/tls_layer.hpp>

#include <wring/tests/support/tls.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using TlsStreamTest = ReactorTest;

TEST_P(TlsStreamTest, whatIsWrittenIsReadAndNotSeenOnTheWire) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await secureBoth(&pair);
        co_await pair.client.write("attack at dawn");
        EXPECT_EQ(co_await readText(&pair.server), "attack at dawn");
        co_await pair.server.write("understood");
        EXPECT_EQ(co_await readText(&pair.client), "understood");
        EXPECT_EQ(pair.client.tlsInfo().version, "TLSv1.3");
        EXPECT_TRUE(pair.server.isOpen());
    });
}

TEST_P(TlsStreamTest, megabytesGoBothWaysAtOnceSlow) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await secureBoth(&pair);
        std::string sent = pattern(3 << 20);
        auto echoing = start(echoAll(&pair.server));
        auto writing = start(writeText(&pair.client, sent));
        std::string got = co_await readExactText(&pair.client, sent.size());
        EXPECT_TRUE(got == sent);
        co_await writing;
        co_await pair.client.shutdownSend();
        EXPECT_EQ(co_await readAll(&pair.client), "");
        co_await echoing;
    });
}

TEST_P(TlsStreamTest, aHalfClosedStreamStillReads) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await secureBoth(&pair);
        co_await pair.client.write("question");
        co_await pair.client.shutdownSend();
        EXPECT_EQ(co_await readAll(&pair.server), "question");
        co_await pair.server.write("answer");
        co_await pair.server.close();
        EXPECT_EQ(co_await readAll(&pair.client), "answer");
    });
}

TEST_P(TlsStreamTest, closingSaysGoodByeBehindWhatWasGivenAway) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await secureBoth(&pair);
        Bytes last = Bytes::copyOf("last words");
        co_await pair.server.write(std::move(last));
        co_await pair.server.close();
        EXPECT_EQ(co_await readAll(&pair.client), "last words");
    });
}

TEST_P(TlsStreamTest, anEndWithoutGoodByeIsTruncationBehindTheData) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await secureBoth(&pair);
        co_await pair.client.write("the first half");
        co_await turns(reactor);
        pair.tap.finishSending();
        EXPECT_EQ(co_await readText(&pair.server), "the first half");
        auto end = co_await outcome(pair.server.read());
        EXPECT_FALSE(end);
        if (!end) {
            EXPECT_EQ(end.error().className(), "TLSTruncated");
            EXPECT_TRUE(end.error().check<ConnectionLost>());
            EXPECT_FALSE(end.error().check<CancelledError>());
        }
        EXPECT_FALSE(pair.server.isOpen());
    });
}

TEST_P(TlsStreamTest, anAbortIsAResetAndNoTruncation) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await secureBoth(&pair);
        auto reading = start(readText(&pair.server));
        pair.tap.close();
        pair.client.abort();
        auto end = co_await outcome(reading);
        EXPECT_TRUE(!end && end.error().check<ConnectionLost>());
        if (!end) {
            EXPECT_EQ(end.error().className(), "ConnectionLost");
        }
    });
}

TEST_P(TlsStreamTest, aDamagedRecordBreaksTheConnection) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await secureBoth(&pair);
        auto reading = start(readText(&pair.client));
        co_await turns(reactor);
        pair.tap.send(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
        auto end = co_await outcome(pair.server.read());
        EXPECT_TRUE(!end && end.error().check<TLSError>());
        auto other = co_await outcome(reading);  // gets the alert
        EXPECT_TRUE(!other && other.error().check<TLSError>());
        auto written = co_await outcome(writeText(&pair.server, "too late"));
        EXPECT_TRUE(!written && written.error().check<TLSError>());
    });
}

TEST_P(TlsStreamTest, aReadThatIsCancelledLosesNothing) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await secureBoth(&pair);
        auto reading = start(readOnce(&pair.server));
        co_await turns(reactor);
        reading.cancel();
        auto got = co_await outcome(reading);
        EXPECT_TRUE(!got && got.error().check<CancelledError>());
        co_await pair.client.write("not lost");
        EXPECT_EQ(co_await readText(&pair.server), "not lost");
    });
}

TEST_P(TlsStreamTest, aWriteThatIsCancelledLeavesAStreamThatCanBeRead) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await secureBoth(&pair);
        auto writing = start(writeText(&pair.client, pattern(16 << 20)));
        co_await turns(reactor);
        EXPECT_FALSE(writing.called());
        writing.cancel();
        auto ended = co_await outcome(writing);
        EXPECT_TRUE(!ended && ended.error().check<CancelledError>());
        auto next = start(writeText(&pair.client, "the end"));
        std::string got;
        while (!got.ends_with("the end")) {
            Bytes chunk = co_await pair.server.read();
            got += chunk.text();
        }
        co_await next;
        got.resize(got.size() - 7);
        EXPECT_TRUE(pattern(16 << 20).starts_with(got));
        EXPECT_LT(got.size(), std::size_t{16 << 20});
    });
}

TEST_P(TlsStreamTest, aCancelledHandshakeEndsTheConnection) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        auto context = contextOf(testAuthority().client());
        auto securing = start(secureAs(&pair.client, context, TLSRole::client));
        co_await turns(reactor);
        EXPECT_FALSE(securing.called());
        securing.cancel();
        auto ended = co_await outcome(securing);
        EXPECT_TRUE(!ended && ended.error().check<CancelledError>());
        EXPECT_FALSE(pair.client.isOpen());
        EXPECT_EQ(context->stats().handshakes, 0u);
    });
}

TEST_P(TlsStreamTest, cancellingAFinishedHandshakeHasNoEffect) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        auto server = contextOf(testAuthority().server());
        auto serving = start(secureAs(&pair.server, server, TLSRole::server));
        auto client = contextOf(testAuthority().client());
        co_await pair.client.startTLS(client, TLSRole::client);
        co_await serving;
        serving.cancel();
        co_await pair.client.write("still here");
        EXPECT_EQ(co_await readText(&pair.server), "still here");
    });
}

TEST_P(TlsStreamTest, closingDuringTheHandshakeTellsWhoWaits) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        auto context = contextOf(testAuthority().client());
        auto securing = start(secureAs(&pair.client, context, TLSRole::client));
        co_await turns(reactor);
        co_await pair.client.close();
        auto ended = co_await outcome(securing);
        EXPECT_TRUE(!ended && ended.error().check<ConnectionLost>());
    });
}

TEST_P(TlsStreamTest, aSilentPeerIsGivenUpAtTheDeadline) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        CertificateOptions options = testAuthority().server();
        options.handshakeTimeout = 20ms;
        auto ended = co_await outcome(secureAs(&pair.server, contextOf(options), TLSRole::server));
        EXPECT_TRUE(!ended && ended.error().check<TimeoutError>());
        EXPECT_FALSE(pair.server.isOpen());
    });
}

TEST_P(TlsStreamTest, progressDoesNotExtendTheDeadline) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        CertificateOptions options = testAuthority().server();
        options.handshakeTimeout = 60ms;
        auto securing = start(secureAs(&pair.server, contextOf(options), TLSRole::server));
        // The beginning of a record of 16 KiB, byte by byte.
        std::string record = std::string("\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03", 11);
        record.resize(16000, 'x');
        std::size_t sent = 0;
        while (!securing.called() && sent < record.size()) {
            pair.tap.send(record.substr(sent++, 1));
            co_await sleepFor(5ms, reactor);
        }
        auto ended = co_await outcome(securing);
        EXPECT_TRUE(!ended && ended.error().check<TimeoutError>());
    });
}

TEST_P(TlsStreamTest, bytesThatCameInClearAreRefused) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await pair.client.write("STARTTLS\r\nRCPT TO: victim\r\n");
        Bytes line = co_await pair.server.readUntil("\r\n", 100);
        EXPECT_EQ(line.text(), "STARTTLS\r\n");
        auto server = contextOf(testAuthority().server());
        auto ended = co_await outcome(secureAs(&pair.server, server, TLSRole::server));
        EXPECT_TRUE(!ended && ended.error().check<ClearBytesError>());
        EXPECT_EQ(server->stats().handshakes, 0u);
    });
}

TEST_P(TlsStreamTest, aStreamInUseCanBeSecured) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await pair.client.write("STARTTLS\r\n");
        Bytes line = co_await pair.server.readUntil("\r\n", 100);
        Bytes answer = Bytes::copyOf("go ahead");
        co_await pair.server.write(std::move(answer));
        EXPECT_EQ(co_await readText(&pair.client), "go ahead");
        co_await secureBoth(&pair);
        co_await pair.client.write("secret");
        EXPECT_EQ(co_await readText(&pair.server), "secret");
    });
}

TEST_P(TlsStreamTest, tlsGoesThroughTls) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await secureBoth(&pair);
        co_await secureBoth(&pair);
        std::string sent = pattern(200000);
        auto writing = start(writeText(&pair.client, sent));
        EXPECT_TRUE(co_await readExactText(&pair.server, sent.size()) == sent);
        co_await writing;
        co_await pair.client.close();
        EXPECT_EQ(co_await readAll(&pair.server), "");
    });
}

TEST_P(TlsStreamTest, aPeerThatDoesNotReadStopsTheWriter) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor, PeerPair(16384));
        co_await secureBoth(&pair);
        auto writing = start(writeText(&pair.client, pattern(1 << 20)));
        co_await turns(reactor, 100);
        EXPECT_FALSE(writing.called());
        EXPECT_EQ(co_await readExactText(&pair.server, 1 << 20), pattern(1 << 20));
        co_await writing;
    });
}

TEST_P(TlsStreamTest, aReleasedSocketGoesOnWithWhatHadCome) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await secureBoth(&pair);
        co_await pair.client.write("early");
        co_await turns(reactor);
        Socket socket = co_await Stream::releaseSecured(std::move(pair.server));
        EXPECT_TRUE(socket.isSecured());
        Stream again(std::move(socket));
        EXPECT_EQ(co_await readText(&again), "early");
        co_await again.write("late");
        EXPECT_EQ(co_await readText(&pair.client), "late");
    });
}

Task<Socket> secureAndRelease(Stream stream, Ref<TLSContext> context) {
    co_await stream.startTLS(std::move(context), TLSRole::server);
    co_return co_await Stream::releaseSecured(std::move(stream));
}

TEST_P(TlsStreamTest, aSocketIsReleasedThoughItsPeerIsSilentAfterTheHandshake) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        auto context = contextOf(testAuthority().server());
        auto releasing = start(secureAndRelease(std::move(pair.server), context));
        co_await pair.client.startTLS(contextOf(testAuthority().client()), TLSRole::client);
        Socket socket = co_await releasing;
        Stream again(std::move(socket));
        co_await again.write("hello");
        EXPECT_EQ(co_await readText(&pair.client), "hello");
    });
}

TEST_P(TlsStreamTest, whatAReleasedStreamHadReadAheadComesFirst) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await secureBoth(&pair);
        co_await pair.client.write("one line\nand more");
        Bytes line = co_await pair.server.readUntil("\n", 100);
        EXPECT_EQ(line.text(), "one line\n");
        co_await pair.client.write(", and the end");
        co_await pair.client.shutdownSend();
        co_await turns(reactor);
        Stream again(co_await Stream::releaseSecured(std::move(pair.server)));
        EXPECT_EQ(co_await readAll(&again), "and more, and the end");
    });
}

TEST_P(TlsStreamTest, aStreamThatHasBrokenIsNotReleased) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await secureBoth(&pair);
        pair.server.abort();
        auto released = co_await outcome(Stream::releaseSecured(std::move(pair.server)));
        EXPECT_TRUE(!released && released.error().check<ConnectionLost>());
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, TlsStreamTest, ::testing::ValuesIn(allDrivers()), nameOf);

}  // namespace
}  // namespace wring
