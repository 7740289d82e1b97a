#include <wring/tests/support/driver_fixture.hpp>

#include <deque>

// Receives of many connections into the same buffers: 64 buffers of 64 bytes are one of 4096, where
// the driver joins them.

namespace wring {
namespace {

using testing::Ends;
using testing::Probe;

struct DriverJoinedBuffersTest : testing::DriverTest {
    void SetUp() override {
        DriverTest::SetUp();
        makeWithBuffers(64, 256, 64);
    }
    struct Receiver : Probe {
        Ends pair;
        std::string sent;
        std::string received() const {
            std::string all;
            for (const Bytes& bytes : kept) all += bytes.text();
            return all;
        }
    };
    Receiver& receive() {
        Receiver& made = receivers.emplace_back();
        made.pair = socketPair();
        made.keepsBytes = true;
        made.prepareRecvMulti(made.pair.near);
        driver().submit(made);
        return made;
    }
    void sendTo(Receiver& receiver, std::size_t bytes) {
        std::string text;
        while (text.size() < bytes) text += std::to_string(next++) + ' ';
        text.resize(bytes);
        put(receiver.pair.far, text);
        receiver.sent += text;
    }
    bool isAllReceived() {
        for (Receiver& each : receivers) {
            if (each.received().size() + each.data.size() < each.sent.size()) return false;
        }
        return true;
    }
    /// Gives all back, after it was compared as far as it has come.
    void letGo() {
        for (Receiver& each : receivers) {
            each.data += each.received();
            EXPECT_EQ(each.data, each.sent.substr(0, each.data.size()));
            each.kept.clear();
        }
    }
    void endAll() {
        for (Receiver& each : receivers) {
            if (each.inFlight()) driver().cancel(each);
        }
        for (Receiver& each : receivers) ASSERT_TRUE(untilEnd(each));
    }

    std::deque<Receiver> receivers;
    int next = 0;
};

TEST_P(DriverJoinedBuffersTest, piecesOfManyConnectionsStayApart) {
    for (int i = 0; i < 20; ++i) receive();
    for (std::size_t round = 0; round < 60; ++round) {
        for (std::size_t i = 0; i < receivers.size(); ++i) {
            if ((i + round) % 3 != 0) sendTo(receivers[i], 1 + (i * 7 + round * 13) % 50);
        }
        while (!isAllReceived()) {
            driver().wait(std::chrono::milliseconds(1));
            letGo();
        }
    }
    letGo();
    for (Receiver& each : receivers) EXPECT_EQ(each.data, each.sent);
    EXPECT_EQ(driver().stats().buffersLent, 0u);
    endAll();
}

TEST_P(DriverJoinedBuffersTest, whatIsHeldStaysAsItCame) {
    Receiver& holder = receive();
    Receiver& other = receive();
    for (int i = 0; i < 30; ++i) {
        sendTo(holder, 5);
        sendTo(other, 200);
        ASSERT_TRUE(until([&] { return isAllReceived(); })) << i;
        other.data += other.received();
        other.kept.clear();
    }
    EXPECT_EQ(holder.received(), holder.sent);
    EXPECT_EQ(other.data, other.sent);
    EXPECT_EQ(driver().stats().buffersLent, holder.kept.size());
    letGo();
    EXPECT_EQ(driver().stats().buffersLent, 0u);
    endAll();
}

TEST_P(DriverJoinedBuffersTest, endsAndErrorsTakeNothing) {
    Receiver& steady = receive();
    for (int i = 0; i < 40; ++i) {
        Receiver& brief = receive();
        sendTo(steady, 9);
        if (i % 2 == 0) sendTo(brief, 30);
        closeOwned(brief.pair.far);
        ASSERT_TRUE(untilEnd(brief));
        EXPECT_EQ(brief.result(), 0);
        EXPECT_EQ(brief.received(), brief.sent);
        sendTo(steady, 11);
        ASSERT_TRUE(until([&] { return isAllReceived(); }));
        letGo();
        closeOwned(brief.pair.near);
    }
    EXPECT_EQ(steady.data, steady.sent);
    endAll();
}

TEST_P(DriverJoinedBuffersTest, whoHoldsAllMakesThemGrowToTheLimit) {
    const std::uint32_t before = driver().stats().buffers;
    Receiver& holder = receive();
    sendTo(holder, 256 * 64);
    ASSERT_TRUE(until([&] { return isAllReceived(); }));
    EXPECT_GE(driver().stats().buffers, 4 * before);
    const std::uint32_t most = driver().stats().buffers;
    sendTo(holder, 100);
    settle();
    EXPECT_EQ(driver().stats().buffers, most);
    EXPECT_FALSE(isAllReceived());
    EXPECT_EQ(holder.ends, 0);
    letGo();
    ASSERT_TRUE(until([&] { return isAllReceived(); }));
    letGo();
    EXPECT_EQ(holder.data, holder.sent);
    endAll();
}

TEST_P(DriverJoinedBuffersTest, whoWaitsForABufferIsServedOrCancelled) {
    Receiver& holder = receive();
    sendTo(holder, 256 * 64);
    ASSERT_TRUE(until([&] { return isAllReceived(); }));
    for (int i = 0; i < 10; ++i) sendTo(receive(), 10);
    settle();
    EXPECT_GT(driver().stats().starvations, 0u);
    const std::uint64_t enters = driver().stats().enters;
    for (int turn = 0; turn < 50; ++turn) driver().wait(Duration::zero());
    EXPECT_LE(driver().stats().enters, enters + 200) << "it spins";
    for (std::size_t i = 1; i <= 5; ++i) {
        driver().cancel(receivers[i]);
        ASSERT_TRUE(untilEnd(receivers[i]));
        EXPECT_EQ(receivers[i].result(), -ECANCELED);
        receivers[i].sent = receivers[i].received();
    }
    letGo();
    ASSERT_TRUE(until([&] { return isAllReceived(); }));
    letGo();
    for (Receiver& each : receivers) EXPECT_EQ(each.data, each.sent);
    endAll();
}

TEST_P(DriverJoinedBuffersTest, aBurstThatComesBackDoesNotMakeThemGrow) {
    const DriverStats before = driver().stats();
    for (int i = 0; i < 8; ++i) receive();
    for (int round = 0; round < 20; ++round) {
        for (Receiver& each : receivers) sendTo(each, 1200);
        while (!isAllReceived()) {
            driver().wait(std::chrono::milliseconds(1));
            letGo();
        }
    }
    if (driver().features().joinedBuffers) {
        EXPECT_GT(driver().stats().starvations, before.starvations);
        EXPECT_EQ(driver().stats().buffers, before.buffers);
    }
    EXPECT_LE(driver().stats().buffers, 256u);
    endAll();
}

TEST_P(DriverJoinedBuffersTest, messagesHaveBuffersOfTheirOwn) {
    Receiver& stream = receive();
    const int near = own(driver().openSocket(AF_INET, SOCK_DGRAM, 0));
    const int far = own(driver().openSocket(AF_INET, SOCK_DGRAM, 0));
    const sockaddr_in any = loopback();
    ASSERT_EQ(driver().bind(near, &any, sizeof any), 0);
    const sockaddr_in address = addressOf(near);
    ASSERT_EQ(driver().connectNow(far, &address, sizeof address), 0);
    msghdr rooms{};
    Probe messages;
    messages.keepsBytes = true;
    messages.prepareRecvmsgMulti(near, rooms);
    driver().submit(messages);
    for (std::size_t i = 1; i <= 200; ++i) {
        put(far, std::string(i % 20, 'm'));
        sendTo(stream, 7);
        ASSERT_TRUE(until([&] { return isAllReceived() && messages.kept.size() == 1; })) << i;
        EXPECT_TRUE(messages.kept[0].text().ends_with(std::string(i % 20, 'm')));
        messages.kept.clear();
        letGo();
    }
    driver().cancel(messages);
    ASSERT_TRUE(untilEnd(messages));
    EXPECT_EQ(stream.data, stream.sent);
    endAll();
}

INSTANTIATE_TEST_SUITE_P(Drivers, DriverJoinedBuffersTest,
                         ::testing::ValuesIn(testing::everyDriver()), testing::nameOf);

}  // namespace
}  // namespace wring
