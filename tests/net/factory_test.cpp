#include <wring/net/factory.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <stdexcept>

namespace wring {
namespace {

using namespace testing;
using FactoryTest = ReactorTest;

struct Counting final : Factory {
    void startFactory() override {
        ++started;
        portsAtStart = numPorts();
    }
    void stopFactory() override { ++stopped; }
    Ref<IProtocol> buildProtocol(const Address&) override { return nullptr; }
    int started = 0;
    int stopped = 0;
    int portsAtStart = -1;
};

TEST(FactoryCountTest, theFirstUserStartsItAndTheLastStopsIt) {
    auto counting = makeRef<Counting>();
    counting->doStart();
    counting->doStart();
    EXPECT_EQ(counting->numPorts(), 2);
    EXPECT_EQ(counting->started, 1);
    EXPECT_EQ(counting->portsAtStart, 0);
    counting->doStop();
    EXPECT_EQ(counting->stopped, 0);
    counting->doStop();
    EXPECT_EQ(counting->stopped, 1);
    EXPECT_EQ(counting->numPorts(), 0);
}

TEST(FactoryCountTest, aStopWithoutAStartIsIgnored) {
    auto counting = makeRef<Counting>();
    counting->doStop();
    EXPECT_EQ(counting->stopped, 0);
    EXPECT_EQ(counting->numPorts(), 0);
}

TEST(FactoryCountTest, itCanBeStartedAgain) {
    auto counting = makeRef<Counting>();
    for (int i = 0; i < 2; ++i) {
        counting->doStart();
        counting->doStop();
    }
    EXPECT_EQ(counting->started, 2);
    EXPECT_EQ(counting->stopped, 2);
}

struct Pair final : Protocol {
    Pair(int number, std::string name) : number_(number), name_(std::move(name)) {}
    int number_;
    std::string name_;
};

TEST(FactoryCountTest, itBuildsAProtocolFromTheArgumentsForEachConnection) {
    Ref<IFactory> pairs = factory<Pair>(7, std::string("seven"));
    Ref<IProtocol> first = pairs->buildProtocol(Address::loopback4(1));
    Ref<IProtocol> second = pairs->buildProtocol(Address::loopback4(2));
    EXPECT_FALSE(first == second);
    auto& pair = dynamic_cast<Pair&>(*second);
    EXPECT_EQ(pair.number_, 7);
    EXPECT_EQ(pair.name_, "seven");
    EXPECT_EQ(pair.factory(), pairs.get());
}

TEST_P(FactoryTest, buildProtocolGivenThePeersAddressMayRefuse) {
    struct Refusing final : Factory {
        Ref<IProtocol> buildProtocol(const Address& address) override {
            asked = address;
            return nullptr;
        }
        Address asked;
    };
    run([](Reactor& reactor) -> Task<> {
        auto refusing = makeRef<Refusing>();
        PeerPair ends;
        Socket socket(reactor, ends.near.release());
        Address peer = socket.getPeer();
        refusing->connectionAccepted(std::move(socket));
        EXPECT_EQ(refusing->asked, peer);
        ends.far.receive();
        EXPECT_TRUE(ends.far.sawEnd());
        co_return;
    });
}

TEST_P(FactoryTest, anExceptionFromBuildProtocolIsLoggedAndTheConnectionClosed) {
    struct Throwing final : Factory {
        Ref<IProtocol> buildProtocol(const Address&) override {
            throw std::runtime_error("no protocol today");
        }
    };
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        PeerPair ends;
        Socket socket(reactor, ends.near.release());
        makeRef<Throwing>()->connectionAccepted(std::move(socket));
        EXPECT_TRUE(log.has("no protocol today"));
        ends.far.receive();
        EXPECT_TRUE(ends.far.sawEnd());
        co_return;
    });
}

Task<> greet(Stream peer, std::string word, int times) {
    for (int i = 0; i < times; ++i) co_await peer.write(word);
}

TEST_P(FactoryTest, serveRunsTheFunctionWithItsArgumentsForEachConnection) {
    run([](Reactor& reactor) -> Task<> {
        Ref<IFactory> greeting = serve(greet, std::string("hi "), 2);
        for (int i = 0; i < 2; ++i) {
            PeerPair ends;
            Socket socket(reactor, ends.near.release());
            greeting->connectionAccepted(std::move(socket));
            EXPECT_EQ(co_await receiveText(reactor, &ends.far, 6), "hi hi ");
            co_await turns(reactor);
            ends.far.receive();
            EXPECT_TRUE(ends.far.sawEnd());
        }
        EXPECT_FALSE(greeting->buildProtocol(Address()));
    });
}

Task<> failWith(Stream peer, const char* what) {
    Bytes chunk = co_await peer.read();
    if (what) throw std::runtime_error(what);
    co_await peer.write("to nobody");
    co_await peer.read();
}

TEST_P(FactoryTest, aFailureOfTheFunctionIsLoggedAndTheConnectionClosed) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        PeerPair ends;
        Socket socket(reactor, ends.near.release());
        serve(failWith, "session fault")->connectionAccepted(std::move(socket));
        ends.far.send("x");
        co_await until(reactor, [&] { return log.has("session fault"); });
        co_await turns(reactor);
        ends.far.receive();
        EXPECT_TRUE(ends.far.sawEnd());
    });
}

TEST_P(FactoryTest, theLossOfTheConnectionIsNoNews) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        PeerPair ends;
        Socket socket(reactor, ends.near.release());
        serve(failWith, static_cast<const char*>(nullptr))->connectionAccepted(std::move(socket));
        ends.far.reset();
        co_await until(reactor, [&] { return reactor.resources() == 0; });
        EXPECT_TRUE(CapturedLog::lines().empty());
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, FactoryTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
