#include <wring/net/listen_udp.hpp>

#include <wring/tests/support/datagrams.hpp>
#include <wring/tests/support/own_loopback.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <stdexcept>

namespace wring {
namespace {

using namespace testing;

/// Each test is run with datagrams that the kernel puts together, and with such as come one by one
/// in the driver's buffers.
class UdpPortTest : public ReactorTest {
 public:
    static inline bool comeOneByOne = false;

 protected:
    void SetUp() override {
        comeOneByOne = GetParam().name.ends_with("OneByOne");
        ReactorTest::SetUp();
    }
};

std::vector<DriverSetup> allWays() {
    return {{"uring", DriverKind::uring, {}},
            {"epoll", DriverKind::epoll, {}},
            {"uringOneByOne", DriverKind::uring, {}},
            {"epollOneByOne", DriverKind::epoll, {}},
            {"uringWithoutMultishotOneByOne", DriverKind::uring, {"multishot_recv"}}};
}

UdpOptions onLoopback(std::string interface = "127.0.0.1") {
    UdpOptions options;
    options.interface = std::move(interface);
    if (UdpPortTest::comeOneByOne) {
        options.offload = false;
        options.maxPacketSize = 8000;
    }
    return options;
}

Ref<IUDPTransport> listenFor(Reactor& reactor, Happened* happened,
                             const UdpOptions& options = onLoopback()) {
    return listenUDP(reactor, 0, makeRef<Recording>(happened), options);
}

TEST_P(UdpPortTest, datagramsAreDeliveredWithTheirSenderAndAnswered) {
    run([](Reactor& reactor) -> Task<> {
        Happened near, far;
        auto port = listenFor(reactor, &near), other = listenFor(reactor, &far);
        near.onData = [&](DatagramProtocol& it, std::string_view data) {
            it.transport().write("got " + std::string(data), near.from);
        };
        for (std::string_view text : {"one", "", "three"}) other->write(text, port->getHost());
        co_await untilHappened(&reactor, &far, 4);
        EXPECT_EQ(near.events, (Strings{"start", "'one'", "''", "'three'"}));
        EXPECT_EQ(far.events, (Strings{"start", "'got one'", "'got '", "'got three'"}));
        EXPECT_EQ(near.from, other->getHost());
        EXPECT_EQ(port->stats().received, 3u);
        EXPECT_EQ(port->stats().sent, 3u);
        co_await port->stopListening();
        co_await other->stopListening();
    });
}

TEST_P(UdpPortTest, openingFailsWithAReasonAndLeavesNothing) {
    run([](Reactor& reactor) -> Task<> {
        Happened happened;
        auto port = listenFor(reactor, &happened);
        std::uint16_t taken = port->getHost().port();
        EXPECT_EQ(thrownBy([&] {
                      listenUDP(reactor, taken, makeRef<Recording>(&happened), onLoopback());
                  }),
                  "CannotListenError");
        EXPECT_EQ(thrownBy([&] { listenFor(reactor, &happened, onLoopback("localhost")); }),
                  "InvalidAddressError");
        EXPECT_EQ(happened.events, Strings{"start"});
        co_await port->stopListening();
    });
}

TEST_P(UdpPortTest, whatStartProtocolThrowsClosesThePort) {
    struct Failing final : DatagramProtocol {
        void startProtocol() override { throw std::runtime_error("not today"); }
    };
    run([](Reactor& reactor) -> Task<> {
        EXPECT_NE(thrownBy([&] { listenUDP(reactor, 0, makeRef<Failing>(), onLoopback()); }),
                  "nothing");
        co_await turns(reactor);
    });
}

TEST_P(UdpPortTest, aDatagramThatIsTooLongIsToldToBeCut) {
    run([](Reactor& reactor) -> Task<> {
        Happened near, far;
        UdpOptions options = onLoopback();
        options.maxPacketSize = 4;
        auto port = listenFor(reactor, &near, options), other = listenFor(reactor, &far);
        for (std::string_view text : {"four", "fives"}) other->write(text, port->getHost());
        co_await untilHappened(&reactor, &near, 3);
        EXPECT_EQ(near.events, (Strings{"start", "'four'", "cut 'five'"}));
        EXPECT_EQ(port->stats().truncated, 1u);
        co_await port->stopListening();
        co_await other->stopListening();
    });
}

TEST_P(UdpPortTest, whatAProtocolThrowsIsLoggedAndThePortGoesOn) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        Happened near, far;
        near.onData = [](DatagramProtocol&, std::string_view data) {
            if (data == "bad") throw std::runtime_error("protocol's fault");
        };
        auto port = listenFor(reactor, &near), other = listenFor(reactor, &far);
        for (std::string_view text : {"bad", "good"}) other->write(text, port->getHost());
        co_await untilHappened(&reactor, &near, 3);
        EXPECT_TRUE(log.has("protocol's fault"));
        co_await port->stopListening();
        co_await other->stopListening();
    });
}

TEST_P(UdpPortTest, whatCannotBeSentIsRefusedByName) {
    run([](Reactor& reactor) -> Task<> {
        Happened happened;
        auto port = listenFor(reactor, &happened);
        std::string huge(70000, 'x');
        Address self = port->getHost();
        EXPECT_EQ(thrownBy([&] { port->write(huge, self); }), "MessageLengthError");
        EXPECT_EQ(thrownBy([&] { port->write("x", Address::loopback6(9)); }),
                  "InvalidAddressError");
        EXPECT_EQ(thrownBy([&] { port->write("x"); }), "UsageError");
        EXPECT_EQ(thrownBy([&] { port->connect(Address::loopback6(9)); }), "InvalidAddressError");
        port->connect(self);
        EXPECT_EQ(thrownBy([&] { port->connect(self); }), "UsageError");
        EXPECT_EQ(thrownBy([&] { port->write("x", self.withPort(9)); }), "UsageError");
        EXPECT_EQ(thrownBy([&] { port->write("x", self); }), "nothing");
        co_await untilHappened(&reactor, &happened, 2);
        EXPECT_EQ(happened.events, (Strings{"start", "'x'"}));
        co_await port->stopListening();
    });
}

TEST_P(UdpPortTest, aConnectedPortHearsItsPeerOnly) {
    run([](Reactor& reactor) -> Task<> {
        Happened near, far, third;
        auto port = listenFor(reactor, &near), other = listenFor(reactor, &far),
             stranger = listenFor(reactor, &third);
        port->connect(other->getHost());
        EXPECT_EQ(port->getPeer(), other->getHost());
        stranger->write("strange", port->getHost());
        port->write("hello");
        co_await untilHappened(&reactor, &far, 2);
        other->write("answer", port->getHost());
        co_await untilHappened(&reactor, &near, 2);
        EXPECT_EQ(near.events, (Strings{"start", "'answer'"}));
        for (auto* each : {&port, &other, &stranger}) co_await (*each)->stopListening();
    });
}

TEST_P(UdpPortTest, aRefusalIsToldToAConnectedPortThatLives) {
    run([](Reactor& reactor) -> Task<> {
        Happened near, far;
        auto port = listenFor(reactor, &near);
        Address nobody = *Address::parse(ownLoopback(), 9);
        port->connect(nobody);
        port->write("anybody?");
        co_await untilHappened(&reactor, &near, 2);
        EXPECT_EQ(near.events, (Strings{"start", "refused"}));
        for (int i = 0; i < 3; ++i) port->write("anybody?");
        co_await untilHappened(&reactor, &near, 3);
        EXPECT_EQ(near.events.back(), "refused");
        co_await port->stopListening();
    });
}

TEST_P(UdpPortTest, stoppingTellsTheProtocolLastAndFiresInALaterTurn) {
    run([](Reactor& reactor) -> Task<> {
        Happened happened;
        auto port = listenFor(reactor, &happened);
        auto stopping = port->stopListening();
        auto again = port->stopListening();
        EXPECT_FALSE(stopping.called());
        EXPECT_EQ(happened.events, Strings{"start"});
        port->write("into the void", port->getHost());
        co_await stopping;
        co_await again;
        EXPECT_EQ(happened.events, (Strings{"start", "stop"}));
        co_await port->stopListening();
        EXPECT_EQ(port->getHost().host(), "127.0.0.1");
        EXPECT_EQ(port->stats().sent, 0u);
    });
}

TEST_P(UdpPortTest, aProtocolMayStopItsPortInACallback) {
    run([](Reactor& reactor) -> Task<> {
        Happened near, far;
        near.onData = [](DatagramProtocol& it, std::string_view) {
            it.transport().stopListening();
        };
        auto port = listenFor(reactor, &near), other = listenFor(reactor, &far);
        for (int i = 0; i < 5; ++i) other->write("stop", port->getHost());
        co_await untilHappened(&reactor, &near, 3);
        EXPECT_EQ(near.events, (Strings{"start", "'stop'", "stop"}));
        co_await other->stopListening();
    });
}

TEST_P(UdpPortTest, aProtocolOfTwoPortsIsStartedAndStoppedOnce) {
    run([](Reactor& reactor) -> Task<> {
        Happened happened;
        auto protocol = makeRef<Recording>(&happened);
        auto first = listenUDP(reactor, 0, protocol, onLoopback());
        auto second = listenUDP(reactor, 0, protocol, onLoopback());
        co_await first->stopListening();
        EXPECT_EQ(happened.events, Strings{"start"});
        co_await second->stopListening();
        EXPECT_EQ(happened.events, (Strings{"start", "stop"}));
    });
}

TEST_P(UdpPortTest, aStoppingReactorClosesThePort) {
    Happened happened;
    Reactor reactor(options());
    reactor.callWhenRunning([&] {
        listenFor(reactor, &happened);
        reactor.stop();
    });
    reactor.run(false);
    EXPECT_EQ(happened.events, (Strings{"start", "stop"}));
    EXPECT_EQ(reactor.resources(), 0u);
}

TEST_P(UdpPortTest, aGroupIsHeardUntilItIsLeft) {
    run([](Reactor& reactor) -> Task<> {
        Happened near, far;
        auto port = listenFor(reactor, &near, onLoopback("0.0.0.0"));
        auto sender = listenFor(reactor, &far);
        Address loopback = Address::loopback4(0);
        Address group = *Address::parse("239.83.7.1", port->getHost().port());
        sender->setOutgoingInterface(loopback);
        port->joinGroup(group, loopback);
        sender->write("to all", group);
        co_await untilHappened(&reactor, &near, 2);
        EXPECT_EQ(near.events.back(), "'to all'");
        port->leaveGroup(group, loopback);
        EXPECT_EQ(thrownBy([&] { port->leaveGroup(group, loopback); }), "MulticastJoinError");
        EXPECT_EQ(thrownBy([&] { port->joinGroup(loopback, loopback); }), "MulticastJoinError");
        EXPECT_EQ(thrownBy([&] { port->joinGroup(Address::loopback6(1)); }), "MulticastJoinError");
        co_await port->stopListening();
        co_await sender->stopListening();
    });
}

TEST_P(UdpPortTest, theOptionsOfMulticastAndBroadcastAreTheKernels) {
    run([](Reactor& reactor) -> Task<> {
        Happened happened;
        auto port = listenFor(reactor, &happened);
        EXPECT_EQ(port->getTTL(), 1u);
        EXPECT_TRUE(port->getLoopbackMode());
        EXPECT_FALSE(port->getBroadcastAllowed());
        port->setTTL(7);
        port->setLoopbackMode(false);
        port->setBroadcastAllowed(true);
        EXPECT_EQ(port->getTTL(), 7u);
        EXPECT_FALSE(port->getLoopbackMode());
        EXPECT_TRUE(port->getBroadcastAllowed());
        EXPECT_EQ(thrownBy([&] { port->setTTL(256); }), "Error");
        co_await port->stopListening();
        EXPECT_EQ(thrownBy([&] { port->setTTL(1); }), "UsageError");
    });
}

TEST_P(UdpPortTest, portsThatAreToBeSharedAre) {
    run([](Reactor& reactor) -> Task<> {
        Happened happened;
        UdpOptions options = onLoopback();
        options.listenMultiple = true;
        auto first = listenFor(reactor, &happened, options);
        auto second =
            listenUDP(reactor, first->getHost().port(), makeRef<Recording>(&happened), options);
        EXPECT_EQ(first->getHost(), second->getHost());
        co_await first->stopListening();
        co_await second->stopListening();
    });
}

/// Sends texts, some of them of one size, in one go.
void writeTexts(IUDPTransport& from, const Strings& texts, const Address* to) {
    std::vector<BytesView> views;
    for (const std::string& each : texts) views.push_back(asBytes(each));
    to ? from.writeMany(views, *to) : from.writeMany(views);
}

Strings quoted(const Strings& texts) {
    Strings events{"start"};
    for (const std::string& each : texts) events.push_back("'" + each + "'");
    return events;
}

TEST_P(UdpPortTest, manyAtOnceAreAsManyDatagramsInOrder) {
    Strings texts{"one", "two", "six", "", "", "fourteen bytes", "a", "bb", "cc", "d"};
    for (int i = 0; i < 90; ++i) texts.push_back("number " + std::to_string(1000 + i));
    run(
        [](Reactor& reactor, Strings all) -> Task<> {
            for (bool senderOffloads : {true, false}) {
                for (bool receiverOffloads : {true, false}) {
                    Happened near, far;
                    UdpOptions sending = onLoopback(), receiving = onLoopback();
                    sending.offload = senderOffloads;
                    receiving.offload = receiverOffloads;
                    auto port = listenFor(reactor, &near, receiving);
                    auto other = listenFor(reactor, &far, sending);
                    Address to = port->getHost();
                    writeTexts(*other, all, &to);
                    co_await untilHappened(&reactor, &near, all.size() + 1);
                    EXPECT_EQ(near.events, quoted(all));
                    EXPECT_EQ(near.from, other->getHost());
                    EXPECT_EQ(port->stats().received, all.size());
                    EXPECT_EQ(other->stats().sent, all.size());
                    co_await port->stopListening();
                    co_await other->stopListening();
                }
            }
        },
        texts);
}

TEST_P(UdpPortTest, ofManyAtOnceEachOneMayBeTooLong) {
    run([](Reactor& reactor) -> Task<> {
        Happened near, far;
        UdpOptions options = onLoopback();
        options.maxPacketSize = 4;
        auto port = listenFor(reactor, &near, options), other = listenFor(reactor, &far);
        other->connect(port->getHost());
        writeTexts(*other, {"fives", "sixes", "four"}, nullptr);
        co_await untilHappened(&reactor, &near, 4);
        EXPECT_EQ(near.events, (Strings{"start", "cut 'five'", "cut 'sixe'", "'four'"}));
        EXPECT_EQ(port->stats().truncated, 2u);
        std::string huge(70000, 'x');
        EXPECT_EQ(thrownBy([&] {
                      writeTexts(*other, {"ok", huge, "never"}, nullptr);
                  }),
                  "MessageLengthError");
        EXPECT_EQ(other->stats().sent, 4u);
        co_await untilHappened(&reactor, &near, 5);
        EXPECT_EQ(near.events.back(), "'ok'");
        co_await port->stopListening();
        co_await other->stopListening();
    });
}

TEST_P(UdpPortTest, largeDatagramsStayApart) {
    run([](Reactor& reactor) -> Task<> {
        Happened near, far;
        auto port = listenFor(reactor, &near), other = listenFor(reactor, &far);
        std::string large = pattern(8000);
        Address to = port->getHost();
        writeTexts(*other, {large, large, large}, &to);
        co_await untilHappened(&reactor, &near, 4);
        EXPECT_EQ(near.events, quoted({large, large, large}));
        co_await port->stopListening();
        co_await other->stopListening();
    });
}

TEST_P(UdpPortTest, aPortThatStopsAmongDatagramsThatCameTogetherDeliversNoMore) {
    run([](Reactor& reactor) -> Task<> {
        Happened near, far;
        near.onData = [](DatagramProtocol& it, std::string_view) {
            it.transport().stopListening();
        };
        auto port = listenFor(reactor, &near), other = listenFor(reactor, &far);
        Address to = port->getHost();
        writeTexts(*other, {"a", "b", "c"}, &to);
        co_await untilHappened(&reactor, &near, 3);
        EXPECT_EQ(near.events, (Strings{"start", "'a'", "stop"}));
        co_await other->stopListening();
    });
}

TEST_P(UdpPortTest, aBurstIsDeliveredToTheLastDatagram) {
    run([](Reactor& reactor) -> Task<> {
        Happened near, far;
        auto port = listenFor(reactor, &near), other = listenFor(reactor, &far);
        for (int i = 0; i < 150; ++i) other->write("x", port->getHost());
        co_await untilHappened(&reactor, &near, 151);
        EXPECT_EQ(port->stats().received, 150u);
        co_await port->stopListening();
        co_await other->stopListening();
    });
}

TEST_P(UdpPortTest, whatTheKernelDroppedIsCounted) {
    run([](Reactor& reactor) -> Task<> {
        Happened near, far;
        auto port = listenFor(reactor, &near), other = listenFor(reactor, &far);
        std::string block(8000, 'x');
        for (int i = 0; i < 3000; ++i) other->write(block, port->getHost());
        co_await turns(reactor, 100);
        other->write("last", port->getHost());
        co_await until(reactor, [&] { return near.events.back() == "'last'"; });
        EXPECT_GT(port->stats().dropped + other->stats().dropped, 0u);
        EXPECT_EQ(port->stats().received + port->stats().dropped + other->stats().dropped, 3001u);
        co_await port->stopListening();
        co_await other->stopListening();
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, UdpPortTest, ::testing::ValuesIn(allWays()), nameOf);

}  // namespace
}  // namespace wring
