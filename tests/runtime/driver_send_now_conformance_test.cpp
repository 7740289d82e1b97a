#include <wring/tests/support/driver_fixture.hpp>

#include <poll.h>
#include <thread>

// Sends that are tried at once: what is taken, what is told of the rest, and to whom.

namespace wring {
namespace {

using testing::Ends;
using testing::Probe;

class DriverSendNowTest : public testing::DriverTest {
 protected:
    /// Enables the driver, which a ring needs before it takes anything at once.
    void SetUp() override {
        DriverTest::SetUp();
        if (!IsSkipped()) settle();
    }

    /// A queue that a few sends fill.
    void makeWithSmallQueues() {
        DriverOptions options = setup().options();
        options.submissionEntries = 8;
        options.completionEntries = 16;
        make(options);
        settle();
    }

    /// Tries to send `text` at once, with an owner; of what a driver does not take we keep that.
    int sendNow(Probe& probe, int fd, std::string_view text) {
        Bytes owner = Bytes::copyOf(text);
        probe.prepareSend(fd, owner.view());
        int taken = driver().sendNow(probe, owner);
        if (owner) left_ = std::move(owner);
        return taken;
    }
    int sendNow(int fd, std::string_view text) { return sendNow(probe_, fd, text); }
    bool isInline() { return driver().features().inlineSend; }
    bool isUring() { return std::string_view(driver().name()) == "uring"; }
    bool takesAtOnce() { return isInline() || !isUring(); }
    /// Whether so much, with an owner, waits for the end of the turn.
    bool waits(std::size_t bytes) {
        bool isEpoll = std::string_view(driver().name()) == "epoll";
        return isInline() || (isEpoll && bytes <= 4096);
    }

    Probe probe_;
    Bytes left_;  // what a driver did not take
};

TEST_P(DriverSendNowTest, whatFitsGoesOutWithTheNextTurnInSilence) {
    Ends ends = socketPair();
    for (std::size_t size :
         {std::size_t{4}, std::size_t{1024}, std::size_t{1025}, std::size_t{5000}}) {
        const std::string text(size, 'a');
        int taken = sendNow(ends.near, text);
        if (!takesAtOnce()) {
            EXPECT_EQ(taken, -EAGAIN);
            EXPECT_FALSE(probe_.inFlight());
            continue;
        }
        EXPECT_EQ(taken, static_cast<int>(size));
        settle();
        EXPECT_EQ(take(ends.far, 8192), text);
        EXPECT_FALSE(probe_.inFlight());
        EXPECT_TRUE(probe_.results.empty());
    }
}

TEST_P(DriverSendNowTest, whatHasNoOwnerIsLeftToTheOperation) {
    Ends ends = socketPair();
    probe_.prepareSend(ends.near, asBytes("mine"));
    Bytes none;
    int taken = driver().sendNow(probe_, none);
    EXPECT_EQ(taken, isInline() || isUring() ? -EAGAIN : 4);
    EXPECT_FALSE(probe_.inFlight());
}

TEST_P(DriverSendNowTest, whoAsksIsToldThatAllWasSent) {
    Ends ends = socketPair();
    int taken = sendNow(ends.near, "ping");
    if (!waits(4)) {
        EXPECT_FALSE(probe_.inFlight());
        return;
    }
    EXPECT_EQ(taken, 4);
    EXPECT_TRUE(probe_.inFlight());
    driver().cancel(probe_);
    driver().cancel(probe_);
    EXPECT_TRUE(probe_.results.empty()) << "told within cancel()";
    ASSERT_TRUE(untilEnd(probe_));
    EXPECT_EQ(probe_.results, std::vector<int>{4});
    EXPECT_EQ(probe_.data, "ping") << "the bytes are given back";
    EXPECT_EQ(take(ends.far), "ping");
}

TEST_P(DriverSendNowTest, nothingIsPutBehindWhatWasNotKept) {
    Ends ends = socketPair();
    probe_.prepareSend(ends.near, asBytes("mine"));
    EXPECT_FALSE(driver().sendMore(probe_, asBytes("more"))) << "it was not sent";
    Bytes none;
    driver().sendNow(probe_, none);
    EXPECT_FALSE(driver().sendMore(probe_, asBytes("more")));
    settle();
    EXPECT_EQ(take(ends.far), isInline() || isUring() ? "" : "mine");
}

TEST_P(DriverSendNowTest, aPartIsToldWithAllTheBytesAndAFullSocketWithNone) {
    Ends ends = socketPair();
    int small = 4096;
    EXPECT_EQ(driver().setOption(ends.near, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    const std::string much(1 << 20, 'm');
    int taken = sendNow(ends.near, much);
    if (!takesAtOnce()) {
        EXPECT_EQ(taken, -EAGAIN);
        return;
    }
    if (isInline()) {
        EXPECT_EQ(taken, 1 << 20);
        ASSERT_TRUE(untilEnd(probe_));
        EXPECT_TRUE(probe_.data == much);
        taken = probe_.result();
    }
    EXPECT_GT(taken, 0);
    EXPECT_LT(taken, 1 << 20);
    Probe full;
    Bytes owner = Bytes::copyOf("x");
    full.prepareSend(ends.near, owner.view());
    int second = driver().sendNow(full, owner);
    if (waits(1)) {
        EXPECT_EQ(second, 1);
        ASSERT_TRUE(untilEnd(full));
        EXPECT_EQ(full.data, "x");
        second = full.result();
    }
    EXPECT_EQ(second, -EAGAIN);
}

TEST_P(DriverSendNowTest, aBrokenConnectionIsTold) {
    Ends ends = socketPair();
    closeOwned(ends.far);
    int taken = sendNow(ends.near, "lost");
    if (!takesAtOnce()) {
        EXPECT_EQ(taken, -EAGAIN);
        return;
    }
    if (waits(4)) {
        ASSERT_TRUE(untilEnd(probe_));
        taken = probe_.result();
    }
    EXPECT_EQ(taken, -EPIPE);
}

TEST_P(DriverSendNowTest, moreThanTheQueueHoldsGoesOutInOrder) {
    makeWithSmallQueues();
    Ends ends = socketPair();
    std::vector<std::unique_ptr<Probe>> probes;
    std::string expected;
    for (char letter = 'a'; letter <= 'z'; ++letter) {
        Probe& probe = *probes.emplace_back(std::make_unique<Probe>());
        int taken = sendNow(probe, ends.near, std::string(100, letter));
        if (!takesAtOnce()) {
            EXPECT_EQ(taken, -EAGAIN);
            return;
        }
        EXPECT_EQ(taken, 100);
        expected += std::string(100, letter);
    }
    driver().cancel(*probes.back());
    settle();
    EXPECT_EQ(take(ends.far), expected);
    for (auto& probe : probes) EXPECT_FALSE(probe->inFlight());
    EXPECT_EQ(probes.back()->ends, waits(100) ? 1 : 0);
}

/// On the drivers that hand sends over in batches.
class DriverSilentSendTest : public DriverSendNowTest {
 protected:
    void SetUp() override {
        DriverSendNowTest::SetUp();
        if (!IsSkipped() && !waits(1)) GTEST_SKIP() << "this kernel tells of every send";
    }
};

TEST_P(DriverSilentSendTest, answersThatOverflowTheQueueAreNotTakenForSilence) {
    makeWithSmallQueues();
    Ends ends = socketPair();
    closeOwned(ends.far);
    std::vector<std::unique_ptr<Probe>> probes;
    for (int i = 0; i < 100; ++i) {
        Probe& probe = *probes.emplace_back(std::make_unique<Probe>());
        EXPECT_EQ(sendNow(probe, ends.near, "x"), 1);
    }
    EXPECT_TRUE(until([&] { return driver().stats().inFlight == 0; }));
    for (auto& probe : probes) EXPECT_EQ(probe->results, std::vector<int>{-EPIPE});
    if (isUring()) {
        EXPECT_GT(driver().stats().overflows, 0u);
    }
}

TEST_P(DriverSilentSendTest, moreOfTheSameTurnGoesOutAsOne) {
    Ends ends = socketPair();
    EXPECT_EQ(sendNow(ends.near, "one"), 3);
    std::uint64_t submitted = driver().stats().submitted;
    EXPECT_TRUE(driver().sendMore(probe_, asBytes(", two")));
    EXPECT_TRUE(driver().sendMore(probe_, asBytes(", three")));
    EXPECT_EQ(driver().stats().submitted, submitted);
    EXPECT_EQ(driver().stats().inFlight, 1u);
    settle();
    EXPECT_EQ(take(ends.far), "one, two, three");
    EXPECT_FALSE(probe_.inFlight());
    EXPECT_TRUE(probe_.results.empty());
    EXPECT_FALSE(driver().sendMore(probe_, asBytes("late"))) << "it is over";
}

TEST_P(DriverSilentSendTest, nothingIsPutBehindWhatIsWithTheKernelOrWaitedForOrAnothers) {
    Ends ends = socketPair();
    EXPECT_EQ(sendNow(ends.near, "1"), 1);
    Probe second;
    EXPECT_EQ(sendNow(second, ends.near, "2"), 1);
    EXPECT_FALSE(driver().sendMore(probe_, asBytes("x"))) << "another one is behind it";
    driver().cancel(second);
    EXPECT_FALSE(driver().sendMore(second, asBytes("x"))) << "its end was asked for";
    ASSERT_TRUE(untilEnd(second));
    EXPECT_EQ(sendNow(ends.near, "3"), 1);
    driver().flush();
    if (std::string_view(driver().name()) != "sim") {
        EXPECT_FALSE(driver().sendMore(probe_, asBytes("x"))) << "the kernel has it";
    }
    settle();
    EXPECT_EQ(take(ends.far), "123");
}

TEST_P(DriverSilentSendTest, whatWasJoinedIsToldAsOne) {
    Ends ends = socketPair();
    EXPECT_EQ(sendNow(ends.near, "one"), 3);
    EXPECT_TRUE(driver().sendMore(probe_, asBytes(" two")));
    driver().cancel(probe_);
    ASSERT_TRUE(untilEnd(probe_));
    EXPECT_EQ(probe_.results, std::vector<int>{7});
    EXPECT_EQ(probe_.data, "one two");
    EXPECT_EQ(take(ends.far), "one two");
}

TEST_P(DriverSilentSendTest, whatWasJoinedIsGivenBackAsOneWhenItFails) {
    Ends ends = socketPair();
    closeOwned(ends.far);
    EXPECT_EQ(sendNow(ends.near, "one"), 3);
    EXPECT_TRUE(driver().sendMore(probe_, asBytes(" two")));
    ASSERT_TRUE(untilEnd(probe_));
    EXPECT_EQ(probe_.result(), -EPIPE);
    EXPECT_EQ(probe_.data, "one two");
}

TEST_P(DriverSilentSendTest, moreIsPutBehindTheLastOfManyOnly) {
    makeWithSmallQueues();
    Ends ends = socketPair();
    std::vector<std::unique_ptr<Probe>> probes;
    std::string expected;
    for (char letter = 'a'; letter <= 'z'; ++letter) {
        Probe& probe = *probes.emplace_back(std::make_unique<Probe>());
        EXPECT_EQ(sendNow(probe, ends.near, std::string(100, letter)), 100);
        expected += std::string(100, letter);
        // Every eighth fills the queue.
        if (driver().sendMore(probe, asBytes("+"))) expected += '+';
        if (probes.size() > 1) {
            EXPECT_FALSE(driver().sendMore(*probes[probes.size() - 2], asBytes("-")));
        }
    }
    settle();
    EXPECT_EQ(take(ends.far, 8192), expected);
    EXPECT_GT(expected.size(), 2600u);
}

TEST_P(DriverSilentSendTest, aHandlerMaySendAgainAtOnce) {
    Ends ends = socketPair();
    EXPECT_EQ(sendNow(ends.near, "1"), 1);
    Probe second;
    probe_.then = [&](int) { EXPECT_EQ(sendNow(second, ends.near, "2"), 1); };
    driver().cancel(probe_);
    settle();
    EXPECT_EQ(take(ends.far), "12");
    EXPECT_FALSE(second.inFlight());
}

TEST_P(DriverSilentSendTest, aParkedDriverHasHandedOverAndWakesUpForWhoAsked) {
    Ends ends = socketPair();
    pollfd readable{driver().fd(), POLLIN, 0};
    EXPECT_EQ(sendNow(ends.near, "parked"), 6);
    driver().flush();
    std::string early = take(ends.far);
    if (std::string_view(driver().name()) != "sim") {
        EXPECT_EQ(early, "parked");
    }
    bool isUnconfirmed = probe_.inFlight();
    driver().cancel(probe_);
    EXPECT_TRUE(probe_.results.empty()) << "told within cancel()";
    if (isUnconfirmed) {
        EXPECT_EQ(::poll(&readable, 1, 5000), 1);
        EXPECT_TRUE(untilEnd(probe_));
    }
    EXPECT_EQ(probe_.results, std::vector<int>(isUnconfirmed ? 1 : 0, 6));
    EXPECT_EQ(early + take(ends.far), "parked");
}

TEST_P(DriverSilentSendTest, aParkedDriverWakesUpForASendThatFailed) {
    Ends ends = socketPair();
    pollfd readable{driver().fd(), POLLIN, 0};
    closeOwned(ends.far);
    EXPECT_EQ(sendNow(ends.near, "lost"), 4);
    driver().flush();
    EXPECT_EQ(::poll(&readable, 1, 5000), 1);
    ASSERT_TRUE(untilEnd(probe_));
    EXPECT_EQ(probe_.results, std::vector<int>{-EPIPE});
}

TEST_P(DriverSilentSendTest, aTurnWithinTheTellingOfABatchTakesNoAnswerForSilence) {
    DriverOptions options = setup().options();
    options.completionsPerTurn = 1;
    make(options);
    settle();
    Ends ends = socketPair();
    Ends broken = socketPair();
    closeOwned(broken.far);
    Probe lost[4];
    probe_.then = [&](int) {
        for (Probe& each : lost) {
            EXPECT_EQ(sendNow(each, broken.near, "x"), 1);
        }
        // The first turn finishes the batch that is being told, the second begins the next one.
        for (int turn = 0; turn < 2; ++turn) driver().wait(Duration::zero());
    };
    sendNow(ends.near, "told");
    driver().cancel(probe_);
    EXPECT_TRUE(until([&] { return driver().stats().inFlight == 0; }));
    for (Probe& each : lost) EXPECT_EQ(each.results, std::vector<int>{-EPIPE});
}

/// Sends that hold receive buffers.
class DriverSendNowLentTest : public DriverSilentSendTest {
 protected:
    /// Receives `text` on `ends` into a buffer of the driver's.
    Bytes receive(const Ends& ends, std::string_view text) {
        Probe receiver;
        receiver.keepsBytes = true;
        receiver.prepareRecvMulti(ends.near);
        driver().submit(receiver);
        put(ends.far, text);
        EXPECT_TRUE(until([&] { return !receiver.kept.empty(); }));
        driver().cancel(receiver);
        EXPECT_TRUE(untilEnd(receiver));
        return receiver.kept.empty() ? Bytes() : std::move(receiver.kept.front());
    }
    /// Gives a received chunk to a send; true if the driver keeps it.
    bool sendReceived(const Ends& ends) {
        Bytes owner = receive(ends, std::string(3000, 'l'));
        EXPECT_TRUE(owner.isLent());
        probe_.prepareSend(ends.near, owner.view());
        return driver().sendNow(probe_, owner) == 3000 && !owner;
    }

    /// Lets `starved` wait for the one buffer, which holds what a silent send is to send.
    void starveBehindASend(Probe& starved) {
        Ends ends = socketPair();
        Ends other = socketPair();
        Bytes owner = receive(ends, std::string(3000, 'l'));
        starved.prepareRecvMulti(other.near);
        driver().submit(starved);
        put(other.far, "waits");
        settle();
        probe_.prepareSend(ends.near, owner.view());
        EXPECT_EQ(driver().sendNow(probe_, owner), 3000);
    }
};

TEST_P(DriverSendNowLentTest, aReceiverWithoutABufferDoesNotWaitForTheNextEventToGetIt) {
    makeWithBuffers(1, 1, 4096);
    settle();
    Probe starved;
    starveBehindASend(starved);
    Time before = driver().now();
    for (int turn = 0; turn < 5 && starved.data.empty(); ++turn) {
        driver().wait(std::chrono::seconds(1));
    }
    EXPECT_EQ(starved.data, "waits");
    EXPECT_LT(driver().now() - before, std::chrono::milliseconds(500));
    driver().cancel(starved);
    EXPECT_TRUE(untilEnd(starved));
}

TEST_P(DriverSendNowLentTest, aParkedDriverIsReadableWhileAReceiverWaitsForABufferThatASendHolds) {
    makeWithBuffers(1, 1, 4096);
    settle();
    pollfd readable{driver().fd(), POLLIN, 0};
    Probe starved;
    starveBehindASend(starved);
    for (int turn = 0; turn < 10 && starved.data.empty(); ++turn) {
        driver().flush();
        ASSERT_EQ(::poll(&readable, 1, 5000), 1) << "nothing to do in turn " << turn;
        driver().wait(Duration::zero());
    }
    EXPECT_EQ(starved.data, "waits");
    driver().cancel(starved);
    EXPECT_TRUE(untilEnd(starved));
}

TEST_P(DriverSendNowLentTest, aDriverThatGoesTakesTheBuffersBack) {
    EXPECT_EQ(sendReceived(socketPair()), waits(3000));
    EXPECT_EQ(probe_.inFlight(), waits(3000));
    destroyDriver();
    EXPECT_FALSE(probe_.inFlight());
}

TEST_P(DriverSendNowLentTest, aDriverThatGoesInAnotherThreadTakesTheBuffersBack) {
    EXPECT_EQ(sendReceived(socketPair()), waits(3000));
    EXPECT_EQ(probe_.inFlight(), waits(3000));
    std::thread([this] { destroyDriver(); }).join();
    EXPECT_FALSE(probe_.inFlight());
}

using DriverSendNowDeathTest = DriverSilentSendTest;

TEST_P(DriverSendNowDeathTest, anotherThreadMustNotSend) {
    Ends ends = socketPair();
    EXPECT_DEATH(std::thread([&] { sendNow(ends.near, "x"); }).join(),
                 "from a thread that does not run it");
}

TEST_P(DriverSendNowDeathTest, anotherThreadMustNotPutMoreBehindASend) {
    Ends ends = socketPair();
    EXPECT_EQ(sendNow(ends.near, "x"), 1);
    EXPECT_DEATH(std::thread([&] { driver().sendMore(probe_, asBytes("y")); }).join(),
                 "from a thread that does not run it");
    settle();
}

TEST_P(DriverSendNowTest, aDriverThatGoesLetsGoOfWhatItKept) {
    Ends ends = socketPair();
    sendNow(ends.near, std::string(4096, 'k'));
    destroyDriver();
    EXPECT_FALSE(probe_.inFlight());
    EXPECT_TRUE(probe_.results.empty());
}

INSTANTIATE_TEST_SUITE_P(Drivers, DriverSendNowTest, ::testing::ValuesIn(testing::everyDriver()),
                         testing::nameOf);

INSTANTIATE_TEST_SUITE_P(Drivers, DriverSilentSendTest,
                         ::testing::ValuesIn(testing::everyBatchingDriver()), testing::nameOf);
INSTANTIATE_TEST_SUITE_P(Drivers, DriverSendNowDeathTest,
                         ::testing::ValuesIn(testing::batchingDrivers()), testing::nameOf);
INSTANTIATE_TEST_SUITE_P(Drivers, DriverSendNowLentTest,
                         ::testing::ValuesIn(testing::everyBatchingDriver()), testing::nameOf);

}  // namespace
}  // namespace wring
