#include <wring/net/udp_socket.hpp>

#include <wring/tests/support/own_loopback.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

namespace wring {
namespace {

using namespace testing;
using UdpSocketTest = ReactorTest;

UdpOptions onLoopback(std::size_t maxPacketSize = 8192) {
    UdpOptions options;
    options.interface = "127.0.0.1";
    options.maxPacketSize = maxPacketSize;
    return options;
}

Task<> sendText(UdpSocket* socket, std::string text, Address to) {
    co_await socket->sendTo(asBytes(text), to);
}

TEST_P(UdpSocketTest, datagramsArriveWholeAndWithTheirSender) {
    run([](Reactor& reactor) -> Task<> {
        UdpSocket near(reactor, 0, onLoopback()), far(reactor, 0, onLoopback());
        co_await sendText(&far, "one", near.getHost());
        co_await sendText(&far, "", near.getHost());
        Datagram first = co_await near.receiveFrom();
        EXPECT_EQ(first.data.text(), "one");
        EXPECT_EQ(first.from, far.getHost());
        EXPECT_FALSE(first.isTruncated);
        Datagram second = co_await near.receiveFrom();
        EXPECT_TRUE(second.data.empty());
        EXPECT_EQ(near.stats().received, 2u);
        EXPECT_EQ(far.stats().sent, 2u);
    });
}

TEST_P(UdpSocketTest, aDatagramThatIsTooLongIsMarked) {
    run([](Reactor& reactor) -> Task<> {
        UdpSocket near(reactor, 0, onLoopback(3)), far(reactor, 0, onLoopback());
        co_await sendText(&far, "four", near.getHost());
        Datagram datagram = co_await near.receiveFrom();
        EXPECT_EQ(datagram.data.text(), "fou");
        EXPECT_TRUE(datagram.isTruncated);
    });
}

TEST_P(UdpSocketTest, whatCannotBeSentFailsByName) {
    run([](Reactor& reactor) -> Task<> {
        UdpSocket socket(reactor, 0, onLoopback());
        auto sent = co_await outcome(sendText(&socket, std::string(70000, 'x'), socket.getHost()));
        EXPECT_TRUE(!sent && sent.error().check<MessageLengthError>());
        sent = co_await outcome(sendText(&socket, "x", Address::loopback6(9)));
        EXPECT_TRUE(!sent && sent.error().check<InvalidAddressError>());
        sent = co_await outcome(socket.send({}));
        EXPECT_TRUE(!sent && sent.error().check<UsageError>());
    });
}

TEST_P(UdpSocketTest, aRefusalFailsTheReceiveOfAConnectedSocketThatLives) {
    run([](Reactor& reactor) -> Task<> {
        UdpSocket near(reactor, 0, onLoopback()), far(reactor, 0, onLoopback());
        near.connect(*Address::parse(ownLoopback(), 9));
        co_await near.send(asBytes("anybody?"));
        auto got = co_await outcome(near.receiveFrom());
        EXPECT_TRUE(!got && got.error().check<ConnectionRefusedError>());
        co_await near.send(asBytes("anybody?"));
        got = co_await outcome(near.receiveFrom());
        EXPECT_TRUE(!got && got.error().check<ConnectionRefusedError>());
    });
}

Task<> sendPieces(UdpSocket* socket, const std::string* text, std::size_t size, Address to) {
    std::vector<BytesView> pieces;
    for (BytesView left = asBytes(*text); !left.empty();) {
        pieces.push_back(left.first(std::min(size, left.size())));
        left = left.subspan(pieces.back().size());
    }
    co_await socket->sendManyTo(pieces, to);
}

TEST_P(UdpSocketTest, manySentAtOnceAreReceivedOneByOne) {
    run([](Reactor& reactor) -> Task<> {
        UdpSocket near(reactor, 0, onLoopback()), far(reactor, 0, onLoopback());
        std::string text = pattern(50'000), got;
        co_await sendPieces(&far, &text, 500, near.getHost());
        co_await sendPieces(&far, &text, 333, near.getHost());
        for (std::size_t left = 2 * text.size(); left > 0;) {
            Datagram datagram = co_await near.receiveFrom();
            EXPECT_EQ(datagram.from, far.getHost());
            got += datagram.data.text();
            left -= datagram.data.size();
        }
        EXPECT_TRUE(got == text + text);
        EXPECT_EQ(near.stats().received, 100u + 151u);
        EXPECT_EQ(far.stats().sent, 100u + 151u);
    });
}

TEST_P(UdpSocketTest, connectedSocketsTalk) {
    run([](Reactor& reactor) -> Task<> {
        UdpSocket near(reactor, 0, onLoopback()), far(reactor, 0, onLoopback());
        near.connect(far.getHost());
        far.connect(near.getHost());
        co_await near.send(asBytes("ping"));
        Datagram ping = co_await far.receiveFrom();
        co_await far.send(ping.data);
        Datagram pong = co_await near.receiveFrom();
        EXPECT_EQ(pong.data.text(), "ping");
    });
}

TEST_P(UdpSocketTest, aCancelledReceiveTakesNothing) {
    run([](Reactor& reactor) -> Task<> {
        UdpSocket near(reactor, 0, onLoopback()), far(reactor, 0, onLoopback());
        auto receiving = start(near.receiveFrom());
        co_await turns(reactor, 3);
        receiving.cancel();
        auto got = co_await outcome(receiving);
        EXPECT_TRUE(!got && got.error().check<CancelledError>());
        co_await sendText(&far, "kept", near.getHost());
        Datagram datagram = co_await near.receiveFrom();
        EXPECT_EQ(datagram.data.text(), "kept");
    });
}

TEST_P(UdpSocketTest, cancellingAfterTheDatagramCameChangesNothing) {
    run([](Reactor& reactor) -> Task<> {
        UdpSocket near(reactor, 0, onLoopback()), far(reactor, 0, onLoopback());
        auto receiving = start(near.receiveFrom());
        co_await sendText(&far, "there", near.getHost());
        co_await until(reactor, [&] { return receiving.called(); });
        receiving.cancel();
        Datagram datagram = co_await receiving;
        EXPECT_EQ(datagram.data.text(), "there");
    });
}

TEST_P(UdpSocketTest, manySocketsOfAProgramDoNotMixTheirDatagrams) {
    run([](Reactor& reactor) -> Task<> {
        std::vector<UdpSocket> sockets;
        for (int i = 0; i < 8; ++i) sockets.emplace_back(reactor, std::uint16_t{0}, onLoopback());
        for (std::size_t i = 0; i < 8; ++i) {
            std::string text = std::to_string(i);
            co_await sendText(&sockets[7 - i], text, sockets[i].getHost());
        }
        for (std::size_t i = 0; i < 8; ++i) {
            Datagram datagram = co_await sockets[i].receiveFrom();
            EXPECT_EQ(datagram.data.text(), std::to_string(i));
            EXPECT_EQ(datagram.from, sockets[7 - i].getHost());
        }
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, UdpSocketTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
