#include <wring/endpoints/listening_port.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <stdexcept>
#include <thread>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using TcpPortTest = ReactorTest;

ListenOptions anyPort() { return ListenOptions(Address::loopback4(0), "127.0.0.1"); }

struct Counting final : Factory {
    explicit Counting(Record* kept) : record(kept) {}
    void startFactory() override { record->events.push_back("start"); }
    void stopFactory() override {
        record->events.push_back("stop");
        if (throwsAtStop) throw std::runtime_error("stopFactory fault");
    }
    Ref<IProtocol> buildProtocol(const Address&) override { return makeRef<Recorder>(record); }
    Record* record;
    bool throwsAtStop = false;
};

TEST_P(TcpPortTest, tellsThePortTheKernelChose) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Ref<IListeningPort> port = listenTCP(reactor, anyPort(), factory<Recorder>(&record));
        EXPECT_EQ(port->getHost().host(), "127.0.0.1");
        EXPECT_NE(port->getHost().port(), 0);
        EXPECT_FALSE(port->stopped().isSet());
        co_await port->stopListening();
    });
}

TEST_P(TcpPortTest, servesConnectionsAndCountsThem) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        record.onData = [](Recorder& it, std::string_view data) { it.transport().write(data); };
        Ref<IListeningPort> port = listenTCP(reactor, anyPort(), factory<Recorder>(&record));
        Peer client = connectPeer(port->getHost());
        client.send("ping");
        EXPECT_EQ(co_await receiveText(reactor, &client, 4), "ping");
        EXPECT_EQ(port->connections(), 1u);
        client.close();
        co_await until(reactor, [&] { return port->connections() == 0; });
        co_await port->stopListening();
    });
}

TEST_P(TcpPortTest, startsTheFactoryBeforeTheFirstConnectionAndStopsItWithThePort) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        auto counting = makeRef<Counting>(&record);
        Ref<IListeningPort> port = listenTCP(reactor, anyPort(), counting);
        EXPECT_EQ(counting->numPorts(), 1);
        Peer client = connectPeer(port->getHost());
        co_await until(reactor, [&] { return record.made == 1; });
        co_await port->stopListening();
        EXPECT_EQ(counting->numPorts(), 0);
        EXPECT_EQ(record.events, (Strings{"start", "made", "stop"}));
        co_await finish(reactor, &record);
    });
}

TEST_P(TcpPortTest, twoPortsMayShareAFactory) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        auto counting = makeRef<Counting>(&record);
        Ref<IListeningPort> first = listenTCP(reactor, anyPort(), counting);
        Ref<IListeningPort> second = listenTCP(reactor, anyPort(), counting);
        EXPECT_EQ(counting->numPorts(), 2);
        co_await first->stopListening();
        EXPECT_EQ(record.events, Strings{"start"});
        co_await second->stopListening();
        EXPECT_EQ(record.events, (Strings{"start", "stop"}));
    });
}

TEST_P(TcpPortTest, stopListeningFiresInALaterTurnAndRefusesAtOnce) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Ref<IListeningPort> port = listenTCP(reactor, anyPort(), factory<Recorder>(&record));
        Address where = port->getHost();
        co_await turns(reactor);
        Deferred<> stopping = port->stopListening();
        EXPECT_FALSE(stopping.called());
        EXPECT_EQ(connectPeer(where).fd(), -1);
        co_await stopping;
        EXPECT_TRUE(port->stopped().isSet());
        EXPECT_EQ(record.made, 0);
    });
}

TEST_P(TcpPortTest, everyStopListeningFires) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Ref<IListeningPort> port = listenTCP(reactor, anyPort(), factory<Recorder>(&record));
        Deferred<> first = port->stopListening();
        Deferred<> second = port->stopListening();
        co_await first;
        co_await second;
        Deferred<> third = port->stopListening();
        EXPECT_TRUE(third.called());
        co_await third;
    });
}

TEST_P(TcpPortTest, aCancelledStopListeningStopsAllTheSame) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Ref<IListeningPort> port = listenTCP(reactor, anyPort(), factory<Recorder>(&record));
        Deferred<> stopping = port->stopListening();
        stopping.cancel();
        auto stopped = co_await outcome(stopping);
        EXPECT_TRUE(stopped || stopped.error().check<CancelledError>());
        co_await port;
        EXPECT_EQ(reactor.resources(), 0u);
    });
}

TEST_P(TcpPortTest, stopListeningFailsWithWhatStopFactoryThrowsAndIsClosed) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        auto counting = makeRef<Counting>(&record);
        counting->throwsAtStop = true;
        Ref<IListeningPort> port = listenTCP(reactor, anyPort(), counting);
        Address where = port->getHost();
        auto stopped = co_await outcome(port->stopListening());
        EXPECT_TRUE(!stopped && stopped.error().check<std::runtime_error>());
        EXPECT_EQ(connectPeer(where).fd(), -1);
        port->startListening();
        EXPECT_FALSE(port->stopped().isSet());
        counting->throwsAtStop = false;
        co_await port->stopListening();
    });
}

TEST_P(TcpPortTest, listensAgainAfterItWasStopped) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Ref<IListeningPort> port = listenTCP(reactor, anyPort(), factory<Recorder>(&record));
        co_await port->stopListening();
        port->startListening();
        port->startListening();
        Peer client = connectPeer(port->getHost());
        co_await until(reactor, [&] { return record.made == 1; });
        co_await port->stopListening();
        co_await finish(reactor, &record);
    });
}

TEST_P(TcpPortTest, aPortInUseCannotBeListenedOnAndNothingStaysOpen) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Record record;
        auto counting = makeRef<Counting>(&record);
        int before = openDescriptors();
        std::string text;
        try {
            listenTCP(reactor, ListenOptions(listener.address(), "127.0.0.1"), counting);
        } catch (const CannotListenError& error) {
            text = error.what();
            EXPECT_EQ(error.number(), EADDRINUSE);
        }
        EXPECT_EQ(text, "Couldn't listen on " + listener.address().format() +
                            ": [Errno 98] Address already in use.");
        EXPECT_EQ(openDescriptors(), before);
        EXPECT_TRUE(record.events.empty());
        co_return;
    });
}

TEST_P(TcpPortTest, theErrorSaysAnyForEveryInterface) {
    EXPECT_STREQ(CannotListenError("", "80", EADDRINUSE).what(),
                 "Couldn't listen on any:80: [Errno 98] Address already in use.");
}

TEST_P(TcpPortTest, stoppingLeavesAcceptedConnectionsAlone) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        record.onData = [](Recorder& it, std::string_view data) { it.transport().write(data); };
        Ref<IListeningPort> port = listenTCP(reactor, anyPort(), factory<Recorder>(&record));
        Peer client = connectPeer(port->getHost());
        co_await until(reactor, [&] { return record.made == 1; });
        co_await port->stopListening();
        client.send("still there");
        EXPECT_EQ(co_await receiveText(reactor, &client, 11), "still there");
        co_await finish(reactor, &record);
    });
}

TEST_P(TcpPortTest, drainLetsConnectionsFinish) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Ref<IListeningPort> port = listenTCP(reactor, anyPort(), factory<Recorder>(&record));
        Peer client = connectPeer(port->getHost());
        co_await until(reactor, [&] { return record.made == 1; });
        Deferred<> draining = port->drain(10s);
        co_await port;
        EXPECT_FALSE(draining.called());
        EXPECT_EQ(record.lost, 0);
        client.close();
        co_await draining;
        EXPECT_EQ(record.reason, "ConnectionDone: Connection was closed cleanly.");
        EXPECT_EQ(port->connections(), 0u);
    });
}

TEST_P(TcpPortTest, drainAbortsWhatIsLeftAfterTheLimit) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Ref<IListeningPort> port = listenTCP(reactor, anyPort(), factory<Recorder>(&record));
        Peer first = connectPeer(port->getHost()), second = connectPeer(port->getHost());
        co_await until(reactor, [&] { return record.made == 2; });
        co_await port->drain(1ms);
        EXPECT_EQ(record.lost, 2);
        EXPECT_EQ(record.reason.rfind("ConnectionAborted", 0), 0u);
        first.receive();
        EXPECT_EQ(first.error(), ECONNRESET);
    });
}

TEST_P(TcpPortTest, drainOfAnIdlePortNeedsNoLimit) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Ref<IListeningPort> port = listenTCP(reactor, anyPort(), factory<Recorder>(&record));
        Time begun = reactor.now();
        co_await port->drain(1h);
        EXPECT_LT(reactor.now() - begun, 10s);
        EXPECT_TRUE(port->stopped().isSet());
    });
}

TEST_P(TcpPortTest, aHandleCanBeAwaitedUntilItHasStopped) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Ref<IListeningPort> port = listenTCP(reactor, anyPort(), factory<Recorder>(&record));
        auto body = [](Ref<IListeningPort> awaited) -> Task<> { co_await awaited; };
        auto waiting = startCall(body, port);
        co_await turns(reactor);
        EXPECT_FALSE(waiting.called());
        co_await port->stopListening();
        co_await waiting;
    });
}

TEST_P(TcpPortTest, listensOnWithoutAHandleUntilTheReactorStops) {
    Record record;
    auto counting = makeRef<Counting>(&record);
    Reactor reactor(options());
    Peer client;
    reactor.callWhenRunning([&] {
        Address where = listenTCP(reactor, anyPort(), counting)->getHost();
        client = connectPeer(where);
        record.onMade = [&](Recorder&) { reactor.stop(); };
    });
    reactor.run(false);
    EXPECT_EQ(record.made, 1);
    EXPECT_EQ(record.lost, 1);
    EXPECT_EQ(counting->numPorts(), 0);
    EXPECT_EQ(reactor.resources(), 0u);
}

/// Whether this thread, from now on, may not bind the ports that are for the privileged: in a
/// network of its own, where no sysctl has given them to everybody.
bool dropPrivilege() {
    if (::unshare(CLONE_NEWNET) != 0) return false;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[2] = {};
    if (::syscall(SYS_capget, &header, sets) != 0) return false;
    sets[0].effective &= ~(1u << CAP_NET_BIND_SERVICE);
    return ::syscall(SYS_capset, &header, sets) == 0;
}

TEST(PrivilegedPortTest, whoMayNotHaveItIsToldWhatItTakes) {
    std::string text = "it listens";
    bool isPossible = false;
    std::thread([&] {
        if (!(isPossible = dropPrivilege())) return;
        Reactor reactor{ReactorOptions("epoll")};
        ListenOptions options(Address::any4(IPPORT_RESERVED - 1), "");
        Record record;
        try {
            listenTCP(reactor, options, factory<Recorder>(&record));
        } catch (const CannotListenError& error) {
            text = error.what();
            EXPECT_EQ(error.number(), EACCES);
        }
    }).join();
    if (!isPossible) GTEST_SKIP() << "no network of its own without CAP_SYS_ADMIN";
    EXPECT_EQ(
        text,
        "Couldn't listen on any:1023: [Errno 13] Permission denied: ports below 1024 need the "
        "capability CAP_NET_BIND_SERVICE, or a lower net.ipv4.ip_unprivileged_port_start.");
}

INSTANTIATE_TEST_SUITE_P(Drivers, TcpPortTest, ::testing::ValuesIn(allDrivers()), nameOf);

}  // namespace
}  // namespace wring
