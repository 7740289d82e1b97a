#include <wring/endpoints/reactor_services.hpp>

#include <wring/tests/endpoints/client_record.hpp>
#include <wring/tests/support/datagrams.hpp>
#include <wring/tests/support/folder.hpp>
#include <wring/tests/support/own_loopback.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/tls.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ReactorServicesTest = ReactorTest;

/// A server and a client, which start and stop together; told in time, both may start again.
Task<> runBoth(Reactor& reactor, Ref<Service> server, Ref<Service> client, ClientRecord* made,
               Record* served) {
    for (int round = 1; round <= 2; ++round) {
        server->privilegedStartService();
        client->privilegedStartService();
        EXPECT_FALSE(server->running());
        EXPECT_EQ(made->events, Strings()) << "a client is not there before its start";
        server->startService();
        client->startService();
        EXPECT_TRUE(client->running());
        co_await until(reactor, [&] { return served->made == round; });
        co_await until(reactor, [&] { return made->events.back() == "made"; });
        co_await server->stopService();
        co_await client->stopService();
        EXPECT_FALSE(server->running());
        EXPECT_FALSE(client->running());
        co_await until(reactor, [&] { return made->events.back() == "stop"; });
        co_await until(reactor, [&] { return served->lost == round; });
        made->events.clear();
    }
    co_await server->stopService();
    co_await client->stopService();
}

TEST_P(ReactorServicesTest, aUnixServerAndItsClientStartAndStopAndStartAgain) {
    run([](Reactor& reactor) -> Task<> {
        Folder folder;
        Record served;
        ClientRecord made;
        auto server = makeRef<UNIXServer>(reactor, folder / "server", factory<Recorder>(&served));
        Ref<ClientFactory> recording = makeRef<RecordingClientFactory>(made);
        auto client = makeRef<UNIXClient>(reactor, folder / "server", recording);
        co_await runBoth(reactor, server, client, &made, &served);
    });
}

/// A port of an address that is this process's own, so that it stays free.
Task<std::uint16_t> freePort(Reactor& reactor) {
    auto port = listenTCP(reactor, 0, factory<Protocol>(), 50, ownLoopback());
    std::uint16_t number = port->getHost().port();
    co_await port->stopListening();
    co_return number;
}

TEST_P(ReactorServicesTest, aTcpServerAndItsClientDoSo) {
    run([](Reactor& reactor) -> Task<> {
        std::uint16_t port = co_await freePort(reactor);
        Record served;
        ClientRecord made;
        auto server =
            makeRef<TCPServer>(reactor, port, factory<Recorder>(&served), 50, ownLoopback());
        Ref<ClientFactory> recording = makeRef<RecordingClientFactory>(made);
        auto client = makeRef<TCPClient>(reactor, ownLoopback(), port, recording);
        co_await runBoth(reactor, server, client, &made, &served);
    });
}

TEST_P(ReactorServicesTest, aTlsServerAndItsClientDoSo) {
    run([](Reactor& reactor) -> Task<> {
        Record served;
        ClientRecord made;
        auto mine = contextOf(testAuthority().server());
        auto theirs = contextOf(testAuthority().client("localhost"));
        Ref<ClientFactory> recording = makeRef<RecordingClientFactory>(made);
        std::uint16_t port = co_await freePort(reactor);
        auto server =
            makeRef<SSLServer>(reactor, port, factory<Recorder>(&served), mine, 50, ownLoopback());
        auto client = makeRef<SSLClient>(reactor, ownLoopback(), port, recording, theirs);
        co_await runBoth(reactor, server, client, &made, &served);
    });
}

TEST_P(ReactorServicesTest, aStartThrowsWhatTheFunctionDoes) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener taken;
        Record served;
        auto server = makeRef<TCPServer>(reactor, taken.address().port(),
                                         factory<Recorder>(&served), 50, std::string("127.0.0.1"));
        EXPECT_THROW(server->privilegedStartService(), CannotListenError);
        taken.close();
        server->startService();
        co_await server->stopService();
    });
}

TEST_P(ReactorServicesTest, destroyedItClosesWhatItHasOpened) {
    run([](Reactor& reactor) -> Task<> {
        Folder folder;
        Record served;
        auto server = makeRef<UNIXServer>(reactor, folder / "server", factory<Recorder>(&served));
        server->startService();
        EXPECT_GT(folder.size(), 0u);
        server = nullptr;
        co_await until(reactor, [&] { return folder.size() == 0; });
    });
}

/// Opens and closes its socket with each start and stop; a client opens it in its start proper.
Task<> runDatagrams(Ref<Service> service, const Happened* happened, bool isServer) {
    Strings expected;
    for (int round = 1; round <= 2; ++round) {
        service->privilegedStartService();
        if (isServer) expected.push_back("start");
        EXPECT_EQ(happened->events, expected);
        service->startService();
        if (!isServer) expected.push_back("start");
        EXPECT_EQ(happened->events, expected);
        co_await service->stopService();
        expected.push_back("stop");
        EXPECT_EQ(happened->events, expected);
        EXPECT_FALSE(service->running());
    }
    co_await service->stopService();
    EXPECT_EQ(happened->events, expected);
}

TEST_P(ReactorServicesTest, aUdpServerServesAProtocol) {
    run([](Reactor& reactor) -> Task<> {
        Happened happened;
        Ref<DatagramProtocol> protocol = makeRef<Recording>(&happened);
        auto server = makeRef<UDPServer>(reactor, std::uint16_t{0}, protocol);
        co_await runDatagrams(server, &happened, true);
    });
}

/// A UNIX datagram server and its client, in a folder of their own.
struct DatagramPlace {
    explicit DatagramPlace(Reactor& reactor) {
        Ref<DatagramProtocol> serving = makeRef<Recording>(&served);
        server = makeRef<UNIXDatagramServer>(reactor, folder / "server", serving);
        UNIXDatagramOptions named;
        named.bindAddress = folder / "client";
        client = makeRef<UNIXDatagramClient>(reactor, folder / "server", asking, named);
    }
    Folder folder;
    Happened served, asked;
    Ref<ConnectedDatagramProtocol> asking = makeRef<RecordingClient>(&asked);
    Ref<Service> server, client;
};

TEST_P(ReactorServicesTest, aUnixDatagramServerAndItsClientOpenAndCloseTheirSockets) {
    run([](Reactor& reactor) -> Task<> {
        DatagramPlace here(reactor);
        co_await runDatagrams(here.server, &here.served, true);
        EXPECT_EQ(here.folder.size(), 0u);
        here.server->startService();
        co_await runDatagrams(here.client, &here.asked, false);
        here.client->startService();
        here.asking->transport().write("over here");
        co_await untilHappened(&reactor, &here.served, 6);
        EXPECT_EQ(here.served.events.back(), "'over here'");
        EXPECT_EQ(here.served.from.path(), here.folder / "client");
        co_await here.client->stopService();
        co_await here.server->stopService();
        EXPECT_EQ(here.folder.size(), 0u);
    });
}

TEST_P(ReactorServicesTest, aUnixDatagramClientWithoutAServerIsToldSo) {
    run([](Reactor& reactor) -> Task<> {
        DatagramPlace here(reactor);
        here.client->startService();
        EXPECT_EQ(here.asked.events, Strings{"failed ConnectError 2"});
        EXPECT_TRUE(here.client->running());
        co_await here.client->stopService();
        EXPECT_FALSE(here.client->running());
        EXPECT_EQ(here.folder.size(), 0u);
    });
}

/// A group of this process's own.
Address ownGroup(std::uint16_t port) {
    return *Address::parse("239" + ownLoopback().substr(3), port);
}

struct Joining final : DatagramProtocol {
    explicit Joining(Strings* kept) : heard(kept) {}
    void startProtocol() override {
        transport().joinGroup(ownGroup(0), Address::loopback4(0));
        transport().setOutgoingInterface(Address::loopback4(0));
    }
    void datagramReceived(BytesView data, const Address&) override {
        heard->emplace_back(asText(data));
    }
    Strings* heard;
};

TEST_P(ReactorServicesTest, multicastServersOfOnePortAllHearTheirGroup) {
    run([](Reactor& reactor) -> Task<> {
        Strings first, second;
        UdpOptions shared;
        shared.listenMultiple = true;
        auto speaker = listenUDP(reactor, 0, makeRef<Joining>(&first), shared);
        std::uint16_t port = speaker->getHost().port();
        Ref<DatagramProtocol> joining = makeRef<Joining>(&second);
        auto server = makeRef<MulticastServer>(reactor, port, joining, shared);
        server->startService();
        speaker->write("to both", ownGroup(port));
        co_await until(reactor, [&] { return first.size() + second.size() == 2; });
        co_await server->stopService();
        speaker->write("to one", ownGroup(port));
        co_await until(reactor, [&] { return first.size() == 2; });
        EXPECT_EQ(first, (Strings{"to both", "to one"}));
        EXPECT_EQ(second, Strings{"to both"});
        co_await speaker->stopListening();
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, ReactorServicesTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
