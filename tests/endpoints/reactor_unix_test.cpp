#include <wring/endpoints/reactor_unix.hpp>

#include <wring/net/errors.hpp>
#include <wring/net/peer.hpp>
#include <wring/net/unix_address.hpp>
#include <wring/net/unix_errors.hpp>
#include <wring/net/wrapping_factory.hpp>
#include <wring/tests/endpoints/client_record.hpp>
#include <wring/tests/support/folder.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <sys/stat.h>
#include <unistd.h>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ReactorUnixTest = ReactorTest;
using State = IConnector::State;

struct Echo : Protocol {
    void dataReceived(BytesView data) override { transport().write(data); }
};

Task<> ended(Reactor& reactor, Ref<IConnector> connector) {
    while (connector->state() != State::disconnected) co_await turns(reactor, 1);
    co_await turns(reactor);
}

mode_t modeOf(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
}

/// A listening socket at a path, whose backlog is full.
struct FullPath {
    explicit FullPath(const std::string& path)
        : listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
          waiting(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        Address address = Address::fromPath(path).value();
        EXPECT_EQ(::bind(listener.fd(), address.sockaddrData(), address.sockaddrSize()), 0);
        EXPECT_EQ(::listen(listener.fd(), 0), 0);
        EXPECT_EQ(::connect(waiting.fd(), address.sockaddrData(), address.sockaddrSize()), 0);
    }
    Peer listener;
    Peer waiting;
};

/// Waits for an attempt to fail; gives the reason.
Task<std::string> failureOf(Reactor& reactor, ClientRecord* record, Ref<IConnector> connector) {
    co_await ended(reactor, connector);
    EXPECT_EQ(record->events, (Strings{"start", "connecting", "connectionFailed", "stop"}));
    co_return record->reason;
}

TEST_P(ReactorUnixTest, aClientTalksToAServer) {
    run([](Reactor& reactor) -> Task<> {
        Folder folder;
        ClientRecord record;
        auto port = listenUNIX(reactor, folder / "socket", factory<Echo>(), 50, 0640, true);
        EXPECT_EQ(modeOf(folder / "socket"), 0640u);
        record.on = [&](const std::string& event) {
            if (event == "made") record.protocol->transport().write("hello");
            if (event == "hello") record.connector->disconnect();
        };
        auto connector = connectUNIX(reactor, folder / "socket",
                                     makeRef<RecordingClientFactory>(record), 30s, true);
        EXPECT_EQ(record.events, (Strings{"start", "connecting"}));
        EXPECT_EQ(connector->getDestination(), Destination(folder / "socket"));
        co_await ended(reactor, connector);
        EXPECT_EQ(record.events, (Strings{"start", "connecting", "build", "made", "hello", "lost",
                                          "connectionLost", "stop"}));
        EXPECT_EQ(record.reason, "ConnectionDone: Connection was closed cleanly.");
        co_await port->drain(10s);
        EXPECT_EQ(folder.size(), 0u);
    });
}

TEST_P(ReactorUnixTest, aConnectorConnectsAgain) {
    run([](Reactor& reactor) -> Task<> {
        Folder folder;
        ClientRecord record;
        auto port = listenUNIX(reactor, folder / "socket", factory<Echo>());
        auto connector =
            connectUNIX(reactor, folder / "socket", makeRef<RecordingClientFactory>(record));
        for (int i = 0; i < 3; ++i) {
            co_await until(reactor, [&] { return connector->state() == State::connected; });
            connector->disconnect();
            co_await ended(reactor, connector);
            EXPECT_EQ(record.events, (Strings{"start", "connecting", "build", "made", "lost",
                                              "connectionLost", "stop"}));
            record.events.clear();
            if (i < 2) connector->connect();
        }
        co_await port->drain(10s);
    });
}

TEST_P(ReactorUnixTest, anAttemptFailsWhereNobodyListens) {
    run([](Reactor& reactor) -> Task<> {
        Folder folder;
        ClientRecord nothing, unlocked;
        auto first =
            connectUNIX(reactor, folder / "none", makeRef<RecordingClientFactory>(nothing));
        std::string reason = co_await failureOf(reactor, &nothing, first);
        EXPECT_EQ(reason.substr(0, 13), "ConnectError:");
        auto port = listenUNIX(reactor, folder / "socket", factory<Echo>());
        auto second = connectUNIX(reactor, folder / "socket",
                                  makeRef<RecordingClientFactory>(unlocked), 30s, true);
        reason = co_await failureOf(reactor, &unlocked, second);
        EXPECT_EQ(reason.substr(0, 13), "BadFileError:");
        co_await port->stopListening();
    });
}

TEST_P(ReactorUnixTest, theTimeOutCoversTheTurnInTheBacklog) {
    run([](Reactor& reactor) -> Task<> {
        Folder folder;
        FullPath full(folder / "socket");
        ClientRecord record;
        auto connector =
            connectUNIX(reactor, folder / "socket", makeRef<RecordingClientFactory>(record), 1ms);
        std::string reason = co_await failureOf(reactor, &record, connector);
        EXPECT_EQ(reason.substr(0, 13), "TimeoutError:");
    });
}

TEST_P(ReactorUnixTest, stopConnectingLeavesNothingBehind) {
    run([](Reactor& reactor) -> Task<> {
        Folder folder;
        FullPath full(folder / "socket");
        ClientRecord record;
        int before = openDescriptors();
        auto connector =
            connectUNIX(reactor, folder / "socket", makeRef<RecordingClientFactory>(record));
        co_await turns(reactor);
        EXPECT_EQ(openDescriptors(), before + 1);
        connector->stopConnecting();
        EXPECT_EQ(record.reason, "UserError: User aborted connection.");
        co_await until(reactor, [&] { return openDescriptors() == before; });
        EXPECT_EQ(record.events, (Strings{"start", "connecting", "connectionFailed", "stop"}));
    });
}

TEST_P(ReactorUnixTest, disconnectingAfterTheLossDoesNothing) {
    run([](Reactor& reactor) -> Task<> {
        Folder folder;
        ClientRecord record;
        auto port = listenUNIX(reactor, folder / "socket", factory<Echo>());
        auto connector =
            connectUNIX(reactor, folder / "socket", makeRef<RecordingClientFactory>(record));
        co_await until(reactor, [&] { return connector->state() == State::connected; });
        record.protocol->transport().abortConnection();
        co_await ended(reactor, connector);
        std::size_t events = record.events.size();
        connector->disconnect();
        co_await turns(reactor);
        EXPECT_EQ(record.events.size(), events);
        EXPECT_THROW(connector->stopConnecting(), NotConnectingError);
        co_await port->drain(10s);
    });
}

TEST_P(ReactorUnixTest, listenUNIXThrowsWhereItCannotListen) {
    run([](Reactor& reactor) -> Task<> {
        Folder folder;
        auto port = listenUNIX(reactor, folder / "socket", factory<Echo>());
        EXPECT_THROW(listenUNIX(reactor, folder / "socket", factory<Echo>()), CannotListenError);
        EXPECT_THROW(listenUNIX(reactor, folder / "no/socket", factory<Echo>()), CannotListenError);
        EXPECT_EQ(folder.size(), 1u);
        co_await port->stopListening();
    });
}

TEST_P(ReactorUnixTest, whoThePeerIsCanBeAskedThroughPolicies) {
    run([](Reactor& reactor) -> Task<> {
        Folder folder;
        Record record;
        std::optional<PeerCredentials> peer;
        record.onMade = [&](Recorder& it) { peer = getPeerCredentials(it.transport()); };
        auto inner = makeRef<WrappingFactory>(factory<Recorder>(&record));
        auto port = listenUNIX(reactor, folder / "socket", makeRef<WrappingFactory>(inner));
        ClientRecord client;
        auto connector =
            connectUNIX(reactor, folder / "socket", makeRef<RecordingClientFactory>(client));
        co_await until(reactor, [&] { return record.made == 1; });
        EXPECT_TRUE(peer && peer->pid == ::getpid() && peer->uid == ::getuid());
        EXPECT_EQ(getProxyHeader(record.protocol->transport()), nullptr);
        co_await finish(reactor, &record);
        co_await ended(reactor, connector);
        co_await port->drain(10s);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, ReactorUnixTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
