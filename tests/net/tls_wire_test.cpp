// Peers that speak TLS wrongly, not at all, or more of it than is good.
#include <wring/net/detail/transport_connection.hpp>
#include <wring/net/tls_factory.hpp>

#include <wring/net/detail/tls_layer.hpp>
#include <wring/tests/support/tls.hpp>

#include <openssl/ssl.h>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using TlsWireTest = ReactorTest;

/// A server that secures what it accepts, its clients to be.
struct WireServer {
    explicit WireServer(CertificateOptions options = testAuthority().server())
        : context(contextOf(std::move(options))),
          wrapped(factory<Recorder>(&record)),
          secured(makeRef<TLSFactory>(context, wrapped)) {}

    Peer connect(Reactor& reactor) {
        PeerPair ends;
        secured->connectionAccepted(Socket(reactor, ends.near.release()));
        return std::move(ends.far);
    }

    Record record;
    Ref<TLSContext> context;
    Ref<IFactory> wrapped;
    Ref<TLSFactory> secured;
    CapturedLog log;
};

/// What a server answers to raw bytes before it closes.
Task<std::string> answerTo(Reactor& reactor, WireServer* server, std::string bytes) {
    Peer peer = server->connect(reactor);
    std::size_t sent = peer.send(bytes);
    EXPECT_GT(sent, 0u);
    std::string answer;
    while (!peer.sawEnd() && !peer.error()) {
        answer += peer.receive();
        co_await sleepFor(Duration::zero(), reactor);
    }
    co_await until(reactor, [&] { return server->secured->handshakes() == 0; });
    EXPECT_EQ(server->record.made, 0);
    co_return answer;
}

std::string alert(char number) { return std::string("\x02", 1) + number; }

/// A ClientHello of TLS 1.1 without extensions.
std::string oldHello() {
    std::string body("\x03\x02", 2);
    body += std::string(32, 'r');
    body += std::string("\x00\x00\x02\xc0\x13\x01\x00", 7);
    std::string message("\x01\x00\x00", 3);
    message += static_cast<char>(body.size());
    message += body;
    std::string record("\x16\x03\x01\x00", 4);
    record += static_cast<char>(message.size());
    return record + message;
}

TEST_P(TlsWireTest, whatIsNoTlsIsRefusedWithTheReason) {
    run([](Reactor& reactor) -> Task<> {
        struct Input {
            std::string name, bytes, logged;
        };
        const std::vector<Input> inputs{
            {"http", "GET / HTTP/1.0\r\n\r\n", "http request"},
            {"noise", pattern(65536), "failed: An SSL error occurred: "},
            {"TLS 1.1", oldHello(), "unsupported protocol"},
            {"too long a record", std::string("\x16\x03\x01\x41\x01", 5) + pattern(16641),
             "failed"}};
        for (const Input& input : inputs) {
            SCOPED_TRACE(input.name);
            WireServer server;
            std::string answer = co_await answerTo(reactor, &server, input.bytes);
            EXPECT_TRUE(server.log.has(input.logged))
                << ::testing::PrintToString(server.log.lines());
            EXPECT_EQ(server.log.lines().size(), 1u);
            EXPECT_EQ(server.context->stats().failed, 1u);
        }
    });
}

TEST_P(TlsWireTest, alertsSayWhatWasWrong) {
    run([](Reactor& reactor) -> Task<> {
        WireServer server;
        std::string answer = co_await answerTo(reactor, &server, oldHello());
        EXPECT_TRUE(answer.ends_with(alert(70))) << ::testing::PrintToString(answer);
        std::string record = std::string("\x16\x03\x01\x48\x01", 5) + std::string(18433, 'x');
        answer = co_await answerTo(reactor, &server, record);
        EXPECT_TRUE(answer.ends_with(alert(22))) << ::testing::PrintToString(answer);
    });
}

TEST_P(TlsWireTest, aClientThatGoesDuringTheHandshakeLeavesNothing) {
    run([](Reactor& reactor) -> Task<> {
        for (bool isReset : {false, true}) {
            WireServer server;
            Peer peer = server.connect(reactor);
            peer.send(oldHello().substr(0, 20));
            co_await turns(reactor);
            EXPECT_EQ(server.secured->handshakes(), 1u);
            if (isReset) {
                peer.reset();
            } else {
                peer.close();
            }
            co_await until(reactor, [&] { return server.secured->handshakes() == 0; });
            EXPECT_EQ(server.record.made, 0);
            EXPECT_TRUE(server.log.has("closed during the handshake"));
        }
    });
}

TEST_P(TlsWireTest, aServerThatGoesDuringTheHandshakeIsTold) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto client = contextOf(testAuthority().client());
        auto securing = start(secureAs(&ends.near, client, TLSRole::client));
        co_await turns(reactor);
        ends.far.close();
        auto ended = co_await outcome(securing);
        EXPECT_EQ(textOf(ended),
                  "SSLError: An SSL error occurred: the connection was closed during "
                  "the handshake.");
    });
}

TEST_P(TlsWireTest, aServerThatIsStoppedPassesThatOnBehindItsHandshakes) {
    run([](Reactor& reactor) -> Task<> {
        WireServer server;
        auto* inner = static_cast<Factory*>(server.wrapped.get());
        server.secured->doStart();
        Peer peer = server.connect(reactor);
        co_await turns(reactor);
        server.secured->doStop();
        EXPECT_EQ(inner->numPorts(), 1);
        peer.close();
        co_await until(reactor, [&] { return server.secured->handshakes() == 0; });
        EXPECT_EQ(inner->numPorts(), 0);
    });
}

/// Bytes go from one to the other so many at a time, a piece a turn.
Task<> relay(Reactor* reactor, Peer* from, Peer* to, std::size_t piece) {
    while (!from->sawEnd() && !from->error()) {
        std::string bytes = from->receive();
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            to->send(std::string_view(bytes).substr(at, piece));
            co_await sleepFor(Duration::zero(), *reactor);
        }
        co_await sleepFor(Duration::zero(), *reactor);
    }
    to->finishSending();
}

TEST_P(TlsWireTest, recordsMayBeCutAnywhere) {
    run([](Reactor& reactor) -> Task<> {
        for (std::size_t piece : {1, 2, 3, 4, 7}) {
            StreamAndPeer near(reactor);
            StreamAndPeer far(reactor);
            auto there = start(relay(&reactor, &near.far, &far.far, piece));
            auto back = start(relay(&reactor, &far.far, &near.far, piece));
            auto serving =
                start(secureAs(&far.near, contextOf(testAuthority().server()), TLSRole::server));
            co_await near.near.startTLS(contextOf(testAuthority().client()), TLSRole::client);
            co_await serving;
            co_await near.near.write("in pieces");
            EXPECT_EQ(co_await readText(&far.near), "in pieces");
            co_await near.near.close();
            EXPECT_EQ(co_await readAll(&far.near), "");
            co_await far.near.close();
            co_await there;
            co_await back;
        }
    });
}

// What a record may hold at most, encrypted, is told from what is too long by the alert.
TEST_P(TlsWireTest, recordsMayBeAsLongAsTheyMayAndNoLonger) {
    run([](Reactor& reactor) -> Task<> {
        struct Input {
            std::string header, alert;
        };
        const std::vector<Input> inputs{
            {std::string("\x17\x03\x03\x41\x00", 5), "bad record mac"},
            {std::string("\x17\x03\x03\x41\x01", 5), "record overflow"}};
        for (const Input& input : inputs) {
            TlsPair pair(reactor);
            co_await secureBoth(&pair);
            EXPECT_EQ(pair.tap.send(input.header + std::string(16640, 'x')), 16645u);
            auto served = co_await outcome(pair.server.read());
            EXPECT_TRUE(!served && served.error().check<TLSError>());
            auto told = co_await outcome(pair.client.read());
            EXPECT_FALSE(told);
            if (told) continue;
            EXPECT_NE(told.error().getErrorMessage().find("alert " + input.alert),
                      std::string::npos)
                << told.error().getErrorMessage();
        }
    });
}

/// A client whose TLS library the test can reach, and a server's stream.
struct Reachable {
    explicit Reachable(Reactor& reactor) : Reachable(reactor, PeerPair()) {}
    Reachable(Reactor& reactor, PeerPair ends)
        : client(makeRef<detail::TransportConnection>(
              Socket(reactor, ends.far.release()), Address(), makeRef<Recorder>(&record), nullptr)),
          server(Socket(reactor, ends.near.release())) {
        client->begin();
    }
    Task<> secure(TLSVersion most) {
        CertificateOptions options = testAuthority().client();
        options.lowerMaximumTo = most;
        client->startTLS(contextOf(options), false);
        co_await server.startTLS(contextOf(testAuthority().server()), TLSRole::server);
    }
    SSL* ssl() { return client->layer()->session().ssl(); }
    Record record;
    Ref<detail::TransportConnection> client;
    Stream server;
};

TEST_P(TlsWireTest, keysMayBeUpdatedManyTimes) {
    run([](Reactor& reactor) -> Task<> {
        Reachable ends(reactor);
        co_await ends.secure(TLSVersion::tls13);
        for (int i = 0; i < 100; ++i) {
            EXPECT_EQ(SSL_key_update(ends.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
            ends.client->write("ping");
            EXPECT_EQ(co_await readExactText(&ends.server, 4), "ping");
            co_await ends.server.write("pong");
            co_await until(reactor, [&] { return ends.record.received.ends_with("pong"); });
            ends.record.received.clear();
        }
        co_await finish(reactor, &ends.record);
    });
}

TEST_P(TlsWireTest, renegotiationIsRefusedAndHurtsNobody) {
    run([](Reactor& reactor) -> Task<> {
        Reachable ends(reactor);
        co_await ends.secure(TLSVersion::tls12);
        SSL_clear_options(ends.ssl(), SSL_OP_NO_RENEGOTIATION);
        EXPECT_EQ(SSL_renegotiate(ends.ssl()), 1);
        ends.client->write("again");
        auto read = co_await outcome(ends.server.read());
        // Either end may take the refusal for its own end.
        EXPECT_TRUE(!read || read->empty());
        co_await ends.server.close();
        co_await finish(reactor, &ends.record);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, TlsWireTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
