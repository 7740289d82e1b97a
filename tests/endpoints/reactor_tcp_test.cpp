#include <wring/endpoints/reactor_tcp.hpp>

#include <wring/net/reconnecting_client_factory.hpp>
#include <wring/net/wrapping_factory.hpp>
#include <wring/tests/endpoints/client_record.hpp>
#include <wring/tests/endpoints/closed_port.hpp>
#include <wring/tests/support/fake_resolver.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <netdb.h>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ReactorTcpTest = ReactorTest;
using State = IConnector::State;

struct Echo : Protocol {
    void dataReceived(BytesView data) override { transport().write(data); }
};

/// Waits until the connector of a record is disconnected.
Task<> ended(Reactor& reactor, Ref<IConnector> connector) {
    while (connector->state() != State::disconnected) co_await turns(reactor, 1);
    co_await turns(reactor);
}

struct FullListener {
    FullListener() : listener(0) {
        for (Peer& each : waiting) each = connectPeer(listener.address(), 0, SOCK_NONBLOCK);
    }
    PlainListener listener;
    Peer waiting[4];
};

TEST_P(ReactorTcpTest, aClientTalksToAServer) {
    run([](Reactor& reactor) -> Task<> {
        ClientRecord record;
        auto port = listenTCP(reactor, 0, factory<Echo>(), 50, "127.0.0.1");
        auto client = makeRef<RecordingClientFactory>(record);
        record.on = [&](const std::string& event) {
            if (event == "made") record.protocol->transport().write("hello");
            if (event == "hello") record.connector->disconnect();
        };
        auto connector = connectTCP(reactor, "127.0.0.1", port->getHost().port(), client);
        EXPECT_EQ(record.events, (Strings{"start", "connecting"}));
        EXPECT_EQ(connector->getDestination(), Destination("127.0.0.1", port->getHost().port()));
        co_await ended(reactor, connector);
        EXPECT_EQ(record.events, (Strings{"start", "connecting", "build", "made", "hello", "lost",
                                          "connectionLost", "stop"}));
        EXPECT_EQ(record.reason, "ConnectionDone: Connection was closed cleanly.");
        EXPECT_EQ(record.protocol->factory(), nullptr);
        co_await port->drain(10s);
    });
}

TEST_P(ReactorTcpTest, theAddressesOfANameAreTriedUntilOneAnswers) {
    run([](Reactor& reactor) -> Task<> {
        ClientRecord record;
        PlainListener listener;
        auto names = fakeNames(reactor, {"127.0.0.2", "127.0.0.1"});
        auto connector = connectTCP(reactor, "host.test", listener.address().port(),
                                    makeRef<RecordingClientFactory>(record));
        co_await until(reactor, [&] { return connector->state() == State::connected; });
        EXPECT_EQ(record.protocol->transport().getPeer(), listener.address());
        EXPECT_EQ(names->asked, Strings{"host.test"}) << "both families";
        connector->disconnect();
        co_await ended(reactor, connector);
    });
}

TEST_P(ReactorTcpTest, aNameThatIsLookedUpForTooLongIsATimeOut) {
    run([](Reactor& reactor) -> Task<> {
        ClientRecord record;
        auto names = fakeNames(reactor, {"127.0.0.1"});
        names->go.clear();
        auto connector =
            connectTCP(reactor, "host.test", 80, makeRef<RecordingClientFactory>(record), 1ms);
        co_await ended(reactor, connector);
        EXPECT_EQ(record.reason.substr(0, 13), "TimeoutError:");
        EXPECT_EQ(names->cancelled, 1);
    });
}

TEST_P(ReactorTcpTest, aConnectorConnectsAgain) {
    run([](Reactor& reactor) -> Task<> {
        ClientRecord record;
        PlainListener listener;
        auto connector = connectTCP(reactor, "localhost", listener.address().port(),
                                    makeRef<RecordingClientFactory>(record));
        for (int i = 0; i < 3; ++i) {
            co_await until(reactor, [&] { return connector->state() == State::connected; });
            Peer peer = listener.accept();
            peer.close();
            co_await ended(reactor, connector);
            EXPECT_EQ(record.events, (Strings{"start", "connecting", "build", "made", "lost",
                                              "connectionLost", "stop"}));
            record.events.clear();
            if (i < 2) connector->connect();
        }
    });
}

TEST_P(ReactorTcpTest, aRefusedConnectionIsToldInALaterTurn) {
    run([](Reactor& reactor) -> Task<> {
        ClientRecord record;
        ClosedPort closed;
        auto connector = connectTCP(reactor, "127.0.0.1", closed.port(),
                                    makeRef<RecordingClientFactory>(record));
        EXPECT_EQ(connector->state(), State::connecting);
        co_await ended(reactor, connector);
        EXPECT_EQ(record.events, (Strings{"start", "connecting", "connectionFailed", "stop"}));
        EXPECT_EQ(record.reason,
                  "ConnectionRefusedError: Connection was refused by other side: 111: Connection "
                  "refused.");
    });
}

TEST_P(ReactorTcpTest, anAddressThatCannotBeBoundToFailsTheAttempt) {
    run([](Reactor& reactor) -> Task<> {
        ClientRecord record;
        PlainListener listener;
        auto connector = connectTCP(reactor, "127.0.0.1", listener.address().port(),
                                    makeRef<RecordingClientFactory>(record), 30s,
                                    Address::parse("203.0.113.9", 0));
        co_await ended(reactor, connector);
        EXPECT_EQ(record.reason.substr(0, 17), "ConnectBindError:");
    });
}

TEST_P(ReactorTcpTest, theTimeOutEndsAnAttemptThatGetsNoAnswer) {
    run([](Reactor& reactor) -> Task<> {
        ClientRecord record;
        FullListener full;
        auto connector = connectTCP(reactor, "127.0.0.1", full.listener.address().port(),
                                    makeRef<RecordingClientFactory>(record), 1ms);
        co_await ended(reactor, connector);
        EXPECT_EQ(record.reason.substr(0, 13), "TimeoutError:");
        EXPECT_EQ(record.events.back(), "stop");
    });
}

TEST_P(ReactorTcpTest, stopConnectingLeavesNothingBehind) {
    run([](Reactor& reactor) -> Task<> {
        ClientRecord record;
        FullListener full;
        auto connector = connectTCP(reactor, "127.0.0.1", full.listener.address().port(),
                                    makeRef<RecordingClientFactory>(record));
        int before = openDescriptors();
        co_await turns(reactor);
        EXPECT_EQ(openDescriptors(), before + 1);
        connector->stopConnecting();
        EXPECT_EQ(record.reason, "UserError: User aborted connection.");
        co_await until(reactor, [&] { return openDescriptors() == before; });
        EXPECT_EQ(record.events, (Strings{"start", "connecting", "connectionFailed", "stop"}));
    });
}

TEST_P(ReactorTcpTest, whatConnectionMadeThrowsIsTheReasonOfTheLoss) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        ClientRecord record;
        PlainListener listener;
        record.on = [](const std::string& event) {
            if (event == "made") throw std::runtime_error("a client's fault");
        };
        auto connector = connectTCP(reactor, "127.0.0.1", listener.address().port(),
                                    makeRef<RecordingClientFactory>(record));
        co_await ended(reactor, connector);
        EXPECT_EQ(record.events, (Strings{"start", "connecting", "build", "made", "lost",
                                          "connectionLost", "stop"}));
        EXPECT_NE(record.reason.find("a client's fault"), std::string::npos);
    });
}

TEST_P(ReactorTcpTest, halfClosesReachAProtocolThatLivesWithThem) {
    run([](Reactor& reactor) -> Task<> {
        ClientRecord record;
        PlainListener listener;
        record.build = [](ClientRecord& it) -> Ref<IProtocol> {
            it.protocol = makeRef<HalfCloseClientProtocol>(it);
            return it.protocol;
        };
        auto connector = connectTCP(reactor, "127.0.0.1", listener.address().port(),
                                    makeRef<RecordingClientFactory>(record));
        co_await until(reactor, [&] { return connector->state() == State::connected; });
        Peer peer = listener.accept();
        peer.finishSending();
        co_await until(reactor, [&] { return record.events.back() == "readLost"; });
        connector->disconnect();
        co_await ended(reactor, connector);
        EXPECT_EQ(record.events.back(), "stop");
    });
}

TEST_P(ReactorTcpTest, theReactorsStopTellsWhatIsConnectedAndWhatIsConnecting) {
    ClientRecord connected, connecting;
    PlainListener listener;
    FullListener full;
    {
        Reactor reactor(options());
        reactor.callWhenRunning([&] {
            connectTCP(reactor, "127.0.0.1", full.listener.address().port(),
                       makeRef<RecordingClientFactory>(connecting));
            connectTCP(reactor, "127.0.0.1", listener.address().port(),
                       makeRef<RecordingClientFactory>(connected));
        });
        connected.on = [&](const std::string& event) {
            if (event == "made") reactor.stop();
        };
        reactor.run(false);
    }
    EXPECT_EQ(connecting.events, (Strings{"start", "connecting", "connectionFailed", "stop"}));
    EXPECT_EQ(connected.events.back(), "stop");
    EXPECT_EQ(connected.reason.substr(0, 15), "ConnectionLost:");
}

// The factory gives up only when the reactor has gone.
TEST_P(ReactorTcpTest, aReactorThatStopsWhileARetryIsPendingLeavesNothing) {
    struct Retrying final : ReconnectingClientFactory {
        explicit Retrying(bool* kept) : isAlive(kept) {}
        ~Retrying() override { *isAlive = false; }
        Ref<IProtocol> buildProtocol(const Address&) override { return nullptr; }
        void clientConnectionFailed(IConnector& connector, const Failure& reason) override {
            ReconnectingClientFactory::clientConnectionFailed(connector, reason);
            Reactor::current()->requestStop();
        }
        bool* isAlive;
    };
    bool isAlive = true;
    ClosedPort closed;
    {
        Reactor reactor(options());
        reactor.callWhenRunning(
            [&] { connectTCP(reactor, "127.0.0.1", closed.port(), makeRef<Retrying>(&isAlive)); });
        reactor.run(false);
    }
    EXPECT_FALSE(isAlive);
}

/// A client that connects again after a millisecond.
struct Persistent final : ReconnectingClientFactory {
    explicit Persistent(Record* kept) : ReconnectingClientFactory(soon()), record(kept) {}
    Ref<IProtocol> buildProtocol(const Address&) override {
        resetDelay();
        return makeRef<Recorder>(record);
    }
    static ReconnectOptions soon() {
        ReconnectOptions options;
        options.initialDelay = 1ms;
        options.factor = 1;
        options.jitter = 0;
        return options;
    }
    Record* record;
};

TEST_P(ReactorTcpTest, aReconnectingClientComesBackUntilItIsToldToStop) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        PlainListener listener;
        auto client = makeRef<Persistent>(&record);
        auto connector = connectTCP(reactor, "127.0.0.1", listener.address().port(), client);
        for (int round = 1; round <= 3; ++round) {
            co_await until(reactor, [&] { return record.made == round; });
            Peer peer = listener.accept();
            if (round == 3) client->stopTrying();
            peer.close();
            co_await until(reactor, [&] { return record.lost == round; });
        }
        co_await ended(reactor, connector);
        EXPECT_EQ(record.made, 3);
        EXPECT_EQ(client->numPorts(), 0);
    });
}

TEST_P(ReactorTcpTest, aWrappedClientFactoryIsToldOfEachStep) {
    run([](Reactor& reactor) -> Task<> {
        ClientRecord record;
        PlainListener listener;
        auto wrapping = makeRef<WrappingFactory>(makeRef<RecordingClientFactory>(record));
        auto connector = connectTCP(reactor, "127.0.0.1", listener.address().port(), wrapping);
        co_await until(reactor, [&] { return connector->state() == State::connected; });
        Peer peer = listener.accept();
        peer.send("hello");
        peer.finishSending();
        co_await ended(reactor, connector);
        EXPECT_EQ(record.events, (Strings{"start", "connecting", "build", "made", "hello", "lost",
                                          "connectionLost", "stop"}));
    });
}

TEST_P(ReactorTcpTest, listenTCPListensWhereItIsTold) {
    run([](Reactor& reactor) -> Task<> {
        auto anywhere = listenTCP(reactor, 0, factory<Echo>());
        EXPECT_EQ(anywhere->getHost().host(), "0.0.0.0");
        auto loopback = listenTCP(reactor, 0, factory<Echo>(), 5, "localhost");
        EXPECT_EQ(loopback->getHost().host(), "127.0.0.1");
        co_await anywhere->stopListening();
        co_await loopback->stopListening();
    });
}

TEST_P(ReactorTcpTest, listenTCPThrowsWhereItCannotListen) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        std::uint16_t port = listener.address().port();
        EXPECT_THROW(listenTCP(reactor, port, factory<Echo>(), 50, "127.0.0.1"), CannotListenError);
        EXPECT_THROW(listenTCP(reactor, 0, factory<Echo>(), 50, "no.address"), CannotListenError);
        EXPECT_THROW(listenTCP(reactor, 0, factory<Echo>(), 50, "203.0.113.9"), CannotListenError);
        co_return;
    });
}

TEST_P(ReactorTcpTest, aServicesNameStandsForItsPortOrIsRefusedAtOnce) {
    run([](Reactor& reactor) -> Task<> {
        ClientRecord record;
        auto client = makeRef<RecordingClientFactory>(record);
        EXPECT_THROW(connectTCP(reactor, "127.0.0.1", std::string("no-such-service"), client),
                     ServiceNameUnknownError);
        EXPECT_TRUE(record.events.empty());
        // Where the system knows no services at all, this one is refused like the other.
        if (const servent* known = ::getservbyname("discard", "tcp")) {
            auto connector = connectTCP(reactor, "127.0.0.1", std::string("discard"), client);
            EXPECT_EQ(connector->getDestination().port(), ntohs(std::uint16_t(known->s_port)));
            connector->stopConnecting();
        }
        co_return;
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, ReactorTcpTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
