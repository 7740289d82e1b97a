#include <wring/deferred/gather.hpp>

#include <wring/deferred/deferred_list.hpp>
#include <wring/deferred/event.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/runtime/clock.hpp>
#include <wring/tests/deferred/ends.hpp>
#include <wring/tests/deferred/support.hpp>

#include <gmock/gmock.h>
#include <memory>

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::Boom;
using ::testing::ElementsAre;
using testing::endOf;
using ::testing::IsEmpty;

using Order = std::vector<std::string>;

/// An int, a text and a void to put together, and what the whole gives.
class GatherTupleTest : public testing::QuietTest {
 protected:
    using Whole = std::tuple<int, std::string, std::monostate>;

    Deferred<Whole> gather() {
        return gatherResults(number_, text_, done_).addCallback([this](Whole whole) {
            whole_ = whole;
            return whole;
        });
    }
    Deferred<int> number_;
    Deferred<std::string> text_;
    Deferred<> done_;
    std::optional<Whole> whole_;
};

Task<int> seven() { co_return 7; }
Task<int> afterFlag(Event& flag, Order& order, std::string name) {
    order.push_back("begin " + name);
    auto waited = co_await outcome(flag.wait());
    order.push_back("end " + name);
    waited.value();
    co_return 1;
}
Task<> failsAtOnce() {
    throw Boom("task");
    co_return;
}

TEST_F(GatherTupleTest, givesTheValuesInTheOrderOfTheArgumentsWhenTheLastHasCome) {
    gather();
    done_.callback();
    text_.callback(std::string("two"));
    EXPECT_FALSE(whole_);
    number_.callback(1);
    ASSERT_TRUE(whole_);
    EXPECT_EQ(*whole_, Whole(1, "two", std::monostate()));
}

TEST_F(GatherTupleTest, takesInputsThatHaveFiredIntoAccountAtOnce) {
    EXPECT_TRUE(gatherResults(succeed(1), succeed()).isReady());
}

TEST_F(GatherTupleTest, ofOneIsATupleOfOne) {
    int seen = 0;
    gatherResults(number_).addCallback([&](std::tuple<int> one) { seen = std::get<0>(one); });
    number_.callback(4);
    EXPECT_EQ(seen, 4);
}

TEST_F(GatherTupleTest, givesValuesThatCanOnlyBeMoved) {
    int seen = 0;
    gatherResults(succeed(std::make_unique<int>(5)), number_)
        .addCallback([&](std::tuple<std::unique_ptr<int>, int> both) {
            seen = *std::get<0>(both) + std::get<1>(both);
        });
    number_.callback(1);
    EXPECT_EQ(seen, 6);
}

TEST_F(GatherTupleTest, consumesTheInputsResults) {
    gather();
    number_.callback(1);
    EXPECT_EQ(endOf(number_), "AlreadyAwaitedError");
}

TEST_F(GatherTupleTest, startsTasksFromLeftToRight) {
    Event flag;
    Order order;
    auto all = gatherResults(afterFlag(flag, order, "a"), afterFlag(flag, order, "b"),
                             afterFlag(flag, order, "c"));
    EXPECT_THAT(order, ElementsAre("begin a", "begin b", "begin c"));
    flag.set();
    EXPECT_EQ(endOf(all), "value");
}

TEST_F(GatherTupleTest, takesTasksDeferredsAndListsTogether) {
    int seen = 0;
    gatherResults(seven(), number_, DeferredList<int>(std::vector{succeed(1), succeed(2)}))
        .addCallback([&](std::tuple<int, int, std::vector<Result<int>>> all) {
            seen = std::get<0>(all) + std::get<1>(all) + static_cast<int>(std::get<2>(all).size());
        });
    number_.callback(10);
    EXPECT_EQ(seen, 19);
}

TEST_F(GatherTupleTest, failsWithFirstErrorAtTheFirstFailureWhileTheOthersGoOn) {
    auto all = gather();
    text_.errback(Boom("text"));
    EXPECT_EQ(endOf(all), "FirstError[#1, text]");
    EXPECT_FALSE(number_.called());
    number_.errback(Boom("dropped"));
    EXPECT_THAT(messages(), IsEmpty());
}

TEST_F(GatherTupleTest, aTaskThatFailsAtOnceIsNamedByItsPlace) {
    auto all = gatherResults(seven(), failsAtOnce());
    EXPECT_EQ(endOf(all), "FirstError[#1, task]");
}

TEST_F(GatherTupleTest, aTaskThatRunsGoesOnWhenAnotherFails) {
    Event flag;
    Order order;
    auto all = gatherResults(afterFlag(flag, order, "a"), failsAtOnce());
    EXPECT_EQ(endOf(all), "FirstError[#1, task]");
    flag.set();
    EXPECT_THAT(order, ElementsAre("begin a", "end a"));
}

TEST_F(GatherTupleTest, cancellingCancelsEveryInput) {
    auto all = gather();
    all.cancel();
    EXPECT_TRUE(number_.called());
    EXPECT_TRUE(text_.called());
    EXPECT_TRUE(done_.called());
    EXPECT_THAT(endOf(all), ::testing::HasSubstr("FirstError[#0"));
}

TEST_F(GatherTupleTest, cancelledAfterItHasFiredDoesNothing) {
    auto all = gatherResults(succeed(1), succeed());
    all.cancel();
    EXPECT_EQ(endOf(all), "value");
}

TEST_F(GatherTupleTest, ofInputsThatAreGoneEndsByCancel) {
    auto all = gatherResults(Deferred<int>(), Deferred<>());
    all.cancel();
    EXPECT_EQ(endOf(all), "CancelledError");
}

Deferred<int> awaitBoth(Event& flag, Order& order, Clock& clock) {
    auto both = gatherResults(afterFlag(flag, order, "a"), afterFlag(flag, order, "b"));
    std::tuple<int, int> values = co_await withTimeout(2s, both, clock);
    co_return std::get<0>(values) + std::get<1>(values);
}

/// How whoever awaits the two ends, and why.
struct Fate {
    std::string name;
    void (*bring)(Event& flag, Deferred<int>& waiting, Clock& clock);
    std::string end;
};

class GatherTupleAwaitTest : public testing::QuietTest,
                             public ::testing::WithParamInterface<Fate> {};

TEST_P(GatherTupleAwaitTest, tasksHaveEndedWhenTheAwaitReturns) {
    Event flag;
    Order order;
    Clock clock;
    Deferred<int> waiting = awaitBoth(flag, order, clock);
    GetParam().bring(flag, waiting, clock);
    EXPECT_THAT(order, ElementsAre("begin a", "begin b", "end a", "end b"));
    EXPECT_THAT(endOf(waiting), ::testing::HasSubstr(GetParam().end));
    EXPECT_THAT(messages(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Fates, GatherTupleAwaitTest,
    ::testing::Values(
        Fate{"success", [](Event& flag, Deferred<int>&, Clock&) { flag.set(); }, "value"},
        Fate{"cancel", [](Event&, Deferred<int>& waiting, Clock&) { waiting.cancel(); },
             "FirstError[#0"},
        Fate{"deadline", [](Event&, Deferred<int>&, Clock& clock) { clock.advance(3s); },
             "TimeoutError"}),
    [](const auto& each) { return each.param.name; });

TEST_F(GatherTupleTest, ofAVectorCanBeCancelledAgainForThoseThatSurvived) {
    Deferred<int> cleanUp;
    number_.addErrback([&](const Failure&) { return cleanUp; });
    Deferred<std::vector<int>> all = gatherResults(std::vector{number_});
    all.cancel();
    EXPECT_FALSE(all.called());
    all.cancel();
    EXPECT_THAT(endOf(all), ::testing::HasSubstr("FirstError[#0"));
}

}  // namespace
}  // namespace wring
