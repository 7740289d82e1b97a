#include <wring/endpoints/reactor_services.hpp>

#include <wring/tests/endpoints/client_record.hpp>
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

struct Counting final : DatagramProtocol {
    explicit Counting(Strings* kept) : events(kept) {}
    void startProtocol() override { events->push_back("start"); }
    void stopProtocol() override { events->push_back("stop"); }
    Strings* events;
};

TEST_P(ReactorServicesTest, aUdpServerServesAProtocol) {
    run([](Reactor& reactor) -> Task<> {
        Strings events;
        Ref<DatagramProtocol> protocol = makeRef<Counting>(&events);
        auto server = makeRef<UDPServer>(reactor, std::uint16_t{0}, protocol);
        server->privilegedStartService();
        EXPECT_EQ(events, Strings{"start"});
        server->startService();
        co_await server->stopService();
        EXPECT_EQ(events, (Strings{"start", "stop"}));
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, ReactorServicesTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
