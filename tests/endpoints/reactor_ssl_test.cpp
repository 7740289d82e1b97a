#include <wring/endpoints/reactor_ssl.hpp>

#include <wring/net/wrapping_factory.hpp>
#include <wring/tests/endpoints/client_record.hpp>
#include <wring/tests/endpoints/closed_port.hpp>
#include <wring/tests/support/tls.hpp>

#include <poll.h>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ReactorSslTest = ReactorTest;
using State = IConnector::State;

struct Echo : Protocol {
    void dataReceived(BytesView data) override { transport().write(data); }
};

Task<> ended(Reactor& reactor, Ref<IConnector> connector) {
    while (connector->state() != State::disconnected) co_await turns(reactor, 1);
    co_await turns(reactor);
}

Ref<TLSContext> serverContext() { return contextOf(testAuthority().server()); }
Ref<TLSContext> clientContext(const std::string& hostname = "localhost") {
    return contextOf(testAuthority().client(hostname));
}

/// A port that secures, and a client's record.
struct Served {
    explicit Served(Reactor& reactor, Ref<IFactory> served = factory<Echo>())
        : port(listenSSL(reactor, 0, std::move(served), serverContext(), 50, "localhost")),
          client(makeRef<RecordingClientFactory>(record)) {}
    Ref<IConnector> connect(Reactor& reactor, Ref<TLSContext> context = clientContext()) {
        return connectSSL(reactor, "127.0.0.1", port->getHost().port(), client, std::move(context));
    }
    CapturedLog quiet;
    ClientRecord record;
    Ref<IListeningPort> port;
    Ref<RecordingClientFactory> client;
};

bool somebodyWaits(const PlainListener& listener) {
    pollfd it{listener.fd(), POLLIN, 0};
    return ::poll(&it, 1, 0) == 1;
}

/// Waits for the one attempt of a record to fail; gives the reason.
Task<std::string> failureOf(Reactor& reactor, ClientRecord* record, Ref<IConnector> connector) {
    co_await ended(reactor, connector);
    EXPECT_EQ(record->events, (Strings{"start", "connecting", "connectionFailed", "stop"}));
    co_return record->reason;
}

TEST_P(ReactorSslTest, aClientTalksToAServerAndConnectsAgain) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        ClientRecord& record = served.record;
        int secure = 0;
        record.on = [&](const std::string& event) {
            if (event == "made") {
                secure += record.protocol->transport().isSecure();
                record.protocol->transport().write("hello");
            }
            if (event == "hello") record.connector->disconnect();
        };
        auto connector = served.connect(reactor);
        EXPECT_EQ(connector->getDestination(),
                  Destination("127.0.0.1", served.port->getHost().port()));
        for (int i = 0; i < 2; ++i) {
            if (i) connector->connect();
            co_await ended(reactor, connector);
            EXPECT_EQ(record.events, (Strings{"start", "connecting", "build", "made", "hello",
                                              "lost", "connectionLost", "stop"}));
            EXPECT_EQ(record.reason, "ConnectionDone: Connection was closed cleanly.");
            record.events.clear();
        }
        EXPECT_EQ(secure, 2);
        co_await served.port->drain(10s);
    });
}

TEST_P(ReactorSslTest, aServerThatIsNotTheOneWantedFailsTheAttempt) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        auto connector = served.connect(reactor, clientContext("other.test"));
        std::string reason = co_await failureOf(reactor, &served.record, connector);
        EXPECT_EQ(reason.substr(0, 23), "CertificateVerifyError:");
        co_await served.port->drain(10s);
    });
}

TEST_P(ReactorSslTest, aRefusedConnectionFailsTheAttempt) {
    run([](Reactor& reactor) -> Task<> {
        ClientRecord record;
        ClosedPort closed;
        auto connector = connectSSL(reactor, "127.0.0.1", closed.port(),
                                    makeRef<RecordingClientFactory>(record), clientContext());
        std::string reason = co_await failureOf(reactor, &record, connector);
        EXPECT_EQ(reason.substr(0, 23), "ConnectionRefusedError:");
    });
}

TEST_P(ReactorSslTest, theTimeOutIsOverTheHandshakeToo) {
    run([](Reactor& reactor) -> Task<> {
        ClientRecord record;
        PlainListener silent;
        auto connector = connectSSL(reactor, "127.0.0.1", silent.address().port(),
                                    makeRef<RecordingClientFactory>(record), clientContext(), 1ms);
        std::string reason = co_await failureOf(reactor, &record, connector);
        EXPECT_EQ(reason.substr(0, 13), "TimeoutError:");
    });
}

TEST_P(ReactorSslTest, stopConnectingInTheHandshakeLeavesNothingBehind) {
    run([](Reactor& reactor) -> Task<> {
        ClientRecord record;
        PlainListener silent;
        auto context = clientContext();
        int before = openDescriptors();
        auto connector = connectSSL(reactor, "127.0.0.1", silent.address().port(),
                                    makeRef<RecordingClientFactory>(record), context);
        co_await until(reactor, [&] { return somebodyWaits(silent); });
        Peer peer = silent.accept();
        co_await until(reactor, [&] { return !peer.receive().empty(); });
        connector->stopConnecting();
        EXPECT_EQ(record.reason, "UserError: User aborted connection.");
        co_await until(reactor, [&] { return openDescriptors() == before + 1; });
        EXPECT_EQ(record.events, (Strings{"start", "connecting", "connectionFailed", "stop"}));
    });
}

TEST_P(ReactorSslTest, aContextWithoutACertificateCannotListen) {
    run([](Reactor& reactor) -> Task<> {
        int before = openDescriptors();
        EXPECT_THROW(listenSSL(reactor, 0, factory<Echo>(), clientContext()), UsageError);
        EXPECT_EQ(openDescriptors(), before);
        co_return;
    });
}

TEST_P(ReactorSslTest, listenSSLThrowsWhereItCannotListen) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener taken;
        auto context = serverContext();
        std::uint16_t port = taken.address().port();
        EXPECT_THROW(listenSSL(reactor, port, factory<Echo>(), context, 50, "127.0.0.1"),
                     CannotListenError);
        co_return;
    });
}

/// A client that is in clear first and wants to know when it is secured.
class Upgrading final : public ClientProtocol, public IHandshakeListener {
 public:
    using ClientProtocol::ClientProtocol;
    void connectionMade() override {
        ClientProtocol::connectionMade();
        transport().startTLS(clientContext());
    }
    void handshakeCompleted() override {
        record().add(transport().getPeerCertificate() ? "handshake" : "nobody");
        transport().write("hello");
    }
};

// What stands between is the connector's watch and two policies.
TEST_P(ReactorSslTest, theHandshakeIsToldAndStartedThroughConnectorsAndPolicies) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        ClientRecord& record = served.record;
        record.build = [](ClientRecord& it) -> Ref<IProtocol> {
            it.protocol = makeRef<Upgrading>(it);
            return it.protocol;
        };
        record.on = [&](const std::string& event) {
            if (event == "hello") record.protocol->transport().loseConnection();
        };
        auto wrapped = makeRef<WrappingFactory>(makeRef<WrappingFactory>(served.client));
        auto connector =
            connectTCP(reactor, "127.0.0.1", served.port->getHost().port(), std::move(wrapped));
        co_await ended(reactor, connector);
        EXPECT_EQ(record.events, (Strings{"start", "connecting", "build", "made", "handshake",
                                          "hello", "lost", "connectionLost", "stop"}));
        EXPECT_TRUE(record.protocol->transport().isSecure());
        co_await served.port->drain(10s);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, ReactorSslTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
