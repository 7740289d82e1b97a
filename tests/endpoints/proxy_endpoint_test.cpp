#include <wring/endpoints/proxy_endpoint.hpp>

#include <wring/net/peer.hpp>
#include <wring/net/proxy_header.hpp>

#include <wring/tests/endpoints/endpoint_strings.hpp>
#include <wring/tests/support/folder.hpp>
#include <wring/tests/support/streams.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ProxyEndpointTest = ReactorTest;

const std::string line4 = "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n";

Task<> tellEnds(Stream peer) {
    std::string ends = peer.getPeer().format() + " " + peer.getHost().format() + " ";
    co_await peer.write(ends);
    while (Bytes chunk = co_await peer.read()) co_await peer.write(std::move(chunk));
}

/// A port that wants headers, and the factory's record of what it serves.
struct Served {
    explicit Served(Reactor& reactor, const std::string& text = "tcp:0:interface=127.0.0.1") {
        record.onMade = [](Recorder& it) {
            ITransport& transport = it.transport();
            transport.write(transport.getPeer().format() + " " + transport.getHost().format() +
                            " ");
        };
        record.onData = [](Recorder& it, std::string_view data) { it.transport().write(data); };
        serverFromString(reactor, "haproxy:" + text)
            ->listen(factory<Recorder>(&record))
            .addCallback([this](Ref<IListeningPort> listening) { port = listening; });
    }
    Peer connect() const { return connectPeer(port->getHost()); }
    Record record;
    Ref<IListeningPort> port;
};

Task<> end(Reactor& reactor, Served* served) {
    co_await finish(reactor, &served->record);
    co_await served->port->drain(10s);
}

/// Waits until the server has cut the connection, and says how: 0 in order.
Task<int> endOf(Reactor& reactor, Peer* peer) {
    while (!peer->sawEnd() && !peer->error()) {
        peer->receive();
        co_await turns(reactor, 1);
    }
    co_return peer->error();
}

TEST_P(ProxyEndpointTest, theProtocolSeesTheEndsOfTheHeaderFromTheStart) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        Peer client = served.connect();
        client.send(line4 + "GET");
        std::string wanted = "192.0.2.1:56324 198.51.100.1:443 GET";
        EXPECT_EQ(co_await receiveText(reactor, &client, wanted.size()), wanted);
        EXPECT_EQ(served.record.received, "GET");
        const ProxyHeader* header = getProxyHeader(served.record.protocol->transport());
        EXPECT_TRUE(header && header->version == 1);
        EXPECT_EQ(served.port->connections(), 1u);
        co_await end(reactor, &served);
    });
}

TEST_P(ProxyEndpointTest, aCoroutineSeesThemToo) {
    run([](Reactor& reactor) -> Task<> {
        auto port = co_await serverFromString(reactor, "haproxy:tcp:0:interface=127.0.0.1")
                        ->listen(serve(tellEnds));
        Peer client = connectPeer(port->getHost());
        client.send(line4 + "GET");
        std::string wanted = "192.0.2.1:56324 198.51.100.1:443 GET";
        EXPECT_EQ(co_await receiveText(reactor, &client, wanted.size()), wanted);
        client.close();
        co_await port->drain(10s);
    });
}

TEST_P(ProxyEndpointTest, aHeaderMayBeCutAnywhere) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        for (std::size_t cut = 1; cut < line4.size() + 2; ++cut) {
            Peer client = served.connect();
            client.send((line4 + "GET").substr(0, cut));
            co_await turns(reactor, 4);
            EXPECT_EQ(served.record.made, served.record.lost + (cut >= line4.size())) << cut;
            client.send((line4 + "GET").substr(cut));
            co_await until(reactor, [&] { return served.record.received == "GET"; });
            client.close();
            co_await until(reactor, [&] { return served.record.made == served.record.lost; });
            served.record.received.clear();
        }
        co_await end(reactor, &served);
    });
}

TEST_P(ProxyEndpointTest, aHeaderMayComeByteByByte) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        Peer client = served.connect();
        for (char each : line4) {
            client.send(std::string(1, each));
            co_await turns(reactor, 2);
        }
        co_await until(reactor, [&] { return served.record.made == 1; });
        EXPECT_EQ(served.record.received, "");
        co_await end(reactor, &served);
    });
}

TEST_P(ProxyEndpointTest, aLongHeaderIsTakenWholeAndNothingMore) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        std::string header("\r\n\r\n\0\r\nQUIT\n\x21\x11", 14);
        constexpr std::size_t padding = 20000;
        std::size_t rest = 12 + 3 + padding;
        header += {static_cast<char>(rest >> 8), static_cast<char>(rest & 255)};
        header += std::string("\xc0\x00\x02\x01\xc6\x33\x64\x01\xdc\x04\x01\xbb", 12);
        header += {4, static_cast<char>(padding >> 8), static_cast<char>(padding & 255)};
        header += std::string(padding, 'x') + "payload";
        Peer client = served.connect();
        EXPECT_EQ(client.send(header), header.size());
        co_await until(reactor, [&] { return served.record.received == "payload"; });
        EXPECT_EQ(served.record.protocol->transport().getPeer().format(), "192.0.2.1:56324");
        co_await end(reactor, &served);
    });
}

TEST_P(ProxyEndpointTest, aHeaderThatTellsNoEndsLeavesTheRealOnes) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor);
        Peer client = served.connect();
        client.send("PROXY UNKNOWN\r\n");
        co_await until(reactor, [&] { return served.record.made == 1; });
        EXPECT_EQ(served.record.protocol->transport().getHost(), served.port->getHost());
        EXPECT_EQ(served.record.protocol->transport().getPeer().host(), "127.0.0.1");
        co_await end(reactor, &served);
    });
}

TEST_P(ProxyEndpointTest, whatIsNoHeaderIsResetAndNobodyIsTold) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        Served served(reactor);
        for (const char* text : {"GET / HTTP/1.1\r\n", "G", "PROXY TCP4 1.1.1.1 x", "\r\n\r\n\1"}) {
            Peer client = served.connect();
            client.send(text);
            EXPECT_EQ(co_await endOf(reactor, &client), ECONNRESET) << text;
        }
        EXPECT_EQ(served.record.made, 0);
        EXPECT_EQ(CapturedLog::lines().size(), 4u);
        EXPECT_TRUE(log.has("neither version 1 nor version 2"));
        co_await end(reactor, &served);
    });
}

TEST_P(ProxyEndpointTest, whoLeavesBeforeTheHeaderIsCompleteLeavesNothing) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        Served served(reactor);
        for (std::size_t bytes : {0u, 1u, 20u}) {
            Peer client = served.connect();
            client.send(line4.substr(0, bytes));
            client.finishSending();
            EXPECT_EQ(co_await endOf(reactor, &client), 0);
            Peer other = served.connect();
            other.send(line4.substr(0, bytes));
            other.reset();
            co_await turns(reactor, 4);
        }
        EXPECT_EQ(served.record.made, 0);
        EXPECT_TRUE(CapturedLog::lines().empty());
        co_await end(reactor, &served);
    });
}

TEST_P(ProxyEndpointTest, aHeaderThatDoesNotComeInTimeIsNotWaitedFor) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        Served served(reactor, "tcp:0:interface=127.0.0.1:headerTimeout=0.001");
        Peer client = served.connect();
        client.send("PROXY TCP4 ");
        EXPECT_EQ(co_await endOf(reactor, &client), ECONNRESET);
        EXPECT_EQ(served.record.made, 0);
        EXPECT_TRUE(log.has("did not come in time"));
        co_await end(reactor, &served);
    });
}

TEST_P(ProxyEndpointTest, whoIsNotTrustedIsResetUnread) {
    run([](Reactor& reactor) -> Task<> {
        Served served(reactor, "tcp:0:interface=127.0.0.1:trust=10.0.0.0/8,127.0.0.2");
        Peer client = served.connect();
        client.send(line4);
        EXPECT_EQ(co_await endOf(reactor, &client), ECONNRESET);
        EXPECT_EQ(served.record.made, 0);
        Peer trusted(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        Address local = *Address::parse("127.0.0.2", 0), where = served.port->getHost();
        EXPECT_EQ(::bind(trusted.fd(), local.sockaddrData(), local.sockaddrSize()), 0);
        EXPECT_EQ(::connect(trusted.fd(), where.sockaddrData(), where.sockaddrSize()), 0);
        trusted.send(line4);
        co_await until(reactor, [&] { return served.record.made == 1; });
        co_await end(reactor, &served);
    });
}

TEST_P(ProxyEndpointTest, standsInFrontOfAUnixSocketToo) {
    Folder folder;
    run(
        [](Reactor& reactor, std::string path) -> Task<> {
            Served served(reactor, "unix:" + path + ":mode=600:trust=unix");
            Stream client = co_await clientFromString(reactor, "unix:" + path)->connectStream();
            co_await client.write(line4);
            co_await until(reactor, [&] { return served.record.made == 1; });
            EXPECT_EQ(served.record.protocol->transport().getPeer().format(), "192.0.2.1:56324");
            co_await client.close();
            co_await end(reactor, &served);
        },
        folder / "sock");
}

TEST_P(ProxyEndpointTest, aStoppingReactorEndsTheWaitForAHeader) {
    Record record;
    Peer client;
    Reactor reactor(options());
    reactor.callWhenRunning([&] {
        serverFromString(reactor, "haproxy:tcp:0:interface=127.0.0.1")
            ->listen(factory<Recorder>(&record))
            .addCallback([&](Ref<IListeningPort> port) {
                client = connectPeer(port->getHost());
                client.send("PROXY ");
                reactor.callLater(1ms, [&] { reactor.stop(); });
            });
    });
    reactor.run(false);
    EXPECT_EQ(record.made, 0);
    EXPECT_EQ(reactor.resources(), 0u);
    EXPECT_TRUE(reactor.fibers().empty());
}

INSTANTIATE_TEST_SUITE_P(Drivers, ProxyEndpointTest, ::testing::ValuesIn(bothDrivers()), nameOf);

using ProxyStringTest = EndpointStringTest;

TEST_F(ProxyStringTest, whatFollowsIsADescriptionOfItsOwn) {
    for (const char* text : {"haproxy:tcp:0", "HAPROXY:TCP:0:interface=127.0.0.1", "haproxy:tcp6:0",
                             "haproxy:unix:/tmp/s:mode=600", "haproxy:haproxy:tcp:0",
                             "haproxy:tcp:0:trust=10.0.0.0/8,\\:\\:1,unix:headerTimeout=0.5"}) {
        EXPECT_EQ(server(text), "accepted") << text;
    }
    struct Bad {
        const char* text;
        const char* complaint;
    };
    for (Bad each : {Bad{"haproxy", "empty endpoint type"}, Bad{"haproxy:", "empty endpoint type"},
                     Bad{"haproxy:ftl:1", "unknown endpoint type 'ftl'"},
                     Bad{"haproxy:tcp:0:bogus=1", "tcp: unknown argument 'bogus'"},
                     Bad{"haproxy:tcp:99999", "port 99999 out of 0..65535"},
                     Bad{"haproxy:tcp:0:trust=", "trust is empty"},
                     Bad{"haproxy:tcp:0:trust=10.0.0.1/8", "'10.0.0.1/8' is neither an address"},
                     Bad{"haproxy:tcp:0:trust=unix,", "trust '' is neither an address"},
                     Bad{"haproxy:tcp:0:headerTimeout=0", "must be > 0"}}) {
        EXPECT_PRED2(has, server(each.text), each.complaint) << each.text;
    }
    EXPECT_PRED2(has, client("haproxy:tcp:h:1"), "unknown endpoint type 'haproxy'");
}

}  // namespace
}  // namespace wring
