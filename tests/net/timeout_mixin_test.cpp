#include <wring/net/timeout_mixin.hpp>

#include <wring/net/protocol.hpp>
#include <wring/runtime/clock.hpp>
#include <wring/tests/net/cuts.hpp>
#include <wring/tests/net/exchange.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <functional>
#include <memory>
#include <stdexcept>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;

class Idle : public Protocol, public TimeoutMixin {
 public:
    Idle() = default;
    explicit Idle(IReactorTime& time) : TimeoutMixin(time) {}
    void timeoutConnection() override {
        ++expired;
        if (onExpired) return onExpired();
        TimeoutMixin::timeoutConnection();
    }
    int expired = 0;
    std::function<void()> onExpired;
};

class TimeoutMixinTest : public ::testing::Test {
 protected:
    Idle& idle() { return *it_.protocol; }

    Clock clock_;
    Connected<Idle> it_{clock_};
};

TEST_F(TimeoutMixinTest, thePeriodOverTheConnectionIsClosed) {
    idle().setTimeout(5s);
    clock_.advance(5s - 1ns);
    EXPECT_FALSE(it_.transport->disconnecting());
    clock_.advance(1ns);
    EXPECT_TRUE(it_.transport->disconnecting());
    EXPECT_EQ(idle().expired, 1);
    clock_.advance(100s);
    EXPECT_EQ(idle().expired, 1);
}

TEST_F(TimeoutMixinTest, eachResetBeginsThePeriodAnew) {
    idle().setTimeout(5s);
    for (int i = 0; i < 10; ++i) {
        clock_.advance(4s);
        idle().resetTimeout();
    }
    EXPECT_EQ(idle().expired, 0);
    clock_.advance(5s);
    EXPECT_EQ(idle().expired, 1);
}

TEST_F(TimeoutMixinTest, setTimeoutGivesThePeriodThatWasSetBefore) {
    EXPECT_EQ(idle().setTimeout(5s), std::nullopt);
    EXPECT_EQ(idle().setTimeout(7s), std::optional<Duration>(5s));
    EXPECT_EQ(idle().timeOut(), std::optional<Duration>(7s));
    EXPECT_EQ(idle().setTimeout({}), std::optional<Duration>(7s));
    EXPECT_EQ(idle().timeOut(), std::nullopt);
}

TEST_F(TimeoutMixinTest, aNewPeriodTakesThePlaceOfTheOneThatRuns) {
    idle().setTimeout(5s);
    clock_.advance(4s);
    idle().setTimeout(10s);
    EXPECT_EQ(clock_.getDelayedCalls().size(), 1u);
    clock_.advance(10s - 1ns);
    EXPECT_EQ(idle().expired, 0);
    idle().setTimeout(0s);
    clock_.advance(0s);
    EXPECT_EQ(idle().expired, 1);
}

TEST_F(TimeoutMixinTest, noPeriodMeansNoTimeout) {
    idle().setTimeout(5s);
    idle().setTimeout({});
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
    idle().resetTimeout();
    clock_.advance(100s);
    EXPECT_EQ(idle().expired, 0);
}

TEST_F(TimeoutMixinTest, aResetWithoutATimeoutDoesNothing) {
    idle().resetTimeout();
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
    EXPECT_EQ(idle().timeOut(), std::nullopt);
}

TEST_F(TimeoutMixinTest, aTimeoutThatIsOverIsNotBegunByAResetButBySettingIt) {
    idle().setTimeout(5s);
    clock_.advance(5s);
    EXPECT_EQ(idle().timeOut(), std::optional<Duration>(5s));
    idle().resetTimeout();
    clock_.advance(100s);
    EXPECT_EQ(idle().expired, 1);
    idle().setTimeout(5s);
    clock_.advance(5s);
    EXPECT_EQ(idle().expired, 2);
}

TEST_F(TimeoutMixinTest, theNextTimeoutCanBeSetWhenOneIsOver) {
    idle().onExpired = [&] { idle().setTimeout(3s); };
    idle().setTimeout(5s);
    clock_.advance(5s);
    clock_.advance(3s);
    EXPECT_EQ(idle().expired, 2);
}

TEST_F(TimeoutMixinTest, aNegativePeriodIsRefusedAndNothingChanged) {
    idle().setTimeout(5s);
    EXPECT_THROW(idle().setTimeout(-1s), std::invalid_argument);
    EXPECT_EQ(idle().timeOut(), std::optional<Duration>(5s));
    clock_.advance(5s);
    EXPECT_EQ(idle().expired, 1);
}

TEST_F(TimeoutMixinTest, onALostConnectionItDoesNothing) {
    idle().setTimeout(5s);
    it_.transport->disconnect();
    clock_.advance(5s);
    EXPECT_EQ(idle().expired, 1);
    EXPECT_FALSE(it_.transport->disconnecting());
}

TEST_F(TimeoutMixinTest, itDiesWithTheProtocol) {
    idle().setTimeout(5s);
    it_.protocol = nullptr;
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
    clock_.advance(5s);
    EXPECT_FALSE(it_.transport->disconnecting());
}

TEST_F(TimeoutMixinTest, theProtocolMayDieWhenItIsOver) {
    idle().onExpired = [&] { it_.protocol = nullptr; };
    idle().setTimeout(5s);
    clock_.advance(5s);
    EXPECT_FALSE(it_.protocol);
}

TEST(TimeoutMixinClockTest, aProtocolMayOutliveItsClock) {
    auto clock = std::make_unique<Clock>();
    auto idle = makeRef<Idle>(*clock);
    idle->setTimeout(5s);
    clock = nullptr;
    idle->resetTimeout();
    idle->setTimeout({});
    EXPECT_EQ(idle->expired, 0);
}

// Closes an idle connection; the clock is the reactor's.
class IdleOnReactor final : public Idle {
 public:
    void connectionMade() override { setTimeout(Duration::zero()); }
};

using TimeoutMixinSocketTest = ReactorTest;
TEST_P(TimeoutMixinSocketTest, aRealConnectionIsClosedWhenThePeriodIsOver) {
    run([](Reactor& reactor) -> Task<> {
        auto idle = makeRef<IdleOnReactor>();
        std::string got = co_await exchange(reactor, idle, "");
        EXPECT_EQ(got, "");
        EXPECT_EQ(idle->expired, 1);
    });
}
INSTANTIATE_TEST_SUITE_P(Drivers, TimeoutMixinSocketTest, ::testing::ValuesIn(bothDrivers()),
                         NameOf());

}  // namespace
}  // namespace wring
