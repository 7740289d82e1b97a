#include <wring/tests/support/driver_fixture.hpp>

#include <sys/uio.h>

// What an operation that waits is told when something happens to its connection, or to itself.

namespace wring {
namespace {

using testing::Ends;
using testing::Probe;
using testing::Room;

enum class Waiting { recv, recvmsg, recvMulti, read, pollIn, send, sendmsg, write, pollOut };

enum class Event {
    farPuts,
    farTakes,
    farFinishes,
    farPutsAndFinishes,
    farPutsAndCloses,
    farPutsAndResets,
    farCloses,
    farResets,
    nearStopsReceiving,
    nearFinishes,
    nearShuts,
    cancel
};

constexpr int waits = 1 << 28;  // in place of a result
constexpr int anySize = 1 << 27;

/// What is told of an operation that waits; of a recvMulti all of it.
struct Case {
    std::string name;
    Waiting waiting;
    bool isLocal;
    Event event;
    std::vector<int> results;
};

void PrintTo(const Case& each, std::ostream* out) { *out << each.name; }

struct Outcome {
    const char* event;
    Event is;
    std::vector<int> results;
};

void add(std::vector<Case>& cases, const std::string& name, Waiting waiting, bool isLocal,
         const std::vector<Outcome>& outcomes) {
    for (const Outcome& each : outcomes) {
        std::string full = (isLocal ? "local" : "tcp") + name + each.event;
        cases.push_back({full, waiting, isLocal, each.is, each.results});
    }
}

std::vector<Outcome> receiveOutcomes(bool isLocal, bool isMulti) {
    using enum Event;
    const int reset = -ECONNRESET;
    std::vector<Outcome> outcomes = {
        {"FarFinishes", farFinishes, {0}},
        {"FarCloses", farCloses, {0}},
        {"NearStopsReceiving", nearStopsReceiving, {0}},
        {"NearFinishes", nearFinishes, {waits}},
        {"NearShuts", nearShuts, {0}},
        {"Cancel", cancel, {-ECANCELED}},
    };
    if (!isLocal) outcomes.push_back({"FarResets", farResets, {reset}});
    if (isMulti) {
        outcomes.push_back({"FarPutsAndFinishes", farPutsAndFinishes, {4, 0}});
        outcomes.push_back({"FarPutsAndCloses", farPutsAndCloses, {4, 0}});
        if (!isLocal) outcomes.push_back({"FarPutsAndResets", farPutsAndResets, {4, reset}});
    } else {
        outcomes.push_back({"FarPuts", farPuts, {4}});
        outcomes.push_back({"FarPutsAndCloses", farPutsAndCloses, {4}});
    }
    return outcomes;
}

std::vector<Outcome> sendOutcomes(bool isLocal) {
    using enum Event;
    const int lost = isLocal ? -EPIPE : -ECONNRESET;
    std::vector<Outcome> outcomes = {
        {"FarTakes", farTakes, {1}},
        {"FarCloses", farCloses, {lost}},
        {"NearShuts", nearShuts, {-EPIPE}},
        {"Cancel", cancel, {-ECANCELED}},
    };
    // Of a local socket that is full poll(2) does not tell that it has finished.
    if (!isLocal) outcomes.push_back({"NearFinishes", nearFinishes, {-EPIPE}});
    if (!isLocal) outcomes.push_back({"FarResets", farResets, {lost}});
    // It may find room that is too little for poll(2) to tell of.
    if (!isLocal) outcomes.push_back({"FarFinishes", farFinishes, {anySize}});
    return outcomes;
}

std::vector<Outcome> pollInOutcomes(bool isLocal) {
    using enum Event;
    constexpr int end = POLLIN | POLLRDHUP, hangUp = end | POLLHUP;
    std::vector<Outcome> outcomes = {
        {"FarPuts", farPuts, {POLLIN}},
        {"FarFinishes", farFinishes, {end}},
        {"FarCloses", farCloses, {isLocal ? hangUp : end}},
        {"NearFinishes", nearFinishes, {waits}},
        {"NearShuts", nearShuts, {hangUp}},
        {"Cancel", cancel, {-ECANCELED}},
    };
    if (!isLocal) outcomes.push_back({"FarResets", farResets, {hangUp | POLLERR}});
    return outcomes;
}

std::vector<Outcome> pollOutOutcomes(bool isLocal) {
    using enum Event;
    constexpr int hangUp = POLLOUT | POLLRDHUP | POLLHUP | POLLERR;
    std::vector<Outcome> outcomes = {
        {"FarTakes", farTakes, {POLLOUT}},
        {"FarFinishes", farFinishes, {POLLRDHUP}},
        {"FarPuts", farPuts, {waits}},
        {"Cancel", cancel, {-ECANCELED}},
    };
    if (!isLocal) outcomes[2].results = {anySize};  // an answer may have made room
    if (!isLocal) outcomes.push_back({"FarResets", farResets, {hangUp}});
    return outcomes;
}

std::vector<Case> allCases() {
    std::vector<Case> cases;
    for (bool isLocal : {false, true}) {
        add(cases, "Recv", Waiting::recv, isLocal, receiveOutcomes(isLocal, false));
        add(cases, "Recvmsg", Waiting::recvmsg, isLocal, receiveOutcomes(isLocal, false));
        add(cases, "Read", Waiting::read, isLocal, receiveOutcomes(isLocal, false));
        add(cases, "RecvMulti", Waiting::recvMulti, isLocal, receiveOutcomes(isLocal, true));
        add(cases, "Send", Waiting::send, isLocal, sendOutcomes(isLocal));
        add(cases, "Sendmsg", Waiting::sendmsg, isLocal, sendOutcomes(isLocal));
        add(cases, "Write", Waiting::write, isLocal, sendOutcomes(isLocal));
        add(cases, "PollIn", Waiting::pollIn, isLocal, pollInOutcomes(isLocal));
        add(cases, "PollOut", Waiting::pollOut, isLocal, pollOutOutcomes(isLocal));
    }
    return cases;
}

class DriverEventTest : public testing::DriverTableTest<Case> {
 protected:
    void SetUp() override {
        DriverTableTest::SetUp();
        if (IsSkipped()) return;
        ends_ = row().isLocal ? socketPair() : tcpPair();
        message_.msg_iov = &part_;
        message_.msg_iovlen = 1;
        if (!isSending()) return;
        ASSERT_GT(row().isLocal ? fill(ends_.near) : fillUp(ends_.near), 0u);
    }

    bool isSending() const { return row().waiting >= Waiting::send; }

    void prepare() {
        int fd = ends_.near;
        switch (row().waiting) {
            case Waiting::recv:
                return probe_.prepareRecv(fd, room_.bytes);
            case Waiting::recvmsg:
                return probe_.prepareRecvmsg(fd, message_);
            case Waiting::recvMulti:
                return probe_.prepareRecvMulti(fd);
            case Waiting::read:
                return probe_.prepareRead(fd, room_.bytes);
            case Waiting::pollIn:
                return probe_.preparePoll(fd, POLLIN | POLLRDHUP);
            case Waiting::send:
                return probe_.prepareSend(fd, asBytes("x"));
            case Waiting::write:
                return probe_.prepareWrite(fd, asBytes("x"));
            case Waiting::sendmsg:
                part_.iov_len = 1;
                return probe_.prepareSendmsg(fd, message_);
            case Waiting::pollOut:
                return probe_.preparePoll(fd, POLLOUT | POLLRDHUP);
        }
    }

    void happen() {
        int far = ends_.far;
        switch (row().event) {
            case Event::farPuts:
                return put(far, "data");
            case Event::farTakes:
                while (!take(far, 65536).empty()) driver().wait(Duration::zero());
                return;
            case Event::farFinishes:
                return finish(far);
            case Event::farPutsAndFinishes:
                put(far, "data");
                return finish(far);
            case Event::farPutsAndCloses:
                put(far, "data");
                return closeOwned(far);
            case Event::farPutsAndResets:
                put(far, "data");
                return reset(far);
            case Event::farCloses:
                return closeOwned(far);
            case Event::farResets:
                return reset(far);
            case Event::nearStopsReceiving:
                return shut(SHUT_RD);
            case Event::nearFinishes:
                return shut(SHUT_WR);
            case Event::nearShuts:
                return shut(SHUT_RDWR);
            case Event::cancel:
                return driver().cancel(probe_);
        }
    }
    void shut(int how) { ASSERT_EQ(driver().shutdownNow(ends_.near, how), 0); }

    void expectResults() {
        if (row().results == std::vector<int>{waits}) {
            settle();
            EXPECT_FALSE(probe_.hasEnded()) << probe_.result();
            driver().cancel(probe_);
        }
        ASSERT_TRUE(untilEndOrAnything());
        settle();
        if (row().results[0] == waits) {
            EXPECT_EQ(probe_.results, std::vector<int>{-ECANCELED});
        } else if (row().results[0] == anySize) {
            EXPECT_EQ(probe_.ends, 1);
        } else {
            EXPECT_EQ(probe_.results, row().results);
        }
    }
    bool untilEndOrAnything() {
        if (row().results[0] == anySize) driver().cancel(probe_);
        return untilEnd(probe_);
    }

    Ends ends_{-1, -1};
    Room<64> room_;
    iovec part_{room_.bytes, 64};
    msghdr message_{};
    Probe probe_;
    testing::NoBrokenPipeSignals noSignals_;
};

TEST_P(DriverEventTest, isToldToWhoWaits) {
    prepare();
    driver().submit(probe_);
    settle();
    ASSERT_FALSE(probe_.hasEnded()) << probe_.result();
    happen();
    expectResults();
}

TEST_P(DriverEventTest, isToldToWhoWasSubmittedJustBefore) {
    prepare();
    driver().submit(probe_);
    happen();
    expectResults();
}

// The order in which a connection is closed while something waits on it.
TEST_P(DriverEventTest, andAShutdownAndACancelAfterItEndItOnce) {
    prepare();
    driver().submit(probe_);
    settle();
    happen();
    driver().shutdownNow(ends_.near, SHUT_RDWR);
    driver().cancel(probe_);
    ASSERT_TRUE(untilEnd(probe_));
    settle();
    EXPECT_EQ(probe_.ends, 1);
    EXPECT_EQ(driver().closeNow(ends_.near), 0);
    disown(ends_.near);
}

TEST_P(DriverEventTest, andTheDriverMayGoMeanwhile) {
    prepare();
    driver().submit(probe_);
    settle();
    happen();
    std::size_t told = probe_.results.size();
    make(setup().options());
    EXPECT_FALSE(probe_.inFlight());
    EXPECT_EQ(probe_.results.size(), told) << "nobody is told any more";
}

INSTANTIATE_TEST_SUITE_P(Waiting, DriverEventTest,
                         ::testing::Combine(::testing::ValuesIn(testing::differentDrivers()),
                                            ::testing::ValuesIn(allCases())),
                         DriverEventTest::nameOf);

}  // namespace
}  // namespace wring
