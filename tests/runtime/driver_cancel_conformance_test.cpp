#include <wring/tests/support/driver_fixture.hpp>

#include <poll.h>

// Cancelling, waiting, waking, full queues and identities: what no single verb is about.

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::Ends;
using testing::Probe;
using testing::Room;

class DriverCancelTest : public testing::DriverTest {
 protected:
    void makeSmall() {
        DriverOptions options = setup().options();
        options.submissionEntries = 8;
        options.completionEntries = 16;
        make(options);
    }
};

TEST_P(DriverCancelTest, whoIsToldOfACancelMayRunTurnsUntilTheOthersAreTold) {
    Probe first, second;
    first.prepareNop();
    second.prepareNop();
    for (Probe* each : {&first, &second}) driver().submit(*each);
    for (Probe* each : {&first, &second}) driver().cancel(*each);
    bool hasSecondEnded = false;
    first.then = [&](int) { hasSecondEnded = untilEnd(second); };
    EXPECT_TRUE(untilEnd(first));
    EXPECT_TRUE(hasSecondEnded);
    EXPECT_EQ(first.ends + second.ends, 2);
}

TEST_P(DriverCancelTest, whatWaitsEndsOnceWithEcanceled) {
    Ends ends = socketPair();
    fill(ends.near);
    int port = listener();
    Room<8> room;
    iovec part{room.bytes, 8};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    Probe probes[7];
    probes[0].prepareAccept(port);
    probes[1].prepareAcceptMulti(port);
    probes[2].prepareRecv(ends.near, room.bytes);
    probes[3].prepareRecvMulti(ends.near);
    probes[4].prepareSend(ends.near, asBytes("x"));
    probes[5].prepareRecvmsg(ends.near, message);
    probes[6].preparePoll(ends.near, POLLIN);
    for (bool isWithTheKernel : {true, false}) {
        for (Probe& probe : probes) {
            probe.results.clear();
            probe.ends = 0;
            driver().submit(probe);
        }
        if (isWithTheKernel) settle();
        for (Probe& probe : probes) {
            EXPECT_TRUE(probe.inFlight());
            driver().cancel(probe);
            driver().cancel(probe);
            EXPECT_TRUE(probe.results.empty()) << "told within cancel()";
        }
        ASSERT_TRUE(until([&] { return driver().stats().inFlight == 0; }));
        settle();
        for (Probe& probe : probes) {
            EXPECT_EQ(probe.results, std::vector<int>{-ECANCELED})
                << static_cast<int>(probe.verb());
        }
    }
}

TEST_P(DriverCancelTest, aConnectThatWaitsEndsOnceWithEcanceled) {
    int port = listener(1);
    const sockaddr_in address = addressOf(port);
    std::vector<std::unique_ptr<Probe>> connects;
    for (int i = 0; i < 6; ++i) {  // more than the backlog takes
        auto& connect = *connects.emplace_back(std::make_unique<Probe>());
        connect.prepareConnect(own(driver().openSocket(AF_INET, SOCK_STREAM, 0)), &address,
                               sizeof address);
        driver().submit(connect);
    }
    settle();
    for (auto& connect : connects) driver().cancel(*connect);
    ASSERT_TRUE(until([&] { return driver().stats().inFlight == 0; }));
    int cancelled = 0;
    for (auto& connect : connects) {
        ASSERT_EQ(connect->results.size(), 1u);
        EXPECT_TRUE(connect->result() == 0 || connect->result() == -ECANCELED);
        cancelled += connect->result() == -ECANCELED;
    }
    EXPECT_GT(cancelled, 0);
}

TEST_P(DriverCancelTest, cancelAfterTheEndHasNoEffect) {
    Ends ends = socketPair();
    Room<8> room;
    Probe recv;
    recv.prepareRecv(ends.near, room.bytes);
    driver().submit(recv);
    put(ends.far, "x");
    ASSERT_TRUE(untilEnd(recv));
    driver().cancel(recv);
    settle();
    EXPECT_EQ(recv.results, std::vector<int>{1});
    recv.prepareRecv(ends.near, room.bytes);
    driver().submit(recv);
    settle();
    EXPECT_EQ(recv.ends, 1) << "a late cancel met the next operation";
    put(ends.far, "yz");
    ASSERT_TRUE(until([&] { return recv.ends == 2; }));
    EXPECT_EQ(recv.result(), 2);
}

TEST_P(DriverCancelTest, whatHadMovedBeforeTheCancelIsToldAsSuccess) {
    for (int round = 0; round < 200; ++round) {
        Ends ends = socketPair();
        Room<8> room;
        Probe recv;
        recv.prepareRecv(ends.near, room.bytes);
        driver().submit(recv);
        if (round % 2) driver().flush();
        put(ends.far, "data");
        if (round % 3 == 0) driver().flush();
        driver().cancel(recv);
        ASSERT_TRUE(untilEnd(recv));
        ASSERT_EQ(recv.ends, 1);
        if (recv.result() == -ECANCELED) {
            EXPECT_EQ(take(ends.near), "data") << round;
        } else {
            EXPECT_EQ(recv.result(), 4);
            EXPECT_EQ(take(ends.near), "");
        }
        closeOwned(ends.near);
        closeOwned(ends.far);
    }
}

TEST_P(DriverCancelTest, anOperationMaySubmitAndCancelOthersFromItsHandler) {
    Ends ends = socketPair();
    Room<8> room;
    Probe nop, recv, again;
    recv.prepareRecv(ends.near, room.bytes);
    again.prepareNop();
    nop.then = [&](int) {
        driver().cancel(recv);
        driver().submit(again);
    };
    nop.prepareNop();
    driver().submit(recv);
    driver().submit(nop);
    ASSERT_TRUE(until([&] { return recv.hasEnded() && again.hasEnded(); }));
    EXPECT_EQ(recv.result(), -ECANCELED);
    EXPECT_EQ(again.result(), 0);
}

TEST_P(DriverCancelTest, waitReturnsAtItsTimeoutAndNotBefore) {
    driver().wait(Duration::zero());
    settle();
    const Time due = driver().now() + 5ms;
    int turns = 0;
    // A signal may end a wait early; nothing else does.
    for (; driver().now() < due; ++turns) EXPECT_EQ(driver().wait(due - driver().now()), 0u);
    EXPECT_LE(turns, 50);
    EXPECT_EQ(driver().wait(Duration::zero()), 0u);
    EXPECT_EQ(driver().wait(-1ms), 0u);
}

TEST_P(DriverCancelTest, waitTellsHowManyCompletionsItTold) {
    Probe nops[3];
    for (Probe& nop : nops) {
        nop.prepareNop();
        driver().submit(nop);
    }
    unsigned told = 0;
    for (int turn = 0; turn < 5; ++turn) told += driver().wait(Duration::zero());
    EXPECT_EQ(told, 3u);
    EXPECT_EQ(driver().stats().completions, 3u);
}

TEST_P(DriverCancelTest, wakeBeforeTheWaitIsNotLost) {
    driver().wake();
    driver().wake();
    driver().wait(Duration::max());
    EXPECT_EQ(driver().stats().inFlight, 0u);
}

TEST_P(DriverCancelTest, theDescriptorIsReadableOnceThereIsWork) {
    auto isReadable = [&](int timeoutMs) {
        pollfd one{driver().fd(), POLLIN, 0};
        return ::poll(&one, 1, timeoutMs) == 1;
    };
    Ends ends = socketPair();
    Probe multi;
    multi.prepareRecvMulti(ends.near);
    driver().submit(multi);
    settle();
    EXPECT_FALSE(isReadable(0));
    put(ends.far, "x");
    EXPECT_TRUE(isReadable(2000));
    ASSERT_TRUE(until([&] { return multi.data == "x"; }));
    settle();
    EXPECT_FALSE(isReadable(0));
    driver().wake();
    EXPECT_TRUE(isReadable(2000));
    settle();
    driver().cancel(multi);
    driver().flush();
    EXPECT_TRUE(isReadable(2000));
    ASSERT_TRUE(untilEnd(multi));
}

TEST_P(DriverCancelTest, fullQueuesLoseNothing) {
    makeSmall();
    constexpr int count = 5000;
    std::vector<Probe> probes(count);
    for (Probe& probe : probes) {
        probe.prepareNop();
        driver().submit(probe);
    }
    EXPECT_EQ(driver().stats().inFlight, static_cast<unsigned>(count));
    ASSERT_TRUE(until([&] { return driver().stats().inFlight == 0; }));
    for (Probe& probe : probes) ASSERT_EQ(probe.results, std::vector<int>{0});
}

TEST_P(DriverCancelTest, cancelsAreNotLostWhenTheQueuesAreFull) {
    makeSmall();
    Ends ends = socketPair();
    constexpr int count = 200;
    std::vector<Probe> probes(count);
    for (Probe& probe : probes) {
        probe.preparePoll(ends.near, POLLIN);
        driver().submit(probe);
    }
    settle();
    for (int i = 0; i < 100; ++i) settle();
    for (Probe& probe : probes) driver().cancel(probe);
    ASSERT_TRUE(until([&] { return driver().stats().inFlight == 0; }));
    for (Probe& probe : probes) ASSERT_EQ(probe.results, std::vector<int>{-ECANCELED});
}

TEST_P(DriverCancelTest, completionsThatOverflowTheRingAreAllTold) {
    makeSmall();
    constexpr int count = 100;
    std::vector<Ends> ends(count);
    std::vector<Room<4>> rooms(count);
    std::vector<Probe> recvs(count);
    for (int i = 0; i < count; ++i) {
        auto at = static_cast<std::size_t>(i);
        ends[at] = socketPair();
        recvs[at].prepareRecv(ends[at].near, rooms[at].bytes);
        driver().submit(recvs[at]);
    }
    for (int i = 0; i < 30; ++i) settle();
    for (Ends& each : ends) put(each.far, "abc");
    ASSERT_TRUE(until([&] { return driver().stats().inFlight == 0; }));
    for (Probe& recv : recvs) ASSERT_EQ(recv.results, std::vector<int>{3});
}

TEST_P(DriverCancelTest, identitiesSurviveTenThousandReuses) {
    Ends ends = socketPair();
    Room<8> room;
    for (int round = 0; round < 5000; ++round) {
        Probe nop, recv;
        nop.prepareNop();
        recv.prepareRecv(ends.near, room.bytes);
        driver().submit(nop);
        driver().submit(recv);
        driver().wait(Duration::zero());
        driver().cancel(recv);
        for (int turn = 0; turn < 10 && driver().stats().inFlight > 0; ++turn) driver().wait(1s);
        ASSERT_EQ(nop.results, std::vector<int>{0}) << round;
        ASSERT_EQ(recv.results, std::vector<int>{-ECANCELED}) << round;
    }
    EXPECT_EQ(driver().stats().staleCompletions, 0u);
}

TEST_P(DriverCancelTest, aDriverThatGoesLetsGoOfWhatItHas) {
    Ends ends = socketPair();
    Room<8> room;
    Probe queued, waiting;
    waiting.prepareRecv(ends.near, room.bytes);
    driver().submit(waiting);
    settle();
    queued.prepareRecv(ends.far, room.bytes);
    driver().submit(queued);
    make(setup().options());
    EXPECT_FALSE(waiting.inFlight());
    EXPECT_FALSE(queued.inFlight());
    EXPECT_TRUE(waiting.results.empty()) << "nobody is told any more";
}

using DriverCancelDeathTest = DriverCancelTest;

TEST_P(DriverCancelDeathTest, anOperationMustNotDieOrChangeWhileTheKernelHasIt) {
    EXPECT_DEATH(
        {
            Probe nop;
            nop.prepareNop();
            driver().submit(nop);
        },
        "destroyed while the kernel had it");
    EXPECT_DEATH(
        {
            Probe nop;
            nop.prepareNop();
            driver().submit(nop);
            nop.prepareNop();
        },
        "prepared again while the kernel had it");
    EXPECT_DEATH(
        {
            Probe nop;
            nop.prepareNop();
            driver().submit(nop);
            driver().submit(nop);
        },
        "submitted twice");
}

INSTANTIATE_TEST_SUITE_P(Drivers, DriverCancelTest, ::testing::ValuesIn(testing::everyDriver()),
                         testing::nameOf);
INSTANTIATE_TEST_SUITE_P(Drivers, DriverCancelDeathTest,
                         ::testing::ValuesIn(testing::everyDriver()), testing::nameOf);

}  // namespace
}  // namespace wring
