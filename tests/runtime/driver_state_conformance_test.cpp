#include <wring/tests/support/driver_fixture.hpp>

#include <sys/uio.h>

// What can be done with a stream socket, and what it says of itself, in each state it can be in.

namespace wring {
namespace {

using testing::Ends;
using testing::Probe;
using testing::Room;

enum class Kind { tcpPair, localPair, tcp, local };

/// What has happened to a socket; `far` is the other end of its connection.
enum class Step {
    farPuts,
    farFinishes,
    farStopsReceiving,
    farCloses,
    farResets,
    nearPuts,
    nearFills,
    nearFinishes,
    nearStopsReceiving,
    nearShuts,
    nearTakesItsError,
    nearIsBound,
    nearListens,
    someoneConnects
};

constexpr int waits = 1 << 28;  // in place of a result

struct State {
    const char* name;
    Kind kind;
    std::vector<Step> steps;
    unsigned readiness;
    std::vector<int> receives;  // the results of one receive after the other
    std::vector<int> sends;     // … of one byte each
    int shutdown = 0;           // of the sending side
    int peerName = 0;
    unsigned readinessAfterSend = 0;  // to be waited for after the first one; 0 for no wait
};

void PrintTo(const State& state, std::ostream* out) { *out << state.name; }

constexpr unsigned in = POLLIN, out = POLLOUT, ended = POLLIN | POLLRDHUP;
constexpr unsigned hungUp = POLLIN | POLLOUT | POLLRDHUP | POLLHUP;

using enum Step;
constexpr int lost = -ECONNRESET, broken = -EPIPE, none = -ENOTCONN;
constexpr unsigned fresh = POLLOUT | POLLHUP;

const std::vector<State> tcpStates = {
    {"idle", Kind::tcpPair, {}, out, {waits}, {1, 1}},
    {"withData", Kind::tcpPair, {farPuts}, in | out, {4, waits}, {1}},
    {"withTwiceTheData", Kind::tcpPair, {farPuts, farPuts}, in | out, {8, waits}, {1}},
    {"full", Kind::tcpPair, {nearFills}, 0, {waits}, {waits}},
    {"farFinished", Kind::tcpPair, {farFinishes}, ended | out, {0, 0}, {1, 1}},
    {"farFinishedAfterData", Kind::tcpPair, {farPuts, farFinishes}, ended | out, {4, 0, 0}, {1}},
    {"nearFinished", Kind::tcpPair, {nearFinishes}, out, {waits}, {broken, broken}},
    {"nearFinishedWithData",
     Kind::tcpPair,
     {nearFinishes, farPuts},
     in | out,
     {4, waits},
     {broken}},
    {"finishedFirstByNear",
     Kind::tcpPair,
     {nearFinishes, farFinishes},
     hungUp,
     {0, 0},
     {broken},
     none,
     none},
    {"finishedFirstByFar",
     Kind::tcpPair,
     {farFinishes, nearFinishes},
     hungUp,
     {0, 0},
     {broken},
     none,
     none},
    {"overWithData",
     Kind::tcpPair,
     {farPuts, farFinishes, nearFinishes},
     hungUp,
     {4, 0},
     {broken},
     none,
     none},
    {"farClosed",
     Kind::tcpPair,
     {farCloses},
     ended | out,
     {0, 0},
     {1, broken, broken},
     0,
     0,
     hungUp | POLLERR},
    {"farClosedAfterData",
     Kind::tcpPair,
     {farPuts, farCloses},
     ended | out,
     {4, 0},
     {1, broken},
     0,
     0,
     hungUp | POLLERR},
    {"sentToAClosedFar",
     Kind::tcpPair,
     {farPuts, farCloses, nearPuts},
     hungUp | POLLERR,
     {4, 0, 0},
     {broken, broken},
     none,
     none},
    {"farReset",
     Kind::tcpPair,
     {farResets},
     hungUp | POLLERR,
     {lost, 0, 0},
     {lost, broken, broken},
     none,
     none},
    {"resetAfterData",
     Kind::tcpPair,
     {farPuts, farResets},
     hungUp | POLLERR,
     {4, lost, 0},
     {lost, broken},
     none,
     none},
    {"farClosedWithUnreadData",
     Kind::tcpPair,
     {nearPuts, farCloses},
     hungUp | POLLERR,
     {lost, 0},
     {lost, broken},
     none,
     none},
    {"bothHadDataAndFarClosed",
     Kind::tcpPair,
     {nearPuts, farPuts, farCloses},
     hungUp | POLLERR,
     {4, lost, 0},
     {lost, broken},
     none,
     none},
    {"resetAfterTheEnd",
     Kind::tcpPair,
     {farFinishes, farResets},
     hungUp | POLLERR,
     {0, 0},
     {broken, broken},
     none,
     none},
    {"resetAfterDataAndTheEnd",
     Kind::tcpPair,
     {farPuts, farFinishes, farResets},
     hungUp | POLLERR,
     {4, 0, 0},
     {broken},
     none,
     none},
    {"resetAfterNearFinished",
     Kind::tcpPair,
     {nearFinishes, farResets},
     hungUp | POLLERR,
     {lost, 0},
     {lost, broken},
     none,
     none},
    {"resetAndTold",
     Kind::tcpPair,
     {farResets, nearTakesItsError},
     hungUp,
     {0, 0},
     {broken},
     none,
     none},
    {"resetWithDataAndTold",
     Kind::tcpPair,
     {farPuts, farResets, nearTakesItsError},
     hungUp,
     {4, 0},
     {broken},
     none,
     none},
    {"fullAndReset",
     Kind::tcpPair,
     {nearFills, farResets},
     hungUp | POLLERR,
     {lost, 0},
     {lost, broken},
     none,
     none},
    {"notReceiving", Kind::tcpPair, {nearStopsReceiving}, ended | out, {0, 0}, {1}},
    {"notReceivingWithData",
     Kind::tcpPair,
     {farPuts, nearStopsReceiving},
     ended | out,
     {4, 0},
     {1}},
    {"notReceivingWithLateData",
     Kind::tcpPair,
     {nearStopsReceiving, farPuts},
     ended | out,
     {4, 0},
     {1}},
    {"shut", Kind::tcpPair, {nearShuts}, hungUp, {0}, {broken}},
    {"shutWithData", Kind::tcpPair, {farPuts, nearShuts}, hungUp, {4, 0}, {broken}},
    {"farNotReceiving", Kind::tcpPair, {farStopsReceiving}, out, {waits}, {1, 1}},
};

const std::vector<State> localStates = {
    {"localIdle", Kind::localPair, {}, out, {waits}, {1, 1}},
    {"localWithData", Kind::localPair, {farPuts}, in | out, {4, waits}, {1}},
    {"localFull", Kind::localPair, {nearFills}, 0, {waits}, {waits}},
    {"localFarFinished", Kind::localPair, {farFinishes}, ended | out, {0, 0}, {1}},
    {"localFarFinishedAfterData",
     Kind::localPair,
     {farPuts, farFinishes},
     ended | out,
     {4, 0},
     {1}},
    {"localNearFinished", Kind::localPair, {nearFinishes}, out, {waits}, {broken}},
    {"localBothFinished", Kind::localPair, {nearFinishes, farFinishes}, hungUp, {0}, {broken}},
    {"localFarClosed", Kind::localPair, {farCloses}, hungUp, {0, 0}, {broken, broken}},
    {"localFarClosedAfterData", Kind::localPair, {farPuts, farCloses}, hungUp, {4, 0}, {broken}},
    {"localFarClosedWithUnreadData",
     Kind::localPair,
     {nearPuts, farCloses},
     hungUp | POLLERR,
     {lost, 0},
     {broken, broken}},
    {"localBothHadDataAndFarClosed",
     Kind::localPair,
     {nearPuts, farPuts, farCloses},
     hungUp | POLLERR,
     {4, lost, 0},
     {broken}},
    {"localFarNotReceiving", Kind::localPair, {farStopsReceiving}, out, {waits}, {broken, broken}},
    {"localNotReceiving", Kind::localPair, {nearStopsReceiving}, ended | out, {0}, {1}},
    {"localShut", Kind::localPair, {nearShuts}, hungUp, {0}, {broken}},
};

const std::vector<State> otherStates = {
    {"fresh", Kind::tcp, {}, fresh, {none, none}, {broken}, none, none},
    {"bound", Kind::tcp, {nearIsBound}, fresh, {none}, {broken}, none, none},
    {"listening", Kind::tcp, {nearIsBound, nearListens}, 0, {}, {broken}, 0, none},
    {"listeningWithABacklog",
     Kind::tcp,
     {nearIsBound, nearListens, someoneConnects},
     in,
     {none},
     {broken},
     0,
     none},
    {"listeningNoMore",
     Kind::tcp,
     {nearIsBound, nearListens, nearStopsReceiving},
     fresh,
     {none},
     {broken},
     none,
     none},
    {"localFresh", Kind::local, {}, fresh, {-EINVAL}, {none}, 0, none},
};

class DriverStateTest : public testing::DriverTableTest<State> {
 protected:
    void SetUp() override {
        DriverTableTest::SetUp();
        if (!IsSkipped()) build();
    }

    void build() {
        switch (row().kind) {
            case Kind::tcpPair:
                ends_ = tcpPair();
                break;
            case Kind::localPair:
                ends_ = socketPair();
                break;
            case Kind::tcp:
                ends_.near = socket();
                break;
            case Kind::local:
                ends_.near = socket(AF_UNIX);
                break;
        }
        for (Step step : row().steps) take(step);
        ASSERT_TRUE(untilReadiness(near(), row().readiness))
            << "it is " << world().readiness(near());
    }

    int near() const { return ends_.near; }

    void take(Step step) {
        const sockaddr_in address = loopback();
        int far = ends_.far;
        switch (step) {
            case Step::farPuts:
                return put(far, "data");
            case Step::farFinishes:
                return finish(far);
            case Step::farStopsReceiving:
                ASSERT_EQ(driver().shutdownNow(far, SHUT_RD), 0);
                return;
            case Step::farCloses:
                return closeOwned(far);
            case Step::farResets:
                return reset(far);
            case Step::nearPuts:
                return put(near(), "near");
            case Step::nearFills:
                ASSERT_GT(fillUp(near()), 0u);
                return;
            case Step::nearFinishes:
                return finish(near());
            case Step::nearStopsReceiving:
                ASSERT_EQ(driver().shutdownNow(near(), SHUT_RD), 0);
                return;
            case Step::nearShuts:
                ASSERT_EQ(driver().shutdownNow(near(), SHUT_RDWR), 0);
                return;
            case Step::nearTakesItsError:
                return takeError();
            case Step::nearIsBound:
                ASSERT_EQ(driver().bind(near(), &address, sizeof address), 0);
                return;
            case Step::nearListens:
                ASSERT_EQ(driver().listen(near(), 8), 0);
                return;
            case Step::someoneConnects:
                dial(near());
                return;
        }
    }
    void takeError() {
        int error = 0;
        ASSERT_TRUE(until([&] {
            std::size_t bytes = sizeof error;
            driver().getOption(near(), SOL_SOCKET, SO_ERROR, &error, bytes);
            return error != 0;
        }));
        EXPECT_EQ(error, ECONNRESET);
    }

    /// Submits it, and sees that it ends with that, or waits until it is cancelled.
    void expectEnd(Probe& probe, int expected) {
        if (expected != waits) {
            EXPECT_EQ(resultOf(probe), expected);
            return;
        }
        driver().submit(probe);
        settle();
        EXPECT_FALSE(probe.hasEnded()) << probe.result();
        driver().cancel(probe);
        ASSERT_TRUE(untilEnd(probe));
        EXPECT_EQ(probe.result(), -ECANCELED);
    }
    template <class Prepare>
    void expectReceives(Prepare prepare) {
        for (int expected : row().receives) {
            Probe probe;
            prepare(probe);
            expectEnd(probe, expected);
        }
    }
    template <class Prepare>
    void expectSends(Prepare prepare) {
        unsigned awaited = row().readinessAfterSend;
        for (int expected : row().sends) {
            Probe probe;
            prepare(probe);
            expectEnd(probe, expected);
            if (awaited == 0) continue;
            ASSERT_TRUE(untilReadiness(near(), std::exchange(awaited, 0)));
        }
    }

    Ends ends_{-1, -1};
};

TEST_P(DriverStateTest, pollTellsIt) {
    Probe poll;
    poll.preparePoll(near(), static_cast<unsigned>(testing::pollable));
    expectEnd(poll, row().readiness == 0 ? waits : static_cast<int>(row().readiness));
}

TEST_P(DriverStateTest, pollTellsOnlyWhatWasAskedForAndErrorsAndHangUps) {
    // io_uring takes it that everybody wants to hear of the end of the stream.
    for (unsigned asked : {POLLIN | POLLRDHUP, POLLOUT | POLLRDHUP, POLLPRI | POLLRDHUP}) {
        Probe poll;
        poll.preparePoll(near(), asked);
        auto told = static_cast<int>(row().readiness & (asked | POLLERR | POLLHUP));
        expectEnd(poll, told == 0 ? waits : told);
    }
}

TEST_P(DriverStateTest, recvEndsAsItShould) {
    Room<64> room;
    expectReceives([&](Probe& probe) { probe.prepareRecv(near(), room.bytes); });
}

TEST_P(DriverStateTest, recvmsgEndsAsItShould) {
    Room<64> room;
    iovec part{room.bytes, 64};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    expectReceives([&](Probe& probe) { probe.prepareRecvmsg(near(), message); });
}

TEST_P(DriverStateTest, readEndsAsRecvDoes) {
    Room<64> room;
    expectReceives([&](Probe& probe) { probe.prepareRead(near(), room.bytes); });
}

TEST_P(DriverStateTest, aRecvOfAPartLeavesTheRest) {
    int size = row().receives.empty() ? -ENOTCONN : row().receives[0];
    bool hasData = size > 0 && size != waits;
    Room<1> one;
    Room<64> room;
    if (!row().receives.empty()) {
        Probe first;
        first.prepareRecv(near(), one.bytes);
        expectEnd(first, hasData ? 1 : size);
    }
    int rest = world().receive(near(), room.bytes);
    EXPECT_EQ(rest, hasData ? size - 1 : size == waits ? -EAGAIN : rest);
    EXPECT_LT(rest, 64);
}

TEST_P(DriverStateTest, recvMultiTellsAllOfItAndEndsOnce) {
    if (row().receives.empty()) return;
    std::vector<int> expected;
    for (int each : row().receives) {
        expected.push_back(each == waits ? -ECANCELED : each);
        if (each <= 0) break;
    }
    Probe multi;
    multi.prepareRecvMulti(near());
    driver().submit(multi);
    if (expected.back() == -ECANCELED) {
        ASSERT_TRUE(until([&] { return multi.results.size() + 1 == expected.size(); }));
        settle();
        driver().cancel(multi);
    }
    ASSERT_TRUE(untilEnd(multi));
    settle();
    EXPECT_EQ(multi.results, expected);
    EXPECT_EQ(multi.ends, 1);
}

TEST_P(DriverStateTest, sendEndsAsItShould) {
    expectSends([&](Probe& probe) { probe.prepareSend(near(), asBytes("x")); });
}

TEST_P(DriverStateTest, sendmsgEndsAsItShould) {
    iovec part{const_cast<char*>("x"), 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    expectSends([&](Probe& probe) { probe.prepareSendmsg(near(), message); });
}

TEST_P(DriverStateTest, shutdownAndPeerNameSayWhetherItIsConnected) {
    EXPECT_TRUE(until([&] {
        sockaddr_storage peer{};
        std::size_t bytes = sizeof peer;
        return driver().getPeerName(near(), &peer, bytes) == row().peerName;
    }));
    Probe shutdown;
    shutdown.prepareShutdown(near(), SHUT_WR);
    EXPECT_EQ(resultOf(shutdown), row().shutdown);
    shutdown.prepareShutdown(near(), 7);
    EXPECT_EQ(resultOf(shutdown), -EINVAL);
}

TEST_P(DriverStateTest, itCanBeClosed) {
    Probe close;
    close.prepareClose(near());
    EXPECT_EQ(resultOf(close), 0);
    EXPECT_FALSE(world().isOpen(near()));
    disown(near());
}

const auto differentDrivers = ::testing::ValuesIn(testing::differentDrivers());

INSTANTIATE_TEST_SUITE_P(Tcp, DriverStateTest,
                         ::testing::Combine(differentDrivers, ::testing::ValuesIn(tcpStates)),
                         DriverStateTest::nameOf);
INSTANTIATE_TEST_SUITE_P(Local, DriverStateTest,
                         ::testing::Combine(differentDrivers, ::testing::ValuesIn(localStates)),
                         DriverStateTest::nameOf);
INSTANTIATE_TEST_SUITE_P(Other, DriverStateTest,
                         ::testing::Combine(differentDrivers, ::testing::ValuesIn(otherStates)),
                         DriverStateTest::nameOf);

}  // namespace
}  // namespace wring
