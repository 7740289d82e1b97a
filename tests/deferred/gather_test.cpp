#include <wring/deferred/gather.hpp>
#include <wring/deferred/start.hpp>
#include <wring/tests/deferred/ends.hpp>
#include <wring/tests/deferred/support.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using testing::Boom;
using testing::endOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using GatherTest = testing::QuietTest;
using RaceTest = testing::QuietTest;

/// Two to put together, and what the whole gives.
struct Pair {
    Deferred<int> a;
    Deferred<int> b;
    std::vector<Deferred<int>> both() const { return {a, b}; }
};

TEST_F(GatherTest, givesTheValuesInTheOrderOfTheInputs) {
    Pair given;
    std::vector<int> values;
    gatherResults(given.both()).addCallback([&](std::vector<int> all) { values = std::move(all); });
    given.b.callback(2);
    EXPECT_THAT(values, IsEmpty());
    given.a.callback(1);
    EXPECT_THAT(values, ElementsAre(1, 2));
}

TEST_F(GatherTest, takesInputsThatHaveFiredIntoAccountAtOnce) {
    std::vector<int> values;
    gatherResults(std::vector{succeed(1), succeed(2)}).addCallback([&](std::vector<int> all) {
        values = std::move(all);
    });
    EXPECT_THAT(values, ElementsAre(1, 2));
}

TEST_F(GatherTest, ofNothingFiresAtOnce) {
    EXPECT_TRUE(gatherResults(std::vector<Deferred<int>>()).isReady());
    EXPECT_TRUE(gatherResults(std::vector<Deferred<>>()).isReady());
}

TEST_F(GatherTest, ofVoidWaitsForAll) {
    Deferred<> a;
    Deferred<> b;
    Deferred<> all = gatherResults(std::vector{a, b});
    a.callback();
    EXPECT_FALSE(all.called());
    b.callback();
    EXPECT_TRUE(all.isReady());
}

TEST_F(GatherTest, acceptsValuesThatCannotBeCopied) {
    std::vector<Deferred<std::unique_ptr<int>>> inputs{succeed(std::make_unique<int>(4))};
    int seen = 0;
    gatherResults(std::move(inputs)).addCallback([&](std::vector<std::unique_ptr<int>> all) {
        seen = *all.front();
    });
    EXPECT_EQ(seen, 4);
}

TEST_F(GatherTest, failsWithFirstErrorAtTheFirstFailureWhileTheOthersGoOn) {
    int asked = 0;
    Pair given{Deferred<int>([&](Deferred<int>&) { ++asked; }), {}};
    std::size_t index = 99;
    bool isBoom = false;
    gatherResults(given.both()).addErrback([&](const Failure& failure) {
        try {
            failure.raise();
        } catch (const FirstError& error) {
            index = error.index;
            isBoom = error.subFailure.check<Boom>();
        }
        return std::vector<int>();
    });
    given.b.errback(Boom("second"));
    EXPECT_EQ(index, 1u);
    EXPECT_TRUE(isBoom);
    EXPECT_EQ(asked, 0);
    given.a.errback(Boom("dropped"));
    EXPECT_THAT(messages(), IsEmpty());
}

TEST_F(GatherTest, theTextOfFirstErrorNamesTheIndexAndTheFailure) {
    Deferred<std::vector<int>> all = gatherResults(std::vector{succeed(1), fail<int>(Boom("it"))});
    EXPECT_THAT(endOf(all), ::testing::HasSubstr("FirstError[#1, it]"));
}

TEST_F(GatherTest, cancellingAsksEveryInput) {
    int asked = 0;
    auto count = [&](Deferred<int>&) { ++asked; };
    Pair given{Deferred<int>(count), Deferred<int>(count)};
    Deferred<std::vector<int>> all = gatherResults(given.both());
    all.cancel();
    EXPECT_EQ(asked, 2);
    EXPECT_THAT(endOf(all), ::testing::HasSubstr("FirstError[#0"));
}

TEST_F(GatherTest, cancellingGivesTheValuesWhenAllCancellersSucceed) {
    auto succeedWhenAsked = [](Deferred<int>& asked) { asked.callback(1); };
    Pair given{Deferred<int>(succeedWhenAsked), Deferred<int>(succeedWhenAsked)};
    Deferred<std::vector<int>> all = gatherResults(given.both());
    all.cancel();
    EXPECT_EQ(endOf(all), "value");
}

TEST_F(GatherTest, aCancellerThatThrowsIsLoggedAndTheOthersAreAskedAllTheSame) {
    Pair given{Deferred<int>([](Deferred<int>&) { throw Boom(); }), Deferred<int>()};
    Deferred<std::vector<int>> all = gatherResults(given.both());
    all.cancel();
    EXPECT_EQ(messages().size(), 1u);
    EXPECT_TRUE(given.b.called());
    endOf(all);
    given.a.callback(1);
}

TEST_F(GatherTest, theSameDeferredTwiceFailsInsteadOfHanging) {
    Deferred<int> one;
    Deferred<std::vector<int>> all = gatherResults(std::vector{one, one});
    one.callback(1);
    EXPECT_THAT(endOf(all), ::testing::HasSubstr("FirstError[#1"));
}

TEST_F(GatherTest, inputsThatNeverFireAreFreedWithTheirLastHandle) {
    auto resource = std::make_shared<int>(0);
    {
        Pair given;
        given.a.addCallback([resource](int value) { return value; });
        auto all = gatherResults(given.both());
    }
    EXPECT_EQ(resource.use_count(), 1);
}

TEST_F(GatherTest, ofInputsThatAreGoneEndsByCancel) {
    Deferred<std::vector<int>> all = gatherResults(Pair().both());
    EXPECT_FALSE(all.called());
    all.cancel();
    EXPECT_EQ(endOf(all), "CancelledError");
}

TEST_F(GatherTest, aCancelThatWasAskedForEndsWithTheLastInputThatIsLeft) {
    Deferred<int> cleanUp;
    Pair given;
    given.a.addErrback([&](const Failure&) { return cleanUp; });
    Deferred<std::vector<int>> all = gatherResults(given.both());
    given.b = {};
    all.cancel();
    EXPECT_FALSE(all.called());
    cleanUp.callback(1);
    EXPECT_EQ(endOf(all), "CancelledError");
}

TEST_F(RaceTest, givesTheFirstSuccessAndItsIndexAndCancelsTheOthersOnce) {
    int asked = 0;
    Pair given{Deferred<int>([&](Deferred<int>&) { ++asked; }), {}};
    std::size_t index = 99;
    int value = 0;
    race(given.both()).addCallback([&](RaceResult<int> winner) {
        index = winner.index;
        value = winner.value;
    });
    given.b.callback(5);
    EXPECT_EQ(index, 1u);
    EXPECT_EQ(value, 5);
    EXPECT_EQ(asked, 1);
}

TEST_F(RaceTest, anInputThatHasFiredWinsAtOnce) {
    Deferred<int> loser;
    EXPECT_TRUE(race(std::vector{loser, succeed(1)}).isReady());
    EXPECT_TRUE(loser.called());
}

TEST_F(RaceTest, waitsForTheEndsOfTheLosers) {
    Deferred<int> cleanUp;
    Pair given;
    given.a.addErrback([&](const Failure&) { return cleanUp; });
    auto first = race(given.both());
    given.b.callback(1);
    EXPECT_FALSE(first.called());
    cleanUp.callback(2);
    EXPECT_EQ(endOf(first), "value");
}

TEST_F(RaceTest, aFailureDoesNotWin) {
    Pair given;
    auto first = race(given.both());
    given.a.errback(Boom());
    EXPECT_FALSE(first.called());
    given.b.callback(1);
    EXPECT_EQ(endOf(first), "value");
    EXPECT_THAT(messages(), IsEmpty());
}

TEST_F(RaceTest, aLoserThatSucceedsWhenCancelledDoesNotDisturbTheResult) {
    Pair given{Deferred<int>([](Deferred<int>& asked) { asked.callback(9); }), {}};
    int value = 0;
    race(given.both()).addCallback([&](RaceResult<int> winner) { value = winner.value; });
    given.b.callback(1);
    EXPECT_EQ(value, 1);
}

TEST_F(RaceTest, failsWithTheFailuresInTheOrderOfTheInputsWhenAllFail) {
    Pair given;
    std::vector<std::string> texts;
    race(given.both()).addErrback([&](const Failure& failure) {
        try {
            failure.raise();
        } catch (const FailureGroup& group) {
            for (const Failure& each : group.failures) texts.push_back(each.getErrorMessage());
        }
        return RaceResult<int>(0, 0);
    });
    given.b.errback(Boom("b"));
    given.a.errback(Boom("a"));
    EXPECT_THAT(texts, ElementsAre("a", "b"));
}

TEST_F(RaceTest, cancellingCancelsEveryInputAndFailsWithFailureGroup) {
    Pair given;
    auto first = race(given.both());
    first.cancel();
    EXPECT_TRUE(given.a.called());
    EXPECT_TRUE(given.b.called());
    EXPECT_EQ(endOf(first), "FailureGroup");
}

TEST_F(RaceTest, ofNothingNeverFiresUnlessCancelled) {
    auto first = race(std::vector<Deferred<int>>());
    EXPECT_FALSE(first.called());
    first.cancel();
    EXPECT_EQ(endOf(first), "CancelledError");
}

TEST_F(RaceTest, inputsThatNeverFireAreFreedWithTheirLastHandle) {
    auto resource = std::make_shared<int>(0);
    {
        Pair given;
        given.b.addCallback([resource](int value) { return value; });
        auto first = race(given.both());
    }
    EXPECT_EQ(resource.use_count(), 1);
}

TEST_F(RaceTest, aLoserThatIsGoneIsNotWaitedFor) {
    Pair given;
    auto first = race(given.both());
    given.a = {};
    given.b.callback(1);
    EXPECT_EQ(endOf(first), "value");
}

Deferred<int> after(Deferred<int> gate, int& ends) {
    auto result = co_await outcome(gate);
    ++ends;
    co_return std::move(result);
}

TEST_F(RaceTest, losersThatAreCoroutinesHaveEndedWhenItFires) {
    Pair gates;
    int ends = 0;
    int endsSeen = 0;
    race(std::vector{after(gates.a, ends), after(gates.b, ends)})
        .addCallback([&](RaceResult<int>) { endsSeen = ends; });
    gates.a.callback(1);
    EXPECT_EQ(endsSeen, 2);
    EXPECT_THAT(messages(), IsEmpty());
}

}  // namespace
}  // namespace wring
