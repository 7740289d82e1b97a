// What a protocol sees of a connection that is secured while it lives.
#include <wring/net/detail/transport_connection.hpp>
#include <wring/net/line_receiver.hpp>

#include <wring/tests/net/exchange.hpp>
#include <wring/tests/support/tls.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using TlsTransportTest = ReactorTest;

/// A recorder that also wants to know of the handshake.
class HandshakeRecorder final : public Recorder, public IHandshakeListener {
 public:
    using Recorder::Recorder;
    void handshakeCompleted() override {
        record().events.push_back("handshake");
        if (onHandshake) onHandshake(*this);
    }
    std::function<void(HandshakeRecorder&)> onHandshake;
};

/// A server's protocol that secures itself from the beginning, and a client's stream.
struct Served {
    explicit Served(Reactor& reactor, CertificateOptions options = testAuthority().server())
        : context(contextOf(std::move(options))),
          protocol(makeRef<HandshakeRecorder>(&record)),
          stream(connected(reactor)) {}

    Stream connected(Reactor& reactor) {
        PeerPair ends;
        record.onMade = [this](Recorder& made) { made.transport().startTLS(context); };
        tap = Peer(::fcntl(ends.far.fd(), F_DUPFD_CLOEXEC, 0));
        detail::connectTransport(Socket(reactor, ends.near.release()), Address(),
                                 Ref<IProtocol>(protocol));
        return Stream(Socket(reactor, ends.far.release()));
    }
    Task<> secure() {
        auto client = contextOf(testAuthority().client());
        co_await stream.startTLS(client, TLSRole::client);
    }
    ITransport& transport() { return protocol->transport(); }

    Record record;
    Ref<TLSContext> context;
    Ref<HandshakeRecorder> protocol;
    Peer tap;  ///< of the client's end, behind its back
    Stream stream;
};

const std::string cleanly = "ConnectionDone: Connection was closed cleanly.";

TEST_P(TlsTransportTest, eventsComeInOrderAndTheProtocolIsMadeOnce) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        co_await served.secure();
        co_await served.stream.write("hello");
        co_await until(reactor, [&] { return served.record.received == "hello"; });
        co_await served.stream.close();
        co_await until(reactor, [&] { return served.record.lost > 0; });
        EXPECT_EQ(served.record.events, (Strings{"made", "handshake", "data", "lost"}));
        EXPECT_EQ(served.record.reason, cleanly);
    });
}

TEST_P(TlsTransportTest, whatIsWrittenBeforeTheHandshakeGoesOutBehindIt) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        served.transport().write("wel");
        co_await turns(reactor);
        served.transport().write("come");
        co_await served.secure();
        EXPECT_EQ(co_await readExactText(&served.stream, 7), "welcome");
        EXPECT_TRUE(served.transport().isSecure());
        co_await finish(reactor, &served.record);
    });
}

TEST_P(TlsTransportTest, whatWasWrittenBeforeStartTlsGoesOutInClear) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        co_await finish(reactor, &served.record);
        PeerPair ends;
        auto protocol = makeRef<HandshakeRecorder>(&served.record);
        served.record.onMade = [&](Recorder& made) {
            made.transport().write("220 go ahead\r\n");
            made.transport().startTLS(served.context);
            made.transport().write("secret");
        };
        detail::connectTransport(Socket(reactor, ends.near.release()), Address(),
                                 Ref<IProtocol>(protocol));
        Stream client(Socket(reactor, ends.far.release()));
        Bytes line = co_await client.readUntil("\r\n", 100);
        EXPECT_EQ(line.text(), "220 go ahead\r\n");
        auto context = contextOf(testAuthority().client());
        co_await client.startTLS(context, TLSRole::client);
        EXPECT_EQ(co_await readExactText(&client, 6), "secret");
        co_await finish(reactor, &served.record);
    });
}

TEST_P(TlsTransportTest, abortingInTheHandshakesCallbackSendsNothing) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        served.protocol->onHandshake = [](HandshakeRecorder& it) {
            it.transport().abortConnection();
        };
        served.transport().write("must not be seen");
        auto secured = co_await outcome(served.secure());
        if (secured) {
            auto got = co_await outcome(served.stream.read());
            EXPECT_TRUE(!got || !*got);
        }
        co_await until(reactor, [&] { return served.record.lost > 0; });
        EXPECT_TRUE(served.record.reason.starts_with("ConnectionAborted:"));
    });
}

TEST_P(TlsTransportTest, losingAConnectionDuringTheHandshakeAbortsIt) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        co_await turns(reactor);
        served.transport().loseConnection();
        EXPECT_TRUE(served.transport().disconnecting());
        co_await until(reactor, [&] { return served.record.lost > 0; });
        EXPECT_TRUE(served.record.reason.starts_with("ConnectionAborted:"));
        EXPECT_EQ(co_await readText(&served.stream), "");  // but the peer sees an end in order
    });
}

TEST_P(TlsTransportTest, losingAConnectionWithDataQueuedWaitsForTheHandshake) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        served.transport().write("last words");
        served.transport().loseConnection();
        co_await served.secure();
        EXPECT_EQ(co_await readAll(&served.stream), "last words");
        co_await until(reactor, [&] { return served.record.lost > 0; });
        EXPECT_EQ(served.record.reason, cleanly);
    });
}

TEST_P(TlsTransportTest, megabytesAreFlushedBeforeTheEndSlow) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        std::string sent = pattern(4 << 20);
        served.transport().write(sent);
        served.transport().loseConnection();
        co_await served.secure();
        EXPECT_TRUE(co_await readAll(&served.stream) == sent);
        co_await until(reactor, [&] { return served.record.lost > 0; });
        EXPECT_EQ(served.record.reason, cleanly);
    });
}

TEST_P(TlsTransportTest, whatIsPausedIsNotDelivered) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        co_await served.secure();
        served.transport().pauseProducing();
        auto writing = start(writeText(&served.stream, pattern(4 << 20)));
        co_await turns(reactor, 200);
        EXPECT_EQ(served.record.received, "");
        EXPECT_FALSE(writing.called());
        served.transport().resumeProducing();
        co_await writing;
        co_await until(reactor, [&] { return served.record.received.size() == 4 << 20; });
        EXPECT_TRUE(served.record.received == pattern(4 << 20));
        co_await finish(reactor, &served.record);
    });
}

TEST_P(TlsTransportTest, anEndWithoutGoodByeIsToldAsSuch) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        co_await served.secure();
        co_await served.stream.write("half of it");
        co_await until(reactor, [&] { return !served.record.received.empty(); });
        served.tap.finishSending();
        co_await until(reactor, [&] { return served.record.lost > 0; });
        EXPECT_EQ(served.record.received, "half of it");
        EXPECT_TRUE(served.record.reason.starts_with("TLSTruncated:")) << served.record.reason;
    });
}

TEST_P(TlsTransportTest, aFailedHandshakeIsTheReason) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        auto stranger = contextOf(Authority("a stranger").client());
        auto ended = co_await outcome(secureAs(&served.stream, stranger, TLSRole::client));
        EXPECT_TRUE(!ended && ended.error().check<CertificateVerifyError>());
        co_await until(reactor, [&] { return served.record.lost > 0; });
        EXPECT_EQ(served.record.events, (Strings{"made", "lost"}));
        EXPECT_TRUE(served.record.reason.starts_with("SSLError:")) << served.record.reason;
    });
}

TEST_P(TlsTransportTest, theDeadlineOfAHandshakeIsTheReason) {
    run([](Reactor& reactor) -> Task<> {
        CertificateOptions options = testAuthority().server();
        options.handshakeTimeout = 20ms;
        Served served(reactor, options);
        co_await until(reactor, [&] { return served.record.lost > 0; });
        EXPECT_TRUE(served.record.reason.starts_with("TimeoutError:")) << served.record.reason;
    });
}

TEST_P(TlsTransportTest, securingTwiceBeforeTheHandshakeIsAMistake) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        EXPECT_THROW(served.transport().startTLS(served.context), UsageError);
        co_await finish(reactor, &served.record);
        EXPECT_THROW(served.transport().startTLS(served.context), UsageError);
    });
}

TEST_P(TlsTransportTest, aServerWithoutACertificateIsAMistake) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        EXPECT_THROW(record.protocol->transport().startTLS(contextOf(CertificateOptions())),
                     UsageError);
        far.send("still in clear");
        co_await until(reactor, [&] { return record.received == "still in clear"; });
        co_await finish(reactor, &record);
    });
}

/// Whether startTLS() itself refuses, because of bytes that had come.
bool refusesAtOnce(Recorder& protocol, const Ref<TLSContext>& context) {
    try {
        protocol.transport().startTLS(context);
        return false;
    } catch (const ClearBytesError&) {
        return true;
    }
}

// Where the bytes are still the kernel's they are taken for a record, which they are not.
TEST_P(TlsTransportTest, bytesThatWereNotDeliveredNeverAre) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        record.onData = [](Recorder& it, std::string_view) { it.transport().pauseProducing(); };
        far.send(std::string(30000, 'x'));
        co_await until(reactor, [&] { return !record.received.empty(); });
        far.send(std::string(30000, 'x'));
        co_await turns(reactor);
        std::size_t before = record.received.size();
        EXPECT_LE(before, 30000u);
        if (refusesAtOnce(*record.protocol, contextOf(testAuthority().server()))) {
            co_await finish(reactor, &record);
        } else {
            record.protocol->transport().resumeProducing();
            co_await until(reactor, [&] { return record.lost > 0; });
            EXPECT_TRUE(record.reason.starts_with("SSLError:")) << record.reason;
        }
        EXPECT_EQ(record.received.size(), before);
    });
}

/// Upgrades when it is asked to, and writes down what it is told.
class Upgrading final : public LineReceiver {
 public:
    Upgrading(Ref<TLSContext> context, Record* record)
        : context_(std::move(context)), record_(record) {}
    void lineReceived(std::string_view line) override {
        record_->events.emplace_back(line);
        if (line != "STARTTLS") return;
        sendLine("220 go ahead");
        transport().startTLS(context_);
    }
    void connectionLost(const Failure& reason) override {
        record_->reason = reason.className();
        ++record_->lost;
    }

 private:
    Ref<TLSContext> context_;
    Record* record_;
};

TEST_P(TlsTransportTest, linesBehindStartTlsInTheSameChunkAreNotBelieved) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        auto context = contextOf(testAuthority().server());
        auto protocol = makeRef<Upgrading>(context, &record);
        CapturedLog log;
        co_await exchange(reactor, protocol, "EHLO\r\nSTARTTLS\r\nMAIL FROM: attacker\r\n");
        EXPECT_EQ(record.events, (Strings{"EHLO", "STARTTLS"}));
        EXPECT_EQ(record.reason, "ClearBytesError");
    });
}

TEST_P(TlsTransportTest, linesAreReadThroughTlsAfterStartTls) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        auto context = contextOf(testAuthority().server());
        auto protocol = makeRef<Upgrading>(context, &record);
        PeerPair ends;
        detail::connectTransport(Socket(reactor, ends.near.release()), Address(),
                                 Ref<IProtocol>(protocol));
        Stream client(Socket(reactor, ends.far.release()));
        co_await client.write("STARTTLS\r\n");
        co_await client.readUntil("\r\n", 100);
        auto wanted = contextOf(testAuthority().client());
        co_await client.startTLS(wanted, TLSRole::client);
        co_await client.write("MAIL\r\n");
        co_await until(reactor, [&] { return record.events.size() == 2; });
        EXPECT_EQ(record.events.back(), "MAIL");
        co_await client.close();
        co_await protocol->lost().wait();
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, TlsTransportTest, ::testing::ValuesIn(allDrivers()), nameOf);

}  // namespace
}  // namespace wring
