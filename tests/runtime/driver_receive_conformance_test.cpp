#include <wring/tests/support/driver_fixture.hpp>

// recvMulti and the receive buffers: lending, running dry, growing, outliving the driver.

namespace wring {
namespace {

using testing::Ends;
using testing::Probe;
using DriverReceiveTest = testing::DriverTest;

TEST_P(DriverReceiveTest, dataComesPieceByPieceInOneOperation) {
    Ends ends = tcpPair();
    Probe multi;
    multi.prepareRecvMulti(ends.near);
    driver().submit(multi);
    std::string sent;
    for (int i = 0; i < 100; ++i) {
        put(ends.far, std::to_string(i));
        sent += std::to_string(i);
        ASSERT_TRUE(until([&] { return multi.data.size() == sent.size(); })) << i;
    }
    EXPECT_EQ(multi.data, sent);
    EXPECT_EQ(multi.ends, 0);
    finish(ends.far);
    ASSERT_TRUE(untilEnd(multi));
    EXPECT_EQ(multi.result(), 0);
    settle();
    EXPECT_EQ(multi.ends, 1);
}

TEST_P(DriverReceiveTest, theEndComesAfterTheDataSentWithIt) {
    Ends ends = tcpPair();
    put(ends.far, "last words");
    finish(ends.far);
    Probe multi;
    multi.prepareRecvMulti(ends.near);
    driver().submit(multi);
    ASSERT_TRUE(untilEnd(multi));
    EXPECT_EQ(multi.data, "last words");
    EXPECT_EQ(multi.results, (std::vector<int>{10, 0}));
}

TEST_P(DriverReceiveTest, whatIsLargerThanABufferComesInSeveral) {
    makeWithBuffers(4, 4, 64);
    Ends ends = socketPair();
    const std::string text(1000, 'z');
    put(ends.far, text);
    Probe multi;
    multi.prepareRecvMulti(ends.near);
    driver().submit(multi);
    ASSERT_TRUE(until([&] { return multi.data.size() == 1000; }));
    EXPECT_EQ(multi.data, text);
    for (int result : multi.results) EXPECT_LE(result, 64);
    closeOwned(ends.far);
    ASSERT_TRUE(untilEnd(multi));
    EXPECT_EQ(multi.result(), 0);
}

std::string numbered(std::size_t bytes) {
    std::string text;
    for (int i = 0; text.size() < bytes; ++i) text += std::to_string(i) + ' ';
    text.resize(bytes);
    return text;
}

TEST_P(DriverReceiveTest, whatFillsManyBuffersComesInOrder) {
    makeWithBuffers(16, 16, 64);
    Ends ends = socketPair();
    const std::string text = numbered(10000);
    put(ends.far, text);
    Probe multi;
    multi.prepareRecvMulti(ends.near);
    driver().submit(multi);
    ASSERT_TRUE(until([&] { return multi.data.size() == text.size(); }));
    EXPECT_EQ(multi.data, text);
    for (int result : multi.results) EXPECT_LE(result, 64);
    closeOwned(ends.far);
    ASSERT_TRUE(untilEnd(multi));
    EXPECT_EQ(multi.result(), 0);
}

TEST_P(DriverReceiveTest, theOrderStaysWhenHandlersRunTurns) {
    makeWithBuffers(16, 16, 64);
    Ends ends = socketPair();
    const std::string text = numbered(5000);
    put(ends.far, text);
    Probe multi;
    int depth = 0;
    multi.then = [&](int) {
        if (depth == 3) return;
        ++depth;
        driver().wait(Duration::zero());
        --depth;
    };
    multi.prepareRecvMulti(ends.near);
    driver().submit(multi);
    ASSERT_TRUE(until([&] { return multi.data.size() == text.size(); }));
    EXPECT_EQ(multi.data, text);
    driver().cancel(multi);
    ASSERT_TRUE(untilEnd(multi));
}

TEST_P(DriverReceiveTest, cancelledInTheMiddleOfManyBuffersNothingIsLost) {
    makeWithBuffers(16, 16, 64);
    Ends ends = socketPair();
    const std::string text = numbered(5000);
    put(ends.far, text);
    Probe first;
    first.then = [&](int) {
        if (first.data.size() > 200) driver().cancel(first);
    };
    first.prepareRecvMulti(ends.near);
    driver().submit(first);
    ASSERT_TRUE(untilEnd(first));
    EXPECT_EQ(first.result(), -ECANCELED);
    Probe second;
    second.prepareRecvMulti(ends.near);
    driver().submit(second);
    ASSERT_TRUE(until([&] { return first.data.size() + second.data.size() == text.size(); }));
    EXPECT_EQ(first.data + second.data, text);
    closeOwned(ends.far);
    ASSERT_TRUE(untilEnd(second));
}

TEST_P(DriverReceiveTest, buffersAreDoubledUpToTheLimit) {
    makeWithBuffers(2, 8, 64);
    EXPECT_EQ(driver().stats().buffers, 2u);
    Ends ends = socketPair();
    Probe multi;
    multi.keepsBytes = true;
    multi.prepareRecvMulti(ends.near);
    driver().submit(multi);
    for (std::size_t held = 1; held <= 8; ++held) {
        put(ends.far, "x");
        ASSERT_TRUE(until([&] { return multi.kept.size() == held; })) << held;
        EXPECT_LE(driver().stats().buffers, 8u);
    }
    EXPECT_EQ(driver().stats().buffers, 8u);
    EXPECT_EQ(driver().stats().buffersLent, 8u);
    put(ends.far, "y");
    settle();
    EXPECT_EQ(multi.kept.size(), 8u);
    multi.kept.clear();
    ASSERT_TRUE(until([&] { return multi.kept.size() == 1; }));
    EXPECT_EQ(multi.kept[0].text(), "y");
    multi.kept.clear();
    driver().cancel(multi);
    ASSERT_TRUE(untilEnd(multi));
}

TEST_P(DriverReceiveTest, starvedReceiversAreServedInTurnAndWithoutSpinning) {
    constexpr std::size_t connections = 50;
    makeWithBuffers(2, 2, 64);
    std::vector<Ends> ends(connections);
    std::vector<Probe> multis(connections);
    for (std::size_t i = 0; i < connections; ++i) {
        ends[i] = socketPair();
        multis[i].keepsBytes = true;
        multis[i].prepareRecvMulti(ends[i].near);
        driver().submit(multis[i]);
        put(ends[i].far, std::to_string(i));
    }
    auto serve = [&] {  // gives back what is held; gives how many were served
        std::size_t count = 0;
        for (Probe& each : multis) {
            count += each.kept.size();
            for (Bytes& bytes : each.kept) each.data += bytes.text();
            each.kept.clear();
        }
        return count;
    };
    settle();
    const std::uint64_t starvations = driver().stats().starvations;
    const std::uint64_t submissions = driver().stats().enters;
    for (int turn = 0; turn < 50; ++turn) driver().wait(Duration::zero());
    EXPECT_LE(driver().stats().starvations, starvations + connections) << "it spins";
    EXPECT_LE(driver().stats().enters, submissions + 200) << "it spins";
    std::size_t served = 0;
    for (int turn = 0; turn < 500 && served < connections; ++turn) {
        driver().wait(Duration::zero());
        std::size_t now = serve();
        EXPECT_LE(now, 2u);
        served += now;
    }
    EXPECT_EQ(served, connections);
    for (std::size_t i = 0; i < connections; ++i) EXPECT_EQ(multis[i].data, std::to_string(i));
    for (Probe& each : multis) driver().cancel(each);
    ASSERT_TRUE(until([&] { return driver().stats().inFlight == 0; }));
}

// A connection without data must not sit on the turn of one that has some.
TEST_P(DriverReceiveTest, anIdleReceiverPassesItsTurnOn) {
    makeWithBuffers(1, 1, 64);
    Ends holder = socketPair(), idle = socketPair(), busy = socketPair();
    Probe held, first, second;
    held.keepsBytes = true;
    held.prepareRecvMulti(holder.near);
    driver().submit(held);
    put(holder.far, "held");
    ASSERT_TRUE(until([&] { return held.kept.size() == 1; }));
    first.prepareRecvMulti(idle.near);
    driver().submit(first);
    settle();
    second.prepareRecvMulti(busy.near);
    driver().submit(second);
    put(busy.far, "waiting");
    settle();
    EXPECT_EQ(second.data, "");
    held.kept.clear();
    EXPECT_TRUE(until([&] { return second.data == "waiting"; }))
        << "a buffer is free and its receiver does not get it";
    for (Probe* each : {&held, &first, &second}) driver().cancel(*each);
    ASSERT_TRUE(until([&] { return driver().stats().inFlight == 0; }));
}

TEST_P(DriverReceiveTest, aReceiverAtItsEndPassesItsTurnOn) {
    makeWithBuffers(1, 1, 64);
    Ends holder = socketPair(), ended = socketPair(), busy = socketPair();
    Probe held, first, second;
    held.keepsBytes = true;
    held.prepareRecvMulti(holder.near);
    driver().submit(held);
    put(holder.far, "held");
    ASSERT_TRUE(until([&] { return held.kept.size() == 1; }));
    finish(ended.far);
    first.prepareRecvMulti(ended.near);
    driver().submit(first);
    settle();
    second.prepareRecvMulti(busy.near);
    driver().submit(second);
    put(busy.far, "waiting");
    settle();
    held.kept.clear();
    EXPECT_TRUE(until([&] { return second.data == "waiting"; }))
        << "a buffer is free and its receiver does not get it";
    EXPECT_TRUE(untilEnd(first));
    EXPECT_EQ(first.result(), 0);
    for (Probe* each : {&held, &second}) driver().cancel(*each);
    ASSERT_TRUE(until([&] { return driver().stats().inFlight == 0; }));
}

TEST_P(DriverReceiveTest, aStarvedReceiverCanBeCancelled) {
    makeWithBuffers(1, 1, 64);
    Ends holder = socketPair(), other = socketPair();
    Probe held, starved;
    held.keepsBytes = true;
    held.prepareRecvMulti(holder.near);
    driver().submit(held);
    put(holder.far, "held");
    ASSERT_TRUE(until([&] { return held.kept.size() == 1; }));
    starved.prepareRecvMulti(other.near);
    driver().submit(starved);
    put(other.far, "x");
    settle();
    EXPECT_FALSE(starved.hasEnded());
    driver().cancel(starved);
    ASSERT_TRUE(untilEnd(starved));
    EXPECT_EQ(starved.results, std::vector<int>{-ECANCELED});
    EXPECT_EQ(take(other.near), "x") << "what was not delivered is still there";
    held.kept.clear();
    driver().cancel(held);
    ASSERT_TRUE(untilEnd(held));
}

// The data arrives first, then the cancel is asked for, and no buffer is free.
TEST_P(DriverReceiveTest, aCancelIsNotLostOnAReceiverThatFindsNoBuffer) {
    makeWithBuffers(1, 1, 64);
    Ends holder = socketPair(), other = socketPair();
    Probe held, waiting;
    held.keepsBytes = true;
    held.prepareRecvMulti(holder.near);
    waiting.prepareRecvMulti(other.near);
    driver().submit(held);
    driver().submit(waiting);
    settle();
    put(holder.far, "held");
    ASSERT_TRUE(until([&] { return held.kept.size() == 1; }));
    put(other.far, "x");
    driver().cancel(waiting);
    EXPECT_TRUE(untilEnd(waiting));
    if (!waiting.hasEnded()) driver().cancel(waiting);
    held.kept.clear();
    driver().cancel(held);
    ASSERT_TRUE(until([&] { return driver().stats().inFlight == 0; }));
    EXPECT_EQ(waiting.ends, 1);
}

TEST_P(DriverReceiveTest, cancelLosesNoData) {
    for (int round = 0; round < 50; ++round) {
        Ends ends = socketPair();
        Probe multi;
        multi.prepareRecvMulti(ends.near);
        driver().submit(multi);
        if (round % 2) settle();
        put(ends.far, "data");
        driver().cancel(multi);
        ASSERT_TRUE(untilEnd(multi));
        settle();
        EXPECT_EQ(multi.ends, 1);
        EXPECT_EQ(multi.result(), -ECANCELED);
        EXPECT_EQ(multi.data + take(ends.near), "data") << round;
        closeOwned(ends.near);
        closeOwned(ends.far);
    }
}

TEST_P(DriverReceiveTest, aHandlerMayCancelItsOwnOperation) {
    Ends ends = socketPair();
    Probe multi;
    multi.then = [&](int) { driver().cancel(multi); };
    multi.prepareRecvMulti(ends.near);
    driver().submit(multi);
    put(ends.far, "data");
    ASSERT_TRUE(untilEnd(multi));
    EXPECT_EQ(multi.results, (std::vector<int>{4, -ECANCELED}));
}

TEST_P(DriverReceiveTest, bytesOutliveTheDriver) {
    Ends ends = socketPair();
    Probe multi;
    multi.keepsBytes = true;
    multi.prepareRecvMulti(ends.near);
    driver().submit(multi);
    put(ends.far, "kept");
    ASSERT_TRUE(until([&] { return multi.kept.size() == 1; }));
    driver().cancel(multi);
    ASSERT_TRUE(untilEnd(multi));
    EXPECT_TRUE(multi.kept[0].isLent());
    destroyDriver();
    EXPECT_EQ(multi.kept[0].text(), "kept");
}

TEST_P(DriverReceiveTest, aBufferGoesBackWhenItsBytesEnd) {
    Ends ends = socketPair();
    Probe multi;
    multi.keepsBytes = true;
    multi.prepareRecvMulti(ends.near);
    driver().submit(multi);
    put(ends.far, "kept");
    ASSERT_TRUE(until([&] { return multi.kept.size() == 1; }));
    EXPECT_EQ(driver().stats().buffersLent, 1u);
    Bytes moved = std::move(multi.kept[0]);
    multi.kept.clear();
    EXPECT_EQ(driver().stats().buffersLent, 1u);
    moved = Bytes();
    EXPECT_EQ(driver().stats().buffersLent, 0u);
    driver().cancel(multi);
    ASSERT_TRUE(untilEnd(multi));
}

INSTANTIATE_TEST_SUITE_P(Drivers, DriverReceiveTest, ::testing::ValuesIn(testing::everyDriver()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
