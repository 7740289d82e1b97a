#include <wring/net/happy_eyeballs.hpp>
#include <wring/runtime/clock.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <limits>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;

constexpr int never = std::numeric_limits<int>::max();

/// What an attempt at one address comes to, and after how many milliseconds.
struct Fate {
    std::string host;
    int error = 0;
    int after = 0;
};

/// Attempts whose fates the test has written, on a clock that it moves.
struct Course {
    Course(Reactor& owner, std::vector<Fate> written) : reactor(owner), fates(std::move(written)) {}

    std::vector<Address> addresses() const {
        std::vector<Address> all;
        for (const Fate& each : fates) all.push_back(*Address::parse(each.host, 80));
        return all;
    }
    const Fate& fateOf(const Address& address) const {
        for (const Fate& each : fates) {
            if (each.host == address.host()) return each;
        }
        return fates.front();
    }
    int milliseconds() const { return static_cast<int>(clock.now().time_since_epoch() / 1ms); }

    Reactor& reactor;
    std::vector<Fate> fates;
    Clock clock;
    std::string begun;  // "host@ms " of each attempt
    unsigned running = 0;
    unsigned runningMost = 0;
    unsigned cancelled = 0;
};

Task<Socket> follow(Course* course, Address address) {
    Fate fate = course->fateOf(address);
    course->begun += fate.host + "@" + std::to_string(course->milliseconds()) + " ";
    course->runningMost = std::max(course->runningMost, ++course->running);
    Result<void> waited;
    if (fate.after > 0) {
        waited = co_await outcome(sleepFor(std::chrono::milliseconds(fate.after), course->clock));
    }
    --course->running;
    if (!waited) {
        ++course->cancelled;
        co_return waited.error();
    }
    if (fate.error != 0) co_return detail::connectFailure(fate.error);
    PlainListener listener;
    Socket socket(course->reactor, connectPeer(listener.address()).release());
    co_return socket;
}

Deferred<Socket> begin(Course* course) {
    ConnectAttempt attempt = [course](Address address) { return follow(course, address); };
    return start(connectFastest(course->clock, course->addresses(), std::move(attempt)));
}

void advance(Course* course, const Deferred<Socket>& connecting, int milliseconds) {
    for (int i = 0; i < milliseconds && !connecting.called(); ++i) course->clock.advance(1ms);
}

struct Row {
    std::string name;
    std::vector<Fate> fates;
    std::string begun;
    std::string ending;  // "connected@ms" or the text of the failure
};

struct HappyEyeballsRow : Row {
    DriverSetup setup;
};

class HappyEyeballsTest : public ReactorTest {
 protected:
    /// How it went: "connected@ms", or the failure's text.
    static Task<> check(Reactor& reactor, const Row* row) {
        Course course(reactor, row->fates);
        auto connecting = begin(&course);
        advance(&course, connecting, 20000);
        auto socket = co_await outcome(connecting);
        EXPECT_EQ(course.begun, row->begun) << row->name;
        EXPECT_EQ(socket ? "connected@" + std::to_string(course.milliseconds())
                         : socket.error().getErrorMessage(),
                  row->ending)
            << row->name;
        EXPECT_EQ(course.running, 0u) << row->name;
        EXPECT_TRUE(course.clock.getDelayedCalls().empty()) << row->name;
    }
};

const std::vector<Row>& rows() {
    static const std::string refusal =
        "Connection was refused by other side: 111: Connection refused";
    static const std::vector<Row> all{
        {"the first answers", {{"10.0.0.1"}, {"10.0.0.2"}}, "10.0.0.1@0 ", "connected@0"},
        {"one refuses, the next is tried at once",
         {{"10.0.0.1", ECONNREFUSED}, {"10.0.0.2"}},
         "10.0.0.1@0 10.0.0.2@0 ",
         "connected@0"},
        {"one refuses late, the next is tried then",
         {{"10.0.0.1", ECONNREFUSED, 100}, {"10.0.0.2", 0, 7}},
         "10.0.0.1@0 10.0.0.2@100 ",
         "connected@107"},
        {"one does not answer, the next is tried beside it",
         {{"10.0.0.1", 0, never}, {"10.0.0.2", 0, 5}},
         "10.0.0.1@0 10.0.0.2@250 ",
         "connected@255"},
        {"an attempt goes on beside later ones",
         {{"10.0.0.1", 0, 300}, {"10.0.0.2", 0, never}, {"10.0.0.3", 0, never}},
         "10.0.0.1@0 10.0.0.2@250 ",
         "connected@300"},
        {"a failure beside a silent one begins the third",
         {{"10.0.0.1", 0, never}, {"10.0.0.2", ECONNREFUSED, 10}, {"10.0.0.3", 0, 1}},
         "10.0.0.1@0 10.0.0.2@250 10.0.0.3@260 ",
         "connected@261"},
        {"a single refusal is told at once",
         {{"10.0.0.1", ECONNREFUSED}},
         "10.0.0.1@0 ",
         refusal + "."},
        {"all refuse",
         {{"10.0.0.1", ETIMEDOUT, 20}, {"10.0.0.2", ECONNREFUSED}},
         "10.0.0.1@0 10.0.0.2@20 ",
         refusal + ": tried 10.0.0.1:80, 10.0.0.2:80."},
        {"an address of no use hides nothing",
         {{"10.0.0.1", ECONNREFUSED}, {"::1", ENETUNREACH}},
         "10.0.0.1@0 ::1@0 ",
         refusal + ": tried 10.0.0.1:80, [::1]:80."},
        {"no route at all is told",
         {{"10.0.0.1", ENETUNREACH}, {"::1", ENETUNREACH}},
         "10.0.0.1@0 ::1@0 ",
         "No route to host: 101: Network is unreachable: tried 10.0.0.1:80, [::1]:80."},
        {"duplicates are tried once",
         {{"10.0.0.1", ECONNREFUSED},
          {"10.0.0.1", ECONNREFUSED},
          {"10.0.0.2", ECONNREFUSED},
          {"10.0.0.1", ECONNREFUSED}},
         "10.0.0.1@0 10.0.0.2@0 ",
         refusal + ": tried 10.0.0.1:80, 10.0.0.2:80."},
        {"families take turns",
         {{"::1", ECONNREFUSED},
          {"::2", ECONNREFUSED},
          {"::3", ECONNREFUSED},
          {"10.0.0.1", ECONNREFUSED},
          {"10.0.0.2"}},
         "::1@0 10.0.0.1@0 ::2@0 10.0.0.2@0 ",
         "connected@0"},
        {"nothing to try", {}, "", "DNS lookup failed: there are no addresses."},
    };
    return all;
}

TEST_P(HappyEyeballsTest, addressesAreTriedAsTheirFatesDemand) {
    run([](Reactor& reactor) -> Task<> {
        for (const Row& each : rows()) co_await check(reactor, &each);
    });
}

TEST_P(HappyEyeballsTest, sixAttemptsAtMostRunAtATimeAndAllOfManyAddressesAreTriedInOrder) {
    run([](Reactor& reactor) -> Task<> {
        std::vector<Fate> fates;
        std::string begun;
        for (int i = 0; i < 64; ++i) {
            fates.push_back({"10.0.0." + std::to_string(i), ECONNREFUSED, 3000});
            // Six of them 250 ms apart, and whoever fails makes room for the next one.
            int at = i / 6 * 3000 + i % 6 * 250;
            begun += fates.back().host + "@" + std::to_string(at) + " ";
        }
        Course course(reactor, std::move(fates));
        auto connecting = begin(&course);
        advance(&course, connecting, 60000);
        auto socket = co_await outcome(connecting);
        EXPECT_TRUE(!socket && socket.error().check<ConnectionRefusedError>());
        EXPECT_EQ(course.begun, begun);
        EXPECT_EQ(course.runningMost, 6u);
    });
}

TEST_P(HappyEyeballsTest, theWinnerEndsTheOthersAndLeavesNoTimer) {
    run([](Reactor& reactor) -> Task<> {
        Course course(reactor,
                      {{"10.0.0.1", 0, never}, {"10.0.0.2", 0, never}, {"10.0.0.3", 0, 9}});
        auto connecting = begin(&course);
        advance(&course, connecting, 1000);
        EXPECT_TRUE(connecting.called());
        EXPECT_EQ(course.cancelled, 2u);
        EXPECT_EQ(course.running, 0u);
        Socket socket = co_await connecting;
        EXPECT_GE(socket.fd(), 0);
    });
}

TEST_P(HappyEyeballsTest, cancelledItEndsEveryAttempt) {
    run([](Reactor& reactor) -> Task<> {
        for (int moment : {0, 260, 900}) {
            Course course(reactor, {{"10.0.0.1", 0, never}, {"::1", 0, never}, {"::2", 0, never}});
            auto connecting = begin(&course);
            advance(&course, connecting, moment);
            unsigned running = course.running;
            connecting.cancel();
            auto socket = co_await outcome(connecting);
            EXPECT_TRUE(!socket && socket.error().check<CancelledError>());
            EXPECT_EQ(course.cancelled, running);
            EXPECT_EQ(course.running, 0u);
        }
    });
}

TEST_P(HappyEyeballsTest, cancellingAfterSuccessChangesNothing) {
    run([](Reactor& reactor) -> Task<> {
        Course course(reactor, {{"10.0.0.1"}});
        auto connecting = begin(&course);
        connecting.cancel();
        Socket socket = co_await connecting;
        EXPECT_GE(socket.fd(), 0);
    });
}

TEST_P(HappyEyeballsTest, anAttemptThatThrowsHasFailedLikeAnyOther) {
    run([](Reactor& reactor) -> Task<> {
        for (std::size_t count : {1u, 2u}) {
            std::vector<Fate> fates{{"10.0.0.1"}, {"10.0.0.2"}};
            fates.resize(count);
            Course course(reactor, std::move(fates));
            Course* kept = &course;
            ConnectAttempt attempt = [kept](Address address) -> Task<Socket> {
                if (address.host() == "10.0.0.1") throw std::bad_alloc();
                return follow(kept, address);
            };
            auto connecting =
                start(connectFastest(course.clock, course.addresses(), std::move(attempt)));
            EXPECT_TRUE(connecting.called());
            auto socket = co_await outcome(connecting);
            EXPECT_EQ(static_cast<bool>(socket), count == 2);
            if (!socket) {
                EXPECT_TRUE(socket.error().check<std::bad_alloc>());
            }
        }
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, HappyEyeballsTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
