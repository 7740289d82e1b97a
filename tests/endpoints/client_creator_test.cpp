#include <wring/endpoints/client_creator.hpp>

#include <wring/endpoints/reactor_ssl.hpp>
#include <wring/endpoints/reactor_tcp.hpp>
#include <wring/endpoints/reactor_unix.hpp>
#include <wring/tests/endpoints/closed_port.hpp>
#include <wring/tests/endpoints/service_record.hpp>
#include <wring/tests/support/folder.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/tls.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ClientCreatorTest = ReactorTest;

/// The two ends of the connections of one test.
struct Ends {
    Record served;
    Record made;
    Ref<IFactory> server = factory<Recorder>(&served);

    /// Says something both ways, and closes.
    Task<> talk(Reactor& reactor, Ref<Recorder> client, Ref<IListeningPort> port) {
        EXPECT_EQ(client.get(), made.protocol);
        client->transport().write("hello");
        co_await until(reactor, [&] { return served.received == "hello"; });
        client->transport().loseConnection();
        co_await until(reactor, [&] { return made.lost == 1 && served.lost == 1; });
        co_await port->stopListening();
    }
};

TEST_P(ClientCreatorTest, connectsAProtocolOfItsOwnOverTcp) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends;
        auto port = listenTCP(reactor, 0, ends.server, 50, "127.0.0.1");
        ClientCreator<Recorder> creator(reactor, &ends.made);
        auto client = co_await creator.connectTCP("127.0.0.1", port->getHost().port());
        co_await ends.talk(reactor, client, port);
    });
}

TEST_P(ClientCreatorTest, connectsOverAUnixSocket) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends;
        Folder folder;
        auto port = listenUNIX(reactor, folder / "server", ends.server);
        ClientCreator<Recorder> creator(reactor, &ends.made);
        auto client = co_await creator.connectUNIX(folder / "server");
        co_await ends.talk(reactor, client, port);
    });
}

TEST_P(ClientCreatorTest, connectsOverTls) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends;
        auto port = listenSSL(reactor, 0, ends.server, contextOf(testAuthority().server()), 50,
                              "localhost");
        ClientCreator<Recorder> creator(reactor, &ends.made);
        auto context = contextOf(testAuthority().client("localhost"));
        auto client = co_await creator.connectSSL("127.0.0.1", port->getHost().port(), context);
        co_await ends.talk(reactor, client, port);
    });
}

TEST_P(ClientCreatorTest, anAttemptThatFailsIsToldInALaterTurn) {
    run([](Reactor& reactor) -> Task<> {
        ClosedPort closed;
        Record record;
        ClientCreator<Recorder> creator(reactor, &record);
        std::string end;
        watch(creator.connectTCP("127.0.0.1", closed.port()), end);
        EXPECT_EQ(end, "waits");
        co_await until(reactor, [&] { return end != "waits"; });
        EXPECT_EQ(end, "ConnectionRefusedError");
        EXPECT_EQ(record.made, 0);
    });
}

TEST_P(ClientCreatorTest, aCancelWhileItConnectsLeavesNothing) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Record record;
        ClientCreator<Recorder> creator(reactor, &record);
        std::string end;
        auto connecting = creator.connectTCP("127.0.0.1", listener.address().port());
        watch(connecting, end);
        connecting.cancel();
        EXPECT_EQ(end, "CancelledError");
        co_await turns(reactor);
        EXPECT_EQ(record.made, 0);
    });
}

TEST_P(ClientCreatorTest, aCancelBetweenTheConnectionAndItsNewsCloses) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Record record;
        std::string end;
        std::optional<Deferred<Ref<Recorder>>> connecting;
        record.onMade = [&](Recorder&) {
            // The news comes with a later turn's timers.
            EXPECT_EQ(end, "waits");
            connecting->cancel();
            EXPECT_EQ(end, "CancelledError");
        };
        ClientCreator<Recorder> creator(reactor, &record);
        connecting = creator.connectTCP("127.0.0.1", listener.address().port());
        watch(*connecting, end);
        co_await until(reactor, [&] { return record.lost == 1; });
        co_await turns(reactor);
        EXPECT_EQ(end, "CancelledError");
    });
}

TEST_P(ClientCreatorTest, aCancelAfterThatChangesNothing) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends;
        auto port = listenTCP(reactor, 0, ends.server, 50, "127.0.0.1");
        ClientCreator<Recorder> creator(reactor, &ends.made);
        auto connecting = creator.connectTCP("127.0.0.1", port->getHost().port());
        co_await until(reactor, [&] { return connecting.called(); });
        connecting.cancel();
        auto client = co_await connecting;
        co_await ends.talk(reactor, client, port);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, ClientCreatorTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
