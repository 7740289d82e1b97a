#include <wring/endpoints/port_forward.hpp>

#include <wring/endpoints/reactor_tcp.hpp>
#include <wring/endpoints/tcp_endpoints.hpp>
#include <wring/tests/endpoints/closed_port.hpp>
#include <wring/tests/support/fake_resolver.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using PortForwardTest = ReactorTest;

constexpr int smallBuffers = 16384;

/// A forwarded connection: who connected, and whom it was forwarded to.
struct Forwarded {
    explicit Forwarded(Reactor& reactor, int bufferBytes = 0)
        : target(1, bufferBytes),
          factory(makeRef<ProxyFactory>(reactor, "127.0.0.1", target.address().port())),
          port(listenTCP(reactor, 0, factory, 50, "127.0.0.1")),
          near(connectPeer(port->getHost(), bufferBytes)) {}

    PlainListener target;
    Ref<ProxyFactory> factory;
    Ref<IListeningPort> port;
    Peer near;
    Peer far;
};

/// Waits for a connection to the listener without blocking the reactor.
Task<Peer> acceptFrom(Reactor& reactor, PlainListener* listener) {
    int yes = 1;
    ::ioctl(listener->fd(), FIONBIO, &yes);
    Peer peer = listener->accept();
    while (peer.fd() < 0) {
        co_await turns(reactor, 1);
        peer = listener->accept();
    }
    co_return peer;
}

/// Takes turns until the peer has seen the end of the stream; gives what came before.
Task<std::string> receiveAll(Reactor& reactor, Peer* peer) {
    std::string text = peer->receive();
    while (!peer->sawEnd() && !peer->error()) {
        co_await turns(reactor, 1);
        text += peer->receive();
    }
    co_return text;
}

/// Sends until for a while nothing more is taken; gives how much that was.
Task<std::size_t> sendUntilFull(Reactor& reactor, Peer* peer, std::string text) {
    std::size_t sent = 0;
    for (int idle = 0; idle < 50 && sent < text.size(); ++idle) {
        if (std::size_t count = peer->send(std::string_view(text).substr(sent))) {
            sent += count;
            idle = 0;
        }
        co_await turns(reactor, 2);
    }
    co_return sent;
}

/// Runs body(reactor, forwarded), a task, on a connection that is forwarded.
template <class F>
auto forwarded(F body, int bufferBytes = 0) {
    return [body, bufferBytes](Reactor& reactor) -> Task<> {
        Forwarded it(reactor, bufferBytes);
        it.far = co_await acceptFrom(reactor, &it.target);
        co_await body(reactor, &it);
        co_await it.port->drain(10s);
    };
}

TEST_P(PortForwardTest, bytesGoBothWays) {
    run(forwarded([](Reactor& reactor, Forwarded* it) -> Task<> {
        it->near.send("there");
        EXPECT_EQ(co_await receiveText(reactor, &it->far, 5), "there");
        it->far.send("and back");
        EXPECT_EQ(co_await receiveText(reactor, &it->near, 8), "and back");
        it->near.close();
        it->far.close();
    }));
}

TEST_P(PortForwardTest, theEndOfOneSideIsToldAndAnswersStillComeThrough) {
    run(forwarded([](Reactor& reactor, Forwarded* it) -> Task<> {
        it->near.send("question");
        it->near.finishSending();
        EXPECT_EQ(co_await receiveAll(reactor, &it->far), "question");
        EXPECT_EQ(it->port->connections(), 1u);
        it->far.send("answer");
        it->far.finishSending();
        EXPECT_EQ(co_await receiveAll(reactor, &it->near), "answer");
        co_await until(reactor, [&] { return it->port->connections() == 0; });
    }));
}

TEST_P(PortForwardTest, whatTheTargetSaidBeforeItEndedComesThrough) {
    run(forwarded([](Reactor& reactor, Forwarded* it) -> Task<> {
        it->far.send("last words");
        it->far.finishSending();
        EXPECT_EQ(co_await receiveAll(reactor, &it->near), "last words");
        it->near.close();
        EXPECT_EQ(co_await receiveAll(reactor, &it->far), "");
    }));
}

TEST_P(PortForwardTest, aSideThatIsResetClosesTheOther) {
    for (bool isNear : {true, false}) {
        run(
            [](Reactor& reactor, bool resetsNear) -> Task<> {
                Forwarded it(reactor);
                it.far = co_await acceptFrom(reactor, &it.target);
                it.far.send("x");
                co_await receiveText(reactor, &it.near, 1);
                (resetsNear ? it.near : it.far).reset();
                EXPECT_EQ(co_await receiveAll(reactor, resetsNear ? &it.far : &it.near), "");
                co_await it.port->drain(10s);
            },
            isNear);
    }
}

TEST_P(PortForwardTest, aSideThatTakesNothingKeepsTheOtherFromSendingMore) {
    run(forwarded(
        [](Reactor& reactor, Forwarded* it) -> Task<> {
            constexpr std::size_t total = 16 << 20;
            std::string text = pattern(total);
            std::size_t sent = co_await sendUntilFull(reactor, &it->near, text);
            EXPECT_LT(sent, total);
            it->near.finishSending();
            EXPECT_EQ(co_await receiveAll(reactor, &it->far), text.substr(0, sent));
            it->near.close();
            it->far.close();
        },
        smallBuffers));
}

TEST_P(PortForwardTest, theAddressesOfANameAreTriedUntilOneAnswers) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener target;
        fakeNames(reactor, {"127.0.0.2", "127.0.0.1"});
        auto forwarding = makeRef<ProxyFactory>(reactor, "host.test", target.address().port());
        auto port = listenTCP(reactor, 0, forwarding, 50, "127.0.0.1");
        Peer near = connectPeer(port->getHost());
        Peer far = co_await acceptFrom(reactor, &target);
        EXPECT_GE(far.fd(), 0);
        near.close();
        far.close();
        co_await port->drain(10s);
    });
}

TEST_P(PortForwardTest, whoCannotBeForwardedIsClosed) {
    run([](Reactor& reactor) -> Task<> {
        ClosedPort nobody;
        auto port =
            listenTCP(reactor, 0, makeRef<ProxyFactory>(reactor, "127.0.0.1", nobody.port()), 50,
                      "127.0.0.1");
        Peer near = connectPeer(port->getHost());
        EXPECT_EQ(co_await receiveAll(reactor, &near), "");
        EXPECT_TRUE(near.sawEnd());
        co_await port->drain(10s);
    });
}

/// An endpoint that connects when the test lets it.
class HeldEndpoint final : public IStreamClientEndpoint {
 public:
    explicit HeldEndpoint(Ref<IStreamClientEndpoint> behind) : behind_(std::move(behind)) {}
    Deferred<Ref<IProtocol>> connect(Ref<IFactory> factory) override {
        return waitAndConnect(Ref<HeldEndpoint>(this), std::move(factory));
    }
    Deferred<Stream> connectStream() override { return behind_->connectStream(); }
    Event gate;
    int asked = 0;
    int cancelled = 0;

 private:
    static Deferred<Ref<IProtocol>> waitAndConnect(Ref<HeldEndpoint> self, Ref<IFactory> factory) {
        ++self->asked;
        auto opened = co_await outcome(self->gate.wait());
        if (!opened) {
            ++self->cancelled;
            co_return opened.error();
        }
        co_return co_await self->behind_->connect(factory);
    }
    Ref<IStreamClientEndpoint> behind_;
};

TEST_P(PortForwardTest, nothingIsReadBeforeThereIsSomebodyToGiveItTo) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener target(1, smallBuffers);
        auto held = makeRef<HeldEndpoint>(makeRef<TCPClientEndpoint>(
            reactor, ConnectOptions("127.0.0.1", target.address().port())));
        auto port = listenTCP(reactor, 0, makeRef<ProxyFactory>(held), 50, "127.0.0.1");
        Peer near = connectPeer(port->getHost(), smallBuffers);
        co_await until(reactor, [&] { return held->asked == 1; });
        constexpr std::size_t total = 16 << 20;
        std::string text = pattern(total);
        std::size_t sent = co_await sendUntilFull(reactor, &near, text);
        EXPECT_LT(sent, total);
        near.finishSending();
        held->gate.set();
        Peer far = co_await acceptFrom(reactor, &target);
        EXPECT_EQ(co_await receiveAll(reactor, &far), text.substr(0, sent));
        far.close();
        near.close();
        co_await port->drain(10s);
    });
}

TEST_P(PortForwardTest, aSideThatIsLostEndsTheAttemptToConnectTheOther) {
    run([](Reactor& reactor) -> Task<> {
        ClosedPort nobody;
        auto held = makeRef<HeldEndpoint>(
            makeRef<TCPClientEndpoint>(reactor, ConnectOptions("127.0.0.1", nobody.port())));
        auto port = listenTCP(reactor, 0, makeRef<ProxyFactory>(held), 50, "127.0.0.1");
        Peer near = connectPeer(port->getHost());
        co_await until(reactor, [&] { return held->asked == 1; });
        co_await port->drain(0s);
        EXPECT_EQ(held->cancelled, 1);
    });
}

TEST_P(PortForwardTest, aStopOfTheReactorEndsBothSides) {
    std::optional<Forwarded> it;
    {
        Reactor reactor(options());
        reactor.callWhenRunning([&] {
            it.emplace(reactor);
            start(acceptFrom(reactor, &it->target)).addCallback([&](Peer far) {
                it->far = std::move(far);
                reactor.stop();
            });
        });
        reactor.run(false);
    }
    it->far.receive();
    it->near.receive();
    EXPECT_TRUE(it->far.sawEnd() || it->far.error());
    EXPECT_TRUE(it->near.sawEnd() || it->near.error());
}

INSTANTIATE_TEST_SUITE_P(Drivers, PortForwardTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
