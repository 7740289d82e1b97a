#include <wring/deferred/timeout.hpp>
#include <wring/net/connect.hpp>

#include <wring/tests/support/own_loopback.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ConnectTest = ReactorTest;

/// A listening socket whose backlog is full: who connects to it waits.
struct FullListener {
    FullListener() : listener(0) {
        for (Peer& each : waiting) each = connectPeer(listener.address(), 0, SOCK_NONBLOCK);
    }
    PlainListener listener;
    Peer waiting[4];
};

TEST_P(ConnectTest, givesASocketThatKnowsBothEnds) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Socket socket = co_await connectSocket(reactor, listener.address());
        EXPECT_EQ(socket.getPeer(), listener.address());
        EXPECT_EQ(socket.getHost().host(), "127.0.0.1");
        Peer far = listener.accept();
        Stream stream(std::move(socket));
        co_await stream.write("hello");
        EXPECT_EQ(far.receive(), "hello");
    });
}

TEST_P(ConnectTest, aPortWhereNobodyListensRefuses) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        listener.close();
        auto socket = co_await outcome(connectSocket(reactor, listener.address()));
        EXPECT_TRUE(!socket && socket.error().check<ConnectionRefusedError>());
        if (!socket) {
            EXPECT_EQ(socket.error().getErrorMessage(),
                      "Connection was refused by other side: 111: Connection refused.");
        }
    });
}

TEST_P(ConnectTest, aLocalAddressIsUsed) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Address local = *Address::parse("127.0.0.2", 0);
        Socket socket = co_await connectSocket(reactor, listener.address(), local);
        EXPECT_EQ(socket.getHost().host(), "127.0.0.2");
    });
}

TEST_P(ConnectTest, aLocalAddressOfAnotherHostCannotBeBound) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Address foreign = *Address::parse("203.0.113.9", 0);
        auto socket = co_await outcome(connectSocket(reactor, listener.address(), foreign));
        EXPECT_TRUE(!socket && socket.error().check<ConnectBindError>());
        if (!socket) {
            EXPECT_EQ(socket.error().number(), EADDRNOTAVAIL);
        }
    });
}

TEST_P(ConnectTest, aLocalAddressOfTheOtherFamilyCannotBeBound) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        auto socket = co_await outcome(
            connectSocket(reactor, listener.address(), Address::loopback6(0)));
        EXPECT_TRUE(!socket && socket.error().check<ConnectBindError>());
    });
}

TEST_P(ConnectTest, aSocketThatWouldMeetItselfIsRefusedAndLeavesThePortFree) {
    run([](Reactor& reactor) -> Task<> {
        Address own = *Address::parse(ownLoopback(), PlainListener().address().port());
        for (int i = 0; i < 2; ++i) {
            auto socket = co_await outcome(connectSocket(reactor, own, own));
            EXPECT_TRUE(!socket && socket.error().check<ConnectionRefusedError>());
            EXPECT_EQ(socket.error().getErrorMessage(),
                      "Connection was refused by other side: 111: Connection refused: the socket "
                      "met itself.");
        }
    });
}

TEST(ConnectFailureTest, errnosStayDistinct) {
    const std::pair<int, bool (*)(const Failure&)> rows[] = {
        {ENETUNREACH, [](const Failure& f) { return f.check<NoRouteError>(); }},
        {EHOSTUNREACH, [](const Failure& f) { return f.check<ConnectError>(); }},
        {ECONNRESET, [](const Failure& f) { return f.check<ConnectError>(); }},
        {ECONNREFUSED, [](const Failure& f) { return f.check<ConnectionRefusedError>(); }},
        {ETIMEDOUT, [](const Failure& f) { return f.check<TCPTimedOutError>(); }},
    };
    for (const auto& [code, isOfItsClass] : rows) {
        Failure failure = detail::connectFailure(code);
        EXPECT_TRUE(isOfItsClass(failure)) << failure.className();
        EXPECT_EQ(failure.number(), code);
    }
}

TEST_P(ConnectTest, cancelledWhileConnectingNothingStaysOpen) {
    run([](Reactor& reactor) -> Task<> {
        FullListener full;
        int before = openDescriptors();
        auto connecting = start(connectSocket(reactor, full.listener.address()));
        co_await turns(reactor);
        EXPECT_FALSE(connecting.called());
        connecting.cancel();
        auto socket = co_await outcome(connecting);
        EXPECT_TRUE(!socket && socket.error().check<CancelledError>());
        EXPECT_EQ(openDescriptors(), before);
    });
}

TEST_P(ConnectTest, cancelledAfterSuccessTheSocketIsGiven) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        auto connecting = start(connectSocket(reactor, listener.address()));
        co_await until(reactor, [&] { return connecting.called(); });
        connecting.cancel();
        auto socket = co_await outcome(connecting);
        EXPECT_TRUE(socket.has_value());
    });
}

TEST_P(ConnectTest, cancelledBeforeItBeginsNothingIsTried) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        auto body = [](Reactor* it, Address address) -> Task<bool> {
            auto waited = co_await outcome(sleepFor(1h, *it));
            auto socket = co_await outcome(connectSocket(*it, address));
            co_return !socket && socket.error().check<CancelledError>();
        };
        auto connecting = startCall(body, &reactor, listener.address());
        connecting.cancel();
        EXPECT_TRUE(co_await connecting);
    });
}

TEST_P(ConnectTest, aTimeOutEndsTheAttempt) {
    run([](Reactor& reactor) -> Task<> {
        FullListener full;
        int before = openDescriptors();
        auto attempt = connectSocket(reactor, full.listener.address());
        auto socket = co_await outcome(withTimeout(1ms, std::move(attempt), reactor));
        EXPECT_TRUE(!socket && socket.error().check<TimeoutError>());
        EXPECT_EQ(openDescriptors(), before);
    });
}

TEST(ConnectFailureTest, eachErrnoHasItsClass) {
    EXPECT_TRUE(detail::connectFailure(ECONNREFUSED).check<ConnectionRefusedError>());
    EXPECT_TRUE(detail::connectFailure(ENETUNREACH).check<NoRouteError>());
    EXPECT_TRUE(detail::connectFailure(ETIMEDOUT).check<TCPTimedOutError>());
    EXPECT_TRUE(detail::connectFailure(EADDRINUSE).check<ConnectBindError>());
    EXPECT_EQ(detail::connectFailure(EHOSTUNREACH).getErrorMessage(),
              "An error occurred while connecting: 113: No route to host.");
    EXPECT_FALSE(detail::connectFailure(EHOSTUNREACH).check<NoRouteError>());
}

INSTANTIATE_TEST_SUITE_P(Drivers, ConnectTest, ::testing::ValuesIn(allDrivers()), nameOf);

}  // namespace
}  // namespace wring
