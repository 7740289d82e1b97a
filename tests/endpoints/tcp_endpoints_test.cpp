#include <wring/endpoints/tcp_endpoints.hpp>

#include <wring/endpoints/connect_protocol.hpp>
#include <wring/endpoints/registry.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <stdexcept>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using TcpEndpointsTest = ReactorTest;

Task<> echo(Stream peer) {
    while (Bytes chunk = co_await peer.read()) co_await peer.write(std::move(chunk));
}

std::string portOf(const Ref<IListeningPort>& port) {
    return std::to_string(port->getHost().port());
}
std::string portOf(const PlainListener& listener) {
    return std::to_string(listener.address().port());
}

struct FullListener {
    FullListener() : listener(0) {
        for (Peer& each : waiting) each = connectPeer(listener.address(), 0, SOCK_NONBLOCK);
    }
    PlainListener listener;
    Peer waiting[4];
};

bool hasIPv6() {
    Peer probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    Address any = Address::loopback6(0);
    return ::bind(probe.fd(), any.sockaddrData(), any.sockaddrSize()) == 0;
}

/// A client factory that counts, and may refuse or throw.
struct Counting final : ClientFactory {
    explicit Counting(Record* kept) : record(kept) {}
    void startFactory() override { record->events.push_back("start"); }
    void stopFactory() override { record->events.push_back("stop"); }
    Ref<IProtocol> buildProtocol(const Address& address) override {
        asked = address;
        if (throws) throw std::runtime_error("builder's fault");
        if (refuses) return nullptr;
        return makeRef<Recorder>(record);
    }
    Record* record;
    Address asked;
    bool throws = false;
    bool refuses = false;
};

TEST_P(TcpEndpointsTest, aListeningStringServesAConnectingString) {
    run([](Reactor& reactor) -> Task<> {
        auto port = co_await serverFromString(reactor, "tcp:0:interface=127.0.0.1")
                        ->listen(serve(echo));
        EXPECT_EQ(port->getHost().host(), "127.0.0.1");
        std::string text = "tcp:localhost:" + portOf(port);
        Stream stream = co_await clientFromString(reactor, text)->connectStream();
        co_await stream.write("round trip");
        EXPECT_EQ(co_await readText(&stream), "round trip");
        co_await stream.close();
        co_await port->drain(10s);
    });
}

TEST_P(TcpEndpointsTest, everyFormOfAClientStringConnects) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        std::string port = portOf(listener);
        for (std::string text : {"tcp:127.0.0.1:" + port, "tcp:host=127.0.0.1:port=" + port,
                                 "tcp:127.0.0.1:port=" + port, "tcp:host=127.0.0.1:" + port,
                                 "TCP:localhost:" + port + ":timeout=5",
                                 "tcp:127.0.0.1:" + port + ":bindAddress=127.0.0.3"}) {
            Stream stream = co_await clientFromString(reactor, text)->connectStream();
            EXPECT_EQ(stream.getPeer(), listener.address()) << text;
        }
    });
}

TEST_P(TcpEndpointsTest, tcp6ListensOnIPv6) {
    if (!hasIPv6()) GTEST_SKIP() << "this machine has no IPv6";
    run([](Reactor& reactor) -> Task<> {
        auto port = co_await serverFromString(reactor, "tcp6:0:interface=\\:\\:1")
                        ->listen(serve(echo));
        EXPECT_EQ(port->getHost().host(), "::1");
        std::string text = "tcp:host=\\:\\:1:port=" + portOf(port);
        Stream stream = co_await clientFromString(reactor, text)->connectStream();
        co_await stream.write("six");
        EXPECT_EQ(co_await readText(&stream), "six");
        co_await stream.close();
        co_await port->drain(10s);
    });
}

TEST_P(TcpEndpointsTest, listenFailsOnAPortInUse) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        std::string text = "tcp:" + portOf(listener) + ":interface=127.0.0.1";
        auto port = co_await outcome(serverFromString(reactor, text)->listen(serve(echo)));
        EXPECT_TRUE(!port && port.error().check<CannotListenError>());
        if (!port) {
            EXPECT_EQ(port.error().getErrorMessage(),
                      "Couldn't listen on 127.0.0.1:" + portOf(listener) +
                          ": [Errno 98] Address already in use.");
        }
    });
}

TEST_P(TcpEndpointsTest, connectGivesTheProtocolTheFactoryBuilt) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Record record;
        auto counting = makeRef<Counting>(&record);
        auto endpoint = clientFromString(reactor, "tcp:127.0.0.1:" + portOf(listener));
        Ref<IProtocol> protocol = co_await endpoint->connect(counting);
        EXPECT_EQ(protocol.get(), record.protocol);
        EXPECT_EQ(counting->asked, listener.address());
        EXPECT_EQ(record.events, (Strings{"start", "made"}));
        listener.accept().close();
        co_await protocol;
        co_await turns(reactor);
        EXPECT_EQ(record.events, (Strings{"start", "made", "lost", "stop"}));
        EXPECT_EQ(counting->numPorts(), 0);
    });
}

TEST_P(TcpEndpointsTest, anEndpointCanConnectAgainAndAgain) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        auto endpoint = clientFromString(reactor, "tcp:127.0.0.1:" + portOf(listener));
        Stream first = co_await endpoint->connectStream();
        Stream second = co_await endpoint->connectStream();
        EXPECT_NE(first.getHost(), second.getHost());
    });
}

TEST_P(TcpEndpointsTest, theDeferredFiresAfterConnectionMadeAndBeforeAnyData) {
    run([](Reactor& reactor) -> Task<> {
        Record record, server;
        server.onMade = [](Recorder& it) { it.transport().write("very early"); };
        auto port = co_await serverFromString(reactor, "tcp:0:interface=127.0.0.1")
                        ->listen(factory<Recorder>(&server));
        auto endpoint = clientFromString(reactor, "tcp:127.0.0.1:" + portOf(port));
        auto connecting = endpoint->connect(factory<Recorder>(&record));
        Record* kept = &record;
        connecting.addCallback([kept](Ref<IProtocol> protocol) {
            kept->events.push_back("fired");
            return protocol;
        });
        co_await connecting;
        co_await until(reactor, [&] { return record.received == "very early"; });
        EXPECT_EQ(record.events, (Strings{"made", "fired", "data"}));
        co_await finish(reactor, &record);
        co_await port->drain(10s);
    });
}

TEST_P(TcpEndpointsTest, nobodyListeningFailsAndTheFactoryIsStopped) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        listener.close();
        Record record;
        auto endpoint = clientFromString(reactor, "tcp:127.0.0.1:" + portOf(listener));
        auto got = co_await outcome(endpoint->connect(makeRef<Counting>(&record)));
        EXPECT_TRUE(!got && got.error().check<ConnectionRefusedError>());
        EXPECT_EQ(record.events, (Strings{"start", "stop"}));
    });
}

TEST_P(TcpEndpointsTest, anUnknownNameFailsAndIsNamedSlow) {
    CapturedLog log;
    std::string text;
    Reactor reactor(options());
    reactor.callWhenRunning([&] {
        clientFromString(reactor, "tcp:name.invalid:80")->connectStream().addBoth(
            [&](Result<Stream> stream) {
                EXPECT_TRUE(!stream && stream.error().check<DNSLookupError>());
                if (!stream) text = stream.error().getErrorMessage();
                reactor.stop();
            });
    });
    reactor.run(false);
    EXPECT_NE(text.find("name.invalid"), std::string::npos) << text;
}

TEST_P(TcpEndpointsTest, aBindAddressOfAnotherHostFails) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        auto endpoint = clientFromString(
            reactor, "tcp:127.0.0.1:" + portOf(listener) + ":bindAddress=203.0.113.9");
        auto stream = co_await outcome(endpoint->connectStream());
        EXPECT_TRUE(!stream && stream.error().check<ConnectBindError>());
        if (!stream) {
            EXPECT_EQ(stream.error().number(), EADDRNOTAVAIL);
        }
    });
}

TEST_P(TcpEndpointsTest, theTimeOutOfTheEndpointEndsTheAttempt) {
    run([](Reactor& reactor) -> Task<> {
        FullListener full;
        Record record;
        auto endpoint = clientFromString(
            reactor, "tcp:127.0.0.1:" + portOf(full.listener) + ":timeout=0.001");
        auto got = co_await outcome(endpoint->connect(makeRef<Counting>(&record)));
        EXPECT_TRUE(!got && got.error().check<TimeoutError>());
        if (!got) {
            EXPECT_NE(got.error().getErrorMessage().find("User timeout caused connection failure"),
                      std::string::npos);
        }
        EXPECT_EQ(record.events, (Strings{"start", "stop"}));
    });
}

TEST_P(TcpEndpointsTest, aCancelledAttemptNamesItsDestination) {
    run([](Reactor& reactor) -> Task<> {
        FullListener full;
        Record record;
        std::string where = "127.0.0.1:" + portOf(full.listener);
        int before = openDescriptors();
        auto connecting =
            clientFromString(reactor, "tcp:" + where)->connect(makeRef<Counting>(&record));
        co_await turns(reactor);
        EXPECT_FALSE(connecting.called());
        connecting.cancel();
        auto got = co_await outcome(connecting);
        EXPECT_TRUE(!got && got.error().check<ConnectingCancelledError>());
        if (!got) {
            EXPECT_FALSE(got.error().check<CancelledError>());
            EXPECT_FALSE(got.error().check<ConnectError>());
            EXPECT_NE(got.error().getErrorMessage().find(where), std::string::npos);
        }
        EXPECT_EQ(record.events, (Strings{"start", "stop"}));
        EXPECT_EQ(openDescriptors(), before);
    });
}

TEST_P(TcpEndpointsTest, aCancelledStreamAttemptNamesItsDestinationToo) {
    run([](Reactor& reactor) -> Task<> {
        FullListener full;
        auto endpoint = clientFromString(reactor, "tcp:127.0.0.1:" + portOf(full.listener));
        auto connecting = endpoint->connectStream();
        connecting.cancel();
        auto got = co_await outcome(connecting);
        EXPECT_TRUE(!got && got.error().check<ConnectingCancelledError>());
    });
}

TEST_P(TcpEndpointsTest, cancellingAfterSuccessLeavesTheConnection) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Record record;
        auto endpoint = clientFromString(reactor, "tcp:127.0.0.1:" + portOf(listener));
        auto connecting = endpoint->connect(factory<Recorder>(&record));
        co_await until(reactor, [&] { return connecting.called(); });
        connecting.cancel();
        co_await turns(reactor);
        EXPECT_EQ(record.lost, 0);
        EXPECT_TRUE(record.protocol->connected());
        co_await finish(reactor, &record);
    });
}

TEST_P(TcpEndpointsTest, aFactoryThatBuildsNothingFailsWithNoProtocolAndClosesInOrder) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Record record;
        auto counting = makeRef<Counting>(&record);
        counting->refuses = true;
        auto endpoint = clientFromString(reactor, "tcp:127.0.0.1:" + portOf(listener));
        auto got = co_await outcome(endpoint->connect(counting));
        EXPECT_TRUE(!got && got.error().check<NoProtocol>());
        Peer far = listener.accept();
        far.receive();
        EXPECT_TRUE(far.sawEnd());
        EXPECT_EQ(record.events, (Strings{"start", "stop"}));
    });
}

TEST_P(TcpEndpointsTest, whatBuildProtocolThrowsIsWhatConnectFailsWith) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Record record;
        auto counting = makeRef<Counting>(&record);
        counting->throws = true;
        auto endpoint = clientFromString(reactor, "tcp:127.0.0.1:" + portOf(listener));
        auto got = co_await outcome(endpoint->connect(counting));
        EXPECT_TRUE(!got && got.error().check<std::runtime_error>());
        Peer far = listener.accept();
        far.receive();
        EXPECT_TRUE(far.sawEnd());
        EXPECT_EQ(record.events, (Strings{"start", "stop"}));
    });
}

TEST_P(TcpEndpointsTest, whatConnectionMadeThrowsIsWhatConnectFailsWith) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        PlainListener listener;
        Record record;
        record.onMade = [](Recorder&) { throw std::runtime_error("bad start"); };
        auto endpoint = clientFromString(reactor, "tcp:127.0.0.1:" + portOf(listener));
        auto got = co_await outcome(endpoint->connect(factory<Recorder>(&record)));
        EXPECT_TRUE(!got && got.error().check<std::runtime_error>());
        co_await until(reactor, [&] { return record.lost == 1; });
        EXPECT_NE(record.reason.find("bad start"), std::string::npos);
    });
}

TEST_P(TcpEndpointsTest, connectProtocolGivesTheVeryProtocolWithItsType) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Record record;
        auto endpoint = clientFromString(reactor, "tcp:127.0.0.1:" + portOf(listener));
        auto mine = makeRef<Recorder>(&record);
        Ref<Recorder> got = co_await connectProtocol(endpoint, mine);
        EXPECT_EQ(got.get(), mine.get());
        EXPECT_EQ(got->factory(), nullptr);
        EXPECT_TRUE(got->connected());
        co_await finish(reactor, &record);
    });
}

TEST_P(TcpEndpointsTest, cancellingConnectProtocolCancelsTheAttempt) {
    run([](Reactor& reactor) -> Task<> {
        FullListener full;
        Record record;
        auto endpoint = clientFromString(reactor, "tcp:127.0.0.1:" + portOf(full.listener));
        auto connecting = connectProtocol(endpoint, makeRef<Recorder>(&record));
        co_await turns(reactor);
        connecting.cancel();
        auto got = co_await outcome(connecting);
        EXPECT_TRUE(!got && got.error().check<ConnectingCancelledError>());
        EXPECT_EQ(record.made, 0);
    });
}

TEST_P(TcpEndpointsTest, aStoppingReactorStopsTheFactoryAfterTheLoss) {
    PlainListener listener;
    Record record;
    auto counting = makeRef<Counting>(&record);
    Reactor reactor(options());
    reactor.callWhenRunning([&] {
        clientFromString(reactor, "tcp:127.0.0.1:" + portOf(listener))
            ->connect(counting)
            .addCallback([&](Ref<IProtocol>) { reactor.stop(); });
    });
    reactor.run(false);
    EXPECT_EQ(record.events, (Strings{"start", "made", "lost", "stop"}));
}

INSTANTIATE_TEST_SUITE_P(Drivers, TcpEndpointsTest, ::testing::ValuesIn(allDrivers()), nameOf);

}  // namespace
}  // namespace wring
