// PROXY headers and TLS on one connection, in either order.
#include <wring/endpoints/proxy_endpoint.hpp>

#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/tls_endpoints.hpp>
#include <wring/net/peer.hpp>
#include <wring/tests/support/tls.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using SecuredProxyTest = ReactorTest;

const std::string line = "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n";
const std::string cleanly = "ConnectionDone: Connection was closed cleanly.";

Ref<IStreamServerEndpoint> loopback(Reactor& reactor) {
    return serverFromString(reactor, "tcp:0:interface=127.0.0.1");
}

Ref<IStreamServerEndpoint> securing(Ref<IStreamServerEndpoint> inner) {
    auto context = contextOf(testAuthority().server());
    return makeRef<TLSServerEndpoint>(std::move(context), std::move(inner));
}

/// The header inside of TLS, or in clear before it.
Ref<IStreamServerEndpoint> inside(Reactor& reactor, Duration limit = 5s) {
    ProxyOptions options;
    options.headerTimeout = limit;
    return proxyEndpoint(securing(loopback(reactor)), options);
}
Ref<IStreamServerEndpoint> before(Reactor& reactor) {
    return securing(proxyEndpoint(loopback(reactor)));
}

/// A port whose protocols greet, and the record of what they were told.
struct Served {
    explicit Served(Ref<IStreamServerEndpoint> endpoint) {
        record.onMade = [](Recorder& it) {
            ITransport& transport = it.transport();
            transport.write(transport.getPeer().format() + " " + transport.getHost().format() +
                            " ");
        };
        endpoint->listen(factory<Recorder>(&record)).addCallback([this](Ref<IListeningPort> made) {
            port = made;
        });
    }
    Stream connect(Reactor& reactor) const {
        Peer peer = connectPeer(port->getHost());
        return Stream(Socket(reactor, peer.release()));
    }
    CapturedLog quiet;
    Record record;
    Ref<IListeningPort> port;
};

Task<> secure(Stream* stream) {
    auto context = contextOf(testAuthority().client());
    co_await stream->startTLS(context, TLSRole::client);
}

/// Expects the protocol to be served as the header says, and `text` to have come behind that.
Task<> expectServed(Reactor& reactor, Served* served, Stream* client, std::string text) {
    std::string wanted = "192.0.2.1:56324 198.51.100.1:443 ";
    EXPECT_EQ(co_await readExactText(client, wanted.size()), wanted);
    co_await until(reactor, [&] { return served->record.received == text; });
    ITransport& transport = served->record.protocol->transport();
    EXPECT_TRUE(transport.isSecure());
    EXPECT_TRUE(getProxyHeader(transport));
    EXPECT_EQ(served->port->connections(), 1u);
    co_await client->close();
    co_await until(reactor, [&] { return served->record.lost == 1; });
    EXPECT_EQ(served->record.reason, cleanly);
    co_await served->port->drain(10s);
}

TEST_P(SecuredProxyTest, aHeaderInsideIsTakenAndNothingBehindIt) {
    run([](Reactor& reactor) -> Task<> {
        Served served(inside(reactor));
        Stream client = served.connect(reactor);
        co_await secure(&client);
        std::string all = line + "GET";
        co_await client.write(all);
        co_await expectServed(reactor, &served, &client, "GET");
    });
}

TEST_P(SecuredProxyTest, aHeaderInsideMayComeInPieces) {
    run([](Reactor& reactor) -> Task<> {
        Served served(inside(reactor));
        Stream client = served.connect(reactor);
        co_await secure(&client);
        for (std::size_t at = 0; at < line.size(); at += 7) {
            EXPECT_EQ(served.record.made, 0);
            std::string piece = line.substr(at, 7);
            co_await client.write(piece);
            co_await turns(reactor, 2);
        }
        co_await expectServed(reactor, &served, &client, "");
    });
}

TEST_P(SecuredProxyTest, aHeaderInClearMayComeBeforeTheHandshake) {
    run([](Reactor& reactor) -> Task<> {
        Served served(before(reactor));
        Stream client = served.connect(reactor);
        co_await client.write(line);
        co_await secure(&client);
        co_await client.write("GET");
        co_await expectServed(reactor, &served, &client, "GET");
    });
}

TEST_P(SecuredProxyTest, whatIsNoHeaderInsideIsResetAndNobodyIsTold) {
    run([](Reactor& reactor) -> Task<> {
        Served served(inside(reactor));
        Stream client = served.connect(reactor);
        co_await secure(&client);
        co_await client.write("GET / HTTP/1.1\r\n");
        auto got = co_await outcome(client.read());
        EXPECT_TRUE(!got && got.error().check<ConnectionLost>());
        EXPECT_TRUE(served.quiet.has("neither version 1 nor version 2"));
        co_await served.port->drain(10s);
        EXPECT_EQ(served.record.made, 0);
    });
}

TEST_P(SecuredProxyTest, whoLeavesBeforeTheHeaderInsideIsCompleteLeavesNothing) {
    run([](Reactor& reactor) -> Task<> {
        Served served(inside(reactor));
        Stream client = served.connect(reactor);
        co_await secure(&client);
        co_await client.write("PROXY ");
        co_await client.shutdownSend();
        auto got = co_await outcome(client.read());
        EXPECT_TRUE(got && !*got);
        co_await served.port->drain(10s);
        EXPECT_EQ(served.record.made, 0);
    });
}

TEST_P(SecuredProxyTest, aHeaderInsideThatDoesNotComeInTimeIsNotWaitedFor) {
    run([](Reactor& reactor) -> Task<> {
        Served served(inside(reactor, 1ms));
        Stream client = served.connect(reactor);
        co_await secure(&client);
        auto got = co_await outcome(client.read());
        EXPECT_TRUE(!got && got.error().check<ConnectionLost>());
        EXPECT_TRUE(served.quiet.has("did not come in time"));
        co_await served.port->drain(10s);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, SecuredProxyTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
