#include <wring/endpoints/hostname_endpoint.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/net/hostname.hpp>

#include <wring/tests/endpoints/closed_port.hpp>
#include <wring/tests/support/fake_resolver.hpp>
#include <wring/tests/support/own_loopback.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using HostnameEndpointTest = ReactorTest;

std::string to(std::uint16_t port) { return "tcp:host.test:" + std::to_string(port); }

/// A client's factory that writes down when it is in use.
struct Noting final : ClientFactory {
    explicit Noting(Record* kept) : record(kept) {}
    void startFactory() override { record->events.push_back("start"); }
    void stopFactory() override { record->events.push_back("stop"); }
    Ref<IProtocol> buildProtocol(const Address&) override { return makeRef<Recorder>(record); }
    Record* record;
};

/// Connects by a description and gives the failure, which there must be.
Task<> failTo(Reactor* reactor, Failure* failure, std::string description) {
    auto stream = co_await outcome(clientFromString(*reactor, description)->connectStream());
    EXPECT_FALSE(stream) << description;
    if (!stream) *failure = stream.error();
}

TEST_P(HostnameEndpointTest, aDescriptionWithANameResolvesItAndConnects) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        auto names = fakeNames(reactor, {"127.0.0.1"});
        Stream stream =
            co_await clientFromString(reactor, to(listener.address().port()))->connectStream();
        EXPECT_EQ(stream.getPeer(), listener.address());
        EXPECT_EQ(names->asked, Strings{"host.test"});
    });
}

TEST_P(HostnameEndpointTest, oneAddressRefusesAndTheSecondIsConnected) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        fakeNames(reactor, {"127.0.0.2", "127.0.0.1"});
        Record record;
        auto endpoint = clientFromString(reactor, to(listener.address().port()));
        auto protocol = co_await endpoint->connect(makeRef<Noting>(&record));
        EXPECT_EQ(record.protocol->transport().getPeer(), listener.address());
        EXPECT_EQ(record.events, (Strings{"start", "made"}));
        co_await finish(reactor, &record);
    });
}

TEST_P(HostnameEndpointTest, allRefuseAndTheFailureNamesThem) {
    run([](Reactor& reactor) -> Task<> {
        ClosedPort closed;
        fakeNames(reactor, {"127.0.0.1", "127.0.0.1", "127.0.0.3"});
        std::string port = std::to_string(closed.port());
        Failure failure = Failure::of<Error>();
        co_await failTo(&reactor, &failure, to(closed.port()));
        EXPECT_TRUE(failure.check<ConnectionRefusedError>());
        EXPECT_EQ(
            failure.getErrorMessage(),
            "Connection was refused by other side: 111: Connection refused: tried 127.0.0.1:" +
                port + ", 127.0.0.3:" + port + ".");
    });
}

TEST_P(HostnameEndpointTest, noAddressesAndALookUpThatFailedAreTold) {
    run([](Reactor& reactor) -> Task<> {
        auto names = fakeNames(reactor);
        Failure failure = Failure::of<Error>();
        co_await failTo(&reactor, &failure, to(80));
        EXPECT_TRUE(failure.check<DNSLookupError>());
        EXPECT_EQ(failure.getErrorMessage(),
                  "DNS lookup failed: no results for hostname lookup: host.test.");
        names->failure = Failure(DNSLookupError(0, "resolve", "address 'host.test' not found"));
        co_await failTo(&reactor, &failure, to(80));
        EXPECT_EQ(failure.getErrorMessage(), "DNS lookup failed: address 'host.test' not found.");
    });
}

TEST_P(HostnameEndpointTest, aTextThatIsNoNameFailsWhenConnectingAndNotBefore) {
    run([](Reactor& reactor) -> Task<> {
        auto names = fakeNames(reactor, {"127.0.0.1"});
        Failure failure = Failure::of<Error>();
        co_await failTo(&reactor, &failure, "tcp:a..b:80");
        EXPECT_TRUE(failure.check<InvalidHostnameError>());
        EXPECT_EQ(failure.getErrorMessage(), "Invalid hostname: 'a..b': a label is empty.");
        EXPECT_TRUE(names->asked.empty());
    });
}

TEST_P(HostnameEndpointTest, localhostIsTriedInBothFamilies) {
    run([](Reactor& reactor) -> Task<> {
        ClosedPort closed;
        Failure failure = Failure::of<Error>();
        co_await failTo(&reactor, &failure, "tcp:localhost:" + std::to_string(closed.port()));
        EXPECT_TRUE(failure.check<ConnectionRefusedError>());
        std::string text = failure.getErrorMessage();
        EXPECT_NE(text.find("tried 127.0.0.1:"), std::string::npos) << text;
        EXPECT_NE(text.find(", [::1]:"), std::string::npos) << text;
    });
}

TEST_P(HostnameEndpointTest, aLocalAddressLimitsTheFamily) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        auto names = fakeNames(reactor, {"127.0.0.1"});
        Stream stream = co_await clientFromString(
                            reactor, to(listener.address().port()) + ":bindAddress=127.0.0.4")
                            ->connectStream();
        EXPECT_EQ(stream.getHost().host(), "127.0.0.4");
        EXPECT_EQ(names->asked, Strings{"host.test 4"});
    });
}

TEST_P(HostnameEndpointTest, theTimeOutCoversTheLookUp) {
    run([](Reactor& reactor) -> Task<> {
        auto names = fakeNames(reactor, {"127.0.0.1"});
        names->go.clear();
        Failure failure = Failure::of<Error>();
        co_await failTo(&reactor, &failure, to(80) + ":timeout=0.001");
        EXPECT_TRUE(failure.check<TimeoutError>());
        EXPECT_NE(failure.getErrorMessage().find("host.test:80"), std::string::npos);
        EXPECT_EQ(names->cancelled, 1);
    });
}

TEST_P(HostnameEndpointTest, cancelledInAnyPhaseItNamesItsDestinationAndStopsTheFactory) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener full(0);
        Peer waiting[4];
        for (Peer& each : waiting) each = connectPeer(full.address(), 0, SOCK_NONBLOCK);
        auto names = fakeNames(reactor, {"127.0.0.1"});
        int before = openDescriptors();
        for (int phase : {0, 1}) {  // resolving, connecting
            if (phase == 0) names->go.clear();
            if (phase == 1) names->go.set();
            Record record;
            auto connecting = clientFromString(reactor, to(full.address().port()))
                                  ->connect(makeRef<Noting>(&record));
            co_await turns(reactor);
            EXPECT_FALSE(connecting.called());
            connecting.cancel();
            auto got = co_await outcome(connecting);
            EXPECT_TRUE(!got && got.error().check<ConnectingCancelledError>());
            if (!got) {
                EXPECT_NE(got.error().getErrorMessage().find("host.test:"), std::string::npos);
            }
            EXPECT_EQ(record.events, (Strings{"start", "stop"}));
            EXPECT_EQ(openDescriptors(), before);
        }
    });
}

TEST_P(HostnameEndpointTest, cancellingAfterSuccessLeavesTheConnection) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        fakeNames(reactor, {"127.0.0.1"});
        Record record;
        auto connecting = clientFromString(reactor, to(listener.address().port()))
                              ->connect(makeRef<Noting>(&record));
        co_await until(reactor, [&] { return connecting.called(); });
        connecting.cancel();
        co_await turns(reactor);
        EXPECT_EQ(record.lost, 0);
        co_await finish(reactor, &record);
    });
}

TEST_P(HostnameEndpointTest, aSilentAddressDoesNotKeepTheNextOneWaiting) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener full(0);
        Peer waiting[4];
        for (Peer& each : waiting) each = connectPeer(full.address(), 0, SOCK_NONBLOCK);
        fakeNames(reactor, {"127.0.0.1", ownLoopback()});
        // The same port, on another address: who listens there answers.
        Peer other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        Address second = *Address::parse(ownLoopback(), full.address().port());
        EXPECT_EQ(::bind(other.fd(), second.sockaddrData(), second.sockaddrSize()), 0);
        EXPECT_EQ(::listen(other.fd(), 4), 0);
        HostnameEndpoint* made =
            new HostnameEndpoint(reactor, ConnectOptions("host.test", second.port()), 1ms);
        Ref<IStreamClientEndpoint> endpoint(made);
        Stream stream = co_await endpoint->connectStream();
        EXPECT_EQ(stream.getPeer(), second);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, HostnameEndpointTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
