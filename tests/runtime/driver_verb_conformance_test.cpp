#include <wring/tests/support/driver_fixture.hpp>

#include <poll.h>
#include <sys/uio.h>
#include <set>

// The life of an operation, whichever verb it is: told once, cancelled at any moment, used again.

namespace wring {
namespace {

using testing::Ends;
using testing::Probe;
using testing::Room;

/// What a verb needs around it, and what makes it end.
enum class Scene { nothing, listener, connection, fullConnection, pipe, fullPipe, file };

constexpr int aDescriptor = 1 << 28;  // in place of a result

class VerbKit;

struct VerbCase {
    const char* name;
    Scene scene;
    void (*prepare)(VerbKit& kit, Probe& probe);
    int success;
    bool isOnce = false;  // a second one on the same descriptor would not succeed

    bool isMulti() const { return std::string_view(name).find("Multi") != std::string::npos; }
    bool waits() const { return scene != Scene::nothing && scene != Scene::file; }
    bool isSending() const { return scene == Scene::fullConnection || scene == Scene::fullPipe; }
};

void PrintTo(const VerbCase& verb, std::ostream* out) { *out << verb.name; }

class VerbKit : public testing::DriverTableTest<VerbCase> {
 public:
    int near() const { return ends_.near; }
    std::span<std::byte> room() { return room_.bytes; }
    msghdr& message(std::size_t bytes) {
        part_ = {room_.bytes, bytes};
        message_.msg_iov = &part_;
        message_.msg_iovlen = 1;
        return message_;
    }
    const sockaddr_in& addressOfAListener() {
        address_ = addressOf(listener());
        return address_;
    }
    using DriverTableTest::driver;
    using DriverTableTest::file;
    using DriverTableTest::socket;
    using DriverTableTest::socketPair;

 protected:
    void SetUp() override {
        DriverTableTest::SetUp();
        if (IsSkipped()) return;
        switch (row().scene) {
            case Scene::nothing:
                break;
            case Scene::file:
                ends_.near = file("");
                break;
            case Scene::listener:
                ends_.near = listener();
                break;
            case Scene::pipe:
                ends_ = pipe();
                break;
            case Scene::fullPipe: {
                Ends ends = pipe();
                ends_ = {ends.far, ends.near};
                break;
            }
            case Scene::connection:
            case Scene::fullConnection:
                ends_ = socketPair();
                break;
        }
        ASSERT_TRUE(!row().isSending() || fill(near()) > 0);
        row().prepare(*this, probe_);
    }

    /// Makes it end, or makes it tell something: once more each time.
    void happen() {
        switch (row().scene) {
            case Scene::listener:
                dial(near());
                return;
            case Scene::connection:
            case Scene::pipe:
                return put(ends_.far, "data");
            case Scene::fullConnection:
            case Scene::fullPipe:
                while (!take(ends_.far, 1 << 20).empty()) continue;
                return;
            default:
                return;
        }
    }
    /// How often it succeeded. What was accepted is closed.
    std::size_t successes() {
        std::size_t count = 0;
        for (int& result : probe_.results) {
            bool isSuccess = row().success == aDescriptor ? result >= 0 : result == row().success;
            count += isSuccess;
            EXPECT_TRUE(isSuccess || result == -ECANCELED) << result;
            if (!isSuccess || row().success != aDescriptor) continue;
            if (closed_.insert(&result - probe_.results.data()).second) driver().closeNow(result);
        }
        return count;
    }
    void submit() { driver().submit(probe_); }
    bool untilToldOf(std::size_t count) {
        return until([&] { return probe_.results.size() >= count; });
    }
    /// What has many completions ends by a cancel only.
    void endMulti() {
        if (!row().isMulti()) return;
        EXPECT_TRUE(probe_.inFlight());
        driver().cancel(probe_);
        ASSERT_TRUE(until([&] { return !probe_.inFlight(); }));
        EXPECT_EQ(probe_.result(), -ECANCELED);
    }
    void submitAndSettle() {
        submit();
        settle();
        ASSERT_TRUE(!row().waits() || probe_.results.empty()) << probe_.result();
    }
    void expectOneSuccessAndOneEnd() {
        settle();
        EXPECT_EQ(successes(), 1u);
        EXPECT_EQ(probe_.ends, 1);
        EXPECT_EQ(probe_.results.size(), row().isMulti() ? 2u : 1u);
    }
    /// After a cancel: it has ended once, and what it did not do can still be done.
    void expectOneEndAndNothingLost() {
        ASSERT_TRUE(untilEnd(probe_));
        settle();
        EXPECT_EQ(probe_.ends, 1);
        ASSERT_LE(successes(), 1u);
        if (successes() == 1) return;
        submit();
        ASSERT_TRUE(untilToldOf(2));
        endMulti();
        EXPECT_EQ(successes(), 1u);
    }

    Ends ends_{-1, -1};
    Room<64> room_;
    iovec part_{};
    msghdr message_{};
    sockaddr_in address_{};
    std::set<std::ptrdiff_t> closed_;
    Probe probe_;
};

const std::vector<VerbCase> verbs = {
    {"nop", Scene::nothing, [](VerbKit&, Probe& p) { p.prepareNop(); }, 0},
    {"accept", Scene::listener, [](VerbKit& k, Probe& p) { p.prepareAccept(k.near()); },
     aDescriptor},
    {"acceptMulti", Scene::listener, [](VerbKit& k, Probe& p) { p.prepareAcceptMulti(k.near()); },
     aDescriptor},
    {"connect", Scene::nothing,
     [](VerbKit& k, Probe& p) {
         p.prepareConnect(k.socket(), &k.addressOfAListener(), sizeof(sockaddr_in));
     },
     0, true},
    {"recv", Scene::connection, [](VerbKit& k, Probe& p) { p.prepareRecv(k.near(), k.room()); }, 4},
    {"recvmsg", Scene::connection,
     [](VerbKit& k, Probe& p) { p.prepareRecvmsg(k.near(), k.message(64)); }, 4},
    {"recvMulti", Scene::connection, [](VerbKit& k, Probe& p) { p.prepareRecvMulti(k.near()); }, 4},
    {"readOfASocket", Scene::connection,
     [](VerbKit& k, Probe& p) { p.prepareRead(k.near(), k.room()); }, 4},
    {"readOfAPipe", Scene::pipe, [](VerbKit& k, Probe& p) { p.prepareRead(k.near(), k.room()); },
     4},
    {"pollForData", Scene::connection,
     [](VerbKit& k, Probe& p) { p.preparePoll(k.near(), POLLIN | POLLRDHUP); }, POLLIN},
    {"pollForDataInAPipe", Scene::pipe,
     [](VerbKit& k, Probe& p) { p.preparePoll(k.near(), POLLIN); }, POLLIN},
    {"send", Scene::fullConnection,
     [](VerbKit& k, Probe& p) { p.prepareSend(k.near(), asBytes("x")); }, 1},
    {"sendmsg", Scene::fullConnection,
     [](VerbKit& k, Probe& p) { p.prepareSendmsg(k.near(), k.message(1)); }, 1},
    {"writeToASocket", Scene::fullConnection,
     [](VerbKit& k, Probe& p) { p.prepareWrite(k.near(), asBytes("x")); }, 1},
    {"writeToAPipe", Scene::fullPipe,
     [](VerbKit& k, Probe& p) { p.prepareWrite(k.near(), asBytes("x")); }, 1},
    {"pollForRoom", Scene::fullConnection,
     [](VerbKit& k, Probe& p) { p.preparePoll(k.near(), POLLOUT | POLLRDHUP); }, POLLOUT},
    {"pollForRoomInAPipe", Scene::fullPipe,
     [](VerbKit& k, Probe& p) { p.preparePoll(k.near(), POLLOUT); }, POLLOUT},
    {"shutdown", Scene::nothing,
     [](VerbKit& k, Probe& p) { p.prepareShutdown(k.socketPair().near, SHUT_WR); }, 0},
    {"close", Scene::nothing,
     [](VerbKit& k, Probe& p) { p.prepareClose(k.driver().openSocket(AF_INET, SOCK_STREAM, 0)); },
     0, true},
    {"readOfAFile", Scene::file,
     [](VerbKit& k, Probe& p) { p.prepareRead(k.file("data"), k.room(), 0); }, 4},
    {"writeToAFile", Scene::file,
     [](VerbKit& k, Probe& p) { p.prepareWrite(k.near(), asBytes("x"), 0); }, 1},
};

class DriverVerbTest : public VerbKit {
 protected:
    testing::NoBrokenPipeSignals noSignals_;
};

TEST_P(DriverVerbTest, endsOnceWhenWhatItWaitsForHappens) {
    submitAndSettle();
    happen();
    ASSERT_TRUE(untilToldOf(1));
    endMulti();
    expectOneSuccessAndOneEnd();
}

TEST_P(DriverVerbTest, endsWithWhatHadHappenedBefore) {
    happen();
    submit();
    EXPECT_TRUE(probe_.results.empty()) << "told within submit()";
    ASSERT_TRUE(untilToldOf(1));
    endMulti();
    expectOneSuccessAndOneEnd();
}

TEST_P(DriverVerbTest, cancelledBeforeItIsHandedOverLosesNothing) {
    submit();
    driver().cancel(probe_);
    EXPECT_TRUE(probe_.results.empty()) << "told within cancel()";
    ASSERT_TRUE(untilEnd(probe_));
    happen();
    expectOneEndAndNothingLost();
}

TEST_P(DriverVerbTest, cancelledWhileItWaitsEndsWithThatAndLosesNothing) {
    submitAndSettle();
    driver().cancel(probe_);
    driver().cancel(probe_);
    ASSERT_TRUE(untilEnd(probe_));
    EXPECT_TRUE(!row().waits() || probe_.result() == -ECANCELED) << probe_.result();
    happen();
    expectOneEndAndNothingLost();
}

TEST_P(DriverVerbTest, cancelledWhenItHasHappenedLosesNothing) {
    submitAndSettle();
    happen();
    driver().cancel(probe_);
    expectOneEndAndNothingLost();
}

TEST_P(DriverVerbTest, cancelledAfterItHasHappenedInTheSameTurnLosesNothing) {
    happen();
    submit();
    driver().cancel(probe_);
    expectOneEndAndNothingLost();
}

TEST_P(DriverVerbTest, aCancelAfterItsEndDoesNotMeetTheNext) {
    submitAndSettle();
    happen();
    ASSERT_TRUE(untilToldOf(1));
    endMulti();
    expectOneSuccessAndOneEnd();
    driver().cancel(probe_);
    if (row().isOnce) return;
    std::size_t before = probe_.results.size();
    submit();
    happen();
    ASSERT_TRUE(untilToldOf(before + 1));
    endMulti();
    EXPECT_EQ(successes(), 2u);
    EXPECT_EQ(probe_.ends, 2);
}

class DriverRepeatedVerbTest : public DriverVerbTest {};

TEST_P(DriverRepeatedVerbTest, mayBeSubmittedAgainFromItsOwnHandler) {
    probe_.then = [this](int) {
        if (probe_.ends == 1) submit();
    };
    submitAndSettle();
    happen();
    ASSERT_TRUE(untilToldOf(1));
    happen();
    ASSERT_TRUE(untilToldOf(2));
    settle();
    EXPECT_EQ(successes(), 2u);
    EXPECT_EQ(probe_.ends, 2);
}

class DriverWaitingVerbTest : public DriverVerbTest {};

// The order in which a descriptor is closed while something waits on it.
TEST_P(DriverWaitingVerbTest, endsOnceWhenItsDescriptorIsShutCancelledAndClosed) {
    submitAndSettle();
    driver().shutdownNow(near(), SHUT_RDWR);
    driver().cancel(probe_);
    ASSERT_TRUE(untilEnd(probe_));
    settle();
    EXPECT_EQ(probe_.ends, 1);
    EXPECT_EQ(driver().closeNow(near()), 0);
    disown(near());
}

TEST_P(DriverWaitingVerbTest, isLetGoOfByADriverThatGoes) {
    submit();
    happen();
    make(setup().options());
    EXPECT_FALSE(probe_.inFlight());
    EXPECT_EQ(probe_.ends, 0);
}

std::vector<VerbCase> waitingVerbs() {
    std::vector<VerbCase> some = verbs;
    std::erase_if(some, [](const VerbCase& each) { return !each.waits(); });
    return some;
}

std::vector<VerbCase> repeatedVerbs() {
    std::vector<VerbCase> some = verbs;
    std::erase_if(some, [](const VerbCase& each) { return each.isOnce || each.isMulti(); });
    return some;
}

const auto everyDriver = ::testing::ValuesIn(testing::everyDriver());

INSTANTIATE_TEST_SUITE_P(All, DriverVerbTest,
                         ::testing::Combine(everyDriver, ::testing::ValuesIn(verbs)),
                         DriverVerbTest::nameOf);
INSTANTIATE_TEST_SUITE_P(Repeated, DriverRepeatedVerbTest,
                         ::testing::Combine(everyDriver, ::testing::ValuesIn(repeatedVerbs())),
                         DriverVerbTest::nameOf);
INSTANTIATE_TEST_SUITE_P(Waiting, DriverWaitingVerbTest,
                         ::testing::Combine(everyDriver, ::testing::ValuesIn(waitingVerbs())),
                         DriverVerbTest::nameOf);

}  // namespace
}  // namespace wring
