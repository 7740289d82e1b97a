#include <wring/runtime/async_generator.hpp>

#include <wring/deferred/event.hpp>
#include <wring/deferred/start.hpp>
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

using AsyncGeneratorTest = testing::QuietTest;
using AsyncGeneratorCancelTest = testing::QuietTest;
using AsyncGeneratorCloseTest = testing::QuietTest;
using AsyncGeneratorDeathTest = testing::QuietTest;
using ForEachTest = testing::QuietTest;

using Log = std::vector<std::string>;

/// Says when it goes.
struct Witness {
    Witness(Log& to, std::string text) : log(to), name(std::move(text)) {}
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;
    ~Witness() { log.push_back(name); }
    Log& log;
    std::string name;
};

AsyncGenerator<int> countTo(int end) {
    for (int i = 0; i < end; ++i) co_yield i;
}

AsyncGenerator<int> countThenThrow(int end) {
    for (int i = 0; i < end; ++i) co_yield i;
    throw Boom();
}

/// Waits for the flag before each item.
AsyncGenerator<int> atEach(Event& flag, int end) {
    for (int i = 0; i < end; ++i) {
        co_await flag.wait();
        flag.clear();
        co_yield i;
    }
}

/// Yields while it holds a local, and has another one where it cleans up.
AsyncGenerator<int> witnessed(Log& log) {
    Witness outer(log, "outer");
    for (int i = 0;; ++i) {
        Witness inner(log, "inner");
        co_yield i;
    }
}

Deferred<> collect(AsyncGenerator<int> items, std::vector<int>& into) {
    while (auto item = co_await items.next()) into.push_back(*item);
}

Deferred<int> takeOne(AsyncGenerator<int>& items) {
    auto item = co_await items.next();
    co_return item ? *item : -1;
}

/// The value of a Deferred that has one.
template <class T>
T valueOf(Deferred<T> deferred) {
    T value{};
    deferred.addCallback([&](T given) { value = std::move(given); });
    return value;
}

TEST_F(AsyncGeneratorTest, givesWhatTheBodyYieldsInOrderAndThenNothing) {
    std::vector<int> items;
    EXPECT_TRUE(collect(countTo(3), items).isReady());
    EXPECT_THAT(items, ElementsAre(0, 1, 2));
}

TEST_F(AsyncGeneratorTest, ofABodyThatYieldsNothingEndsAtOnce) {
    std::vector<int> items;
    EXPECT_TRUE(collect(countTo(0), items).isReady());
    EXPECT_THAT(items, IsEmpty());
}

TEST_F(AsyncGeneratorTest, givesNothingAgainAndAgainAfterTheEnd) {
    AsyncGenerator<int> items = countTo(1);
    EXPECT_EQ(valueOf(takeOne(items)), 0);
    EXPECT_EQ(valueOf(takeOne(items)), -1);
    EXPECT_EQ(valueOf(takeOne(items)), -1);
}

TEST_F(AsyncGeneratorTest, runsOnlyAsFarAsItIsAsked) {
    struct Body {
        static AsyncGenerator<int> steps(Log& log) {
            log.push_back("begin");
            co_yield 0;
            log.push_back("middle");
            co_yield 1;
            log.push_back("end");
        }
    };
    Log log;
    AsyncGenerator<int> items = Body::steps(log);
    EXPECT_THAT(log, IsEmpty());
    takeOne(items);
    EXPECT_THAT(log, ElementsAre("begin"));
    takeOne(items);
    takeOne(items);
    EXPECT_THAT(log, ElementsAre("begin", "middle", "end"));
}

TEST_F(AsyncGeneratorTest, mayAwaitBetweenItems) {
    Event flag;
    std::vector<int> items;
    Deferred<> collecting = collect(atEach(flag, 2), items);
    EXPECT_THAT(items, IsEmpty());
    flag.set();
    EXPECT_THAT(items, ElementsAre(0));
    flag.set();
    EXPECT_THAT(items, ElementsAre(0, 1));
    EXPECT_TRUE(collecting.isReady());
}

TEST_F(AsyncGeneratorTest, mayAwaitTasksAndOtherGenerators) {
    struct Body {
        static Task<int> twice(int value) { co_return 2 * value; }
        static AsyncGenerator<int> doubled(AsyncGenerator<int> from) {
            while (auto item = co_await from.next()) {
                int value = co_await twice(*item);
                co_yield value;
            }
        }
    };
    std::vector<int> items;
    EXPECT_TRUE(collect(Body::doubled(Body::doubled(countTo(3))), items).isReady());
    EXPECT_THAT(items, ElementsAre(0, 4, 8));
}

TEST_F(AsyncGeneratorTest, givesValuesThatCannotBeCopied) {
    struct Body {
        static AsyncGenerator<std::unique_ptr<int>> make() {
            co_yield std::make_unique<int>(7);
            auto named = std::make_unique<int>(8);
            co_yield std::move(named);
        }
        static Deferred<int> sum() {
            auto items = make();
            int all = 0;
            while (auto item = co_await items.next()) all += **item;
            co_return all;
        }
    };
    EXPECT_EQ(valueOf(Body::sum()), 15);
}

TEST_F(AsyncGeneratorTest, copiesAnItemThatTheBodyKeeps) {
    struct Body {
        static AsyncGenerator<std::string> growing() {
            std::string kept;
            while (kept.size() < 3) {
                kept += 'x';
                co_yield kept;
            }
        }
        static Deferred<std::string> join() {
            auto items = growing();
            std::string all;
            while (auto item = co_await items.next()) all += *item + ",";
            co_return all;
        }
    };
    EXPECT_EQ(valueOf(Body::join()), "x,xx,xxx,");
}

TEST_F(AsyncGeneratorTest, whatTheBodyThrowsTravelsToNextOnce) {
    std::vector<int> items;
    Deferred<> collecting = collect(countThenThrow(2), items);
    EXPECT_THAT(endOf(collecting), ::testing::HasSubstr("Boom"));
    EXPECT_THAT(items, ElementsAre(0, 1));

    AsyncGenerator<int> once = countThenThrow(0);
    Deferred<int> first = takeOne(once);
    EXPECT_THAT(endOf(first), ::testing::HasSubstr("Boom"));
    EXPECT_EQ(valueOf(takeOne(once)), -1);
}

TEST_F(AsyncGeneratorTest, outcomeGivesTheFailureAsAValue) {
    struct Body {
        static Deferred<bool> look(AsyncGenerator<int> items) {
            auto item = co_await outcome(items.next());
            auto failed = co_await outcome(items.next());
            co_return item.has_value() && failed.error().check<Boom>();
        }
    };
    EXPECT_TRUE(valueOf(Body::look(countThenThrow(1))));
}

TEST_F(AsyncGeneratorTest, anItemWhoseMakingThrowsIsAFailureOfTheBody) {
    struct Fragile {
        explicit Fragile(bool breaks) {
            if (breaks) throw Boom();
        }
    };
    struct Body {
        static AsyncGenerator<Fragile> make() {
            co_yield false;
            co_yield true;
        }
        static Deferred<int> count(int& items) {
            auto all = make();
            while (auto item = co_await all.next()) ++items;
            co_return items;
        }
    };
    int items = 0;
    Deferred<int> counting = Body::count(items);
    EXPECT_THAT(endOf(counting), ::testing::HasSubstr("Boom"));
    EXPECT_EQ(items, 1);
}

TEST_F(AsyncGeneratorTest, itsArgumentsLiveAsLongAsTheGenerator) {
    struct Body {
        static AsyncGenerator<long> uses(std::shared_ptr<int> held) { co_yield held.use_count(); }
    };
    auto token = std::make_shared<int>(0);
    {
        AsyncGenerator<long> items = Body::uses(token);
        AsyncGenerator<long> moved = std::move(items);
        EXPECT_EQ(token.use_count(), 2);
        items = std::move(moved);
        EXPECT_EQ(token.use_count(), 2);
    }
    EXPECT_EQ(token.use_count(), 1);
}

TEST_F(AsyncGeneratorTest, destroyedAtAYieldItRunsTheDestructorsOfItsLocals) {
    Log log;
    {
        AsyncGenerator<int> items = witnessed(log);
        takeOne(items);
        takeOne(items);
        EXPECT_THAT(log, ElementsAre("inner"));
    }
    EXPECT_THAT(log, ElementsAre("inner", "inner", "outer"));
}

TEST_F(AsyncGeneratorTest, destroyedBeforeItBeganItRunsNothing) {
    Log log;
    { AsyncGenerator<int> items = witnessed(log); }
    EXPECT_THAT(log, IsEmpty());
}

TEST_F(AsyncGeneratorTest, whoIsGivenAnItemByAnEventMayDestroyItThere) {
    struct Body {
        static AsyncGenerator<int> late(Event& flag, Log& log) {
            Witness local(log, "gone");
            co_await flag.wait();
            co_yield 5;
        }
        static Deferred<int> takeAndLeave(Event& flag, Log& log) {
            int value = 0;
            {
                auto items = late(flag, log);
                auto item = co_await items.next();
                value = *item;
            }
            log.push_back("left");
            co_return value;
        }
    };
    Event flag;
    Log log;
    Deferred<int> taking = Body::takeAndLeave(flag, log);
    flag.set();
    EXPECT_EQ(valueOf(taking), 5);
    EXPECT_THAT(log, ElementsAre("gone", "left"));
}

TEST_F(AsyncGeneratorTest, itemsThatAreThereDoNotGrowTheStackSlow) {
    struct Body {
        static AsyncGenerator<int> many(testing::StackDepth& depth) {
            for (int i = 0; i < 100'000; ++i) {
                depth.note();
                co_yield i & 1;
            }
        }
        static Deferred<int> sum(testing::StackDepth& depth) {
            auto items = many(depth);
            int all = 0;
            while (auto item = co_await items.next()) all += *item;
            co_return all;
        }
    };
    testing::StackDepth depth;
    EXPECT_EQ(valueOf(Body::sum(depth)), 50'000);
    EXPECT_LT(depth.bytes(), 4096u);
}

TEST_F(AsyncGeneratorTest, itemsThatAreWaitedForDoNotGrowTheStackSlow) {
    struct Body {
        static AsyncGenerator<int> many(Event& flag, testing::StackDepth& depth) {
            for (int i = 0; i < 50'000; ++i) {
                co_await flag.wait();
                flag.clear();
                depth.note();
                co_yield 1;
                co_yield 1;
            }
        }
        static Deferred<int> sum(Event& flag, testing::StackDepth& depth) {
            auto items = many(flag, depth);
            int all = 0;
            while (auto item = co_await items.next()) all += *item;
            co_return all;
        }
    };
    Event flag;
    testing::StackDepth depth;
    Deferred<int> summing = Body::sum(flag, depth);
    while (!summing.called()) flag.set();
    EXPECT_EQ(valueOf(summing), 100'000);
    EXPECT_LT(depth.bytes(), 4096u);
}

TEST_F(AsyncGeneratorTest, anItemCostsNoBlockOfThePool) {
    AsyncGenerator<int> items = countTo(100);
    takeOne(items);
    long before = detail::poolBlocksInUse();
    for (int i = 1; i < 100; ++i) takeOne(items);
    EXPECT_EQ(detail::poolBlocksInUse(), before);
}

TEST_F(AsyncGeneratorCancelTest, cancellingWhoWaitsThrowsInTheBody) {
    Event flag;
    std::vector<int> items;
    Deferred<> collecting = collect(atEach(flag, 3), items);
    flag.set();
    collecting.cancel();
    EXPECT_EQ(endOf(collecting), "CancelledError");
    EXPECT_THAT(items, ElementsAre(0));
}

TEST_F(AsyncGeneratorCancelTest, aBodyThatCatchesItMayStillGiveAnItem) {
    struct Body {
        static AsyncGenerator<int> stubborn(Event& flag) {
            auto waited = co_await outcome(flag.wait());
            co_yield waited ? 1 : 2;
        }
    };
    Event flag;
    std::vector<int> items;
    Deferred<> collecting = collect(Body::stubborn(flag), items);
    collecting.cancel();
    EXPECT_THAT(items, ElementsAre(2));
    EXPECT_EQ(endOf(collecting), "value");
}

TEST_F(AsyncGeneratorCancelTest, everyAwaitInTheBodyThrowsUntilItEnds) {
    struct Body {
        static AsyncGenerator<int> counting(Event& flag, int& thrown) {
            for (int i = 0; i < 3; ++i) {
                auto waited = co_await outcome(flag.wait());
                if (!waited) ++thrown;
            }
            co_yield 1;
        }
    };
    Event flag;
    int thrown = 0;
    std::vector<int> items;
    Deferred<> collecting = collect(Body::counting(flag, thrown), items);
    collecting.cancel();
    EXPECT_EQ(thrown, 3);
    EXPECT_EQ(endOf(collecting), "value");
}

TEST_F(AsyncGeneratorCancelTest, aYieldIsNoPlaceWhereCancellationIsFelt) {
    struct Body {
        static Deferred<int> drain(Event& flag, AsyncGenerator<int> items) {
            co_await outcome(flag.wait());
            int count = 0;
            while (co_await items.next()) ++count;
            co_return count;
        }
    };
    Event flag;
    Deferred<int> draining = Body::drain(flag, countTo(4));
    draining.cancel();
    EXPECT_EQ(valueOf(draining), 4);
}

TEST_F(AsyncGeneratorCancelTest, theBodyBelongsToWhoAsksForTheNextItem) {
    Event flag;
    AsyncGenerator<int> items = atEach(flag, 3);
    Deferred<int> first = takeOne(items);
    flag.set();
    EXPECT_EQ(valueOf(first), 0);
    Deferred<int> second = takeOne(items);
    first.cancel();
    EXPECT_FALSE(second.called());
    flag.set();
    EXPECT_EQ(valueOf(second), 1);
    Deferred<int> third = takeOne(items);
    third.cancel();
    EXPECT_EQ(endOf(third), "CancelledError");
}

TEST_F(AsyncGeneratorCancelTest, itHasEndedWhenItWasCancelled) {
    Event flag;
    AsyncGenerator<int> items = atEach(flag, 3);
    Deferred<int> first = takeOne(items);
    first.cancel();
    endOf(first);
    EXPECT_EQ(valueOf(takeOne(items)), -1);
}

TEST_F(AsyncGeneratorCancelTest, aCancelAfterTheItemHasNoEffect) {
    Event flag;
    AsyncGenerator<int> items = atEach(flag, 2);
    Deferred<int> first = takeOne(items);
    flag.set();
    first.cancel();
    EXPECT_EQ(valueOf(first), 0);
}

TEST_F(AsyncGeneratorCancelTest, aDeadlineMayLieAroundTheNextItem) {
    struct Body {
        static Deferred<> inTime(AsyncGenerator<int>& items, Clock& clock) {
            auto item = co_await withTimeout(2s, items.next(), clock);
            EXPECT_EQ(*item, 0);
            item = co_await withTimeout(2s, items.next(), clock);
        }
    };
    Clock clock;
    Event flag;
    AsyncGenerator<int> items = atEach(flag, 3);
    Deferred<> taking = Body::inTime(items, clock);
    flag.set();
    clock.advance(3s);
    EXPECT_EQ(endOf(taking), "TimeoutError");
    EXPECT_EQ(valueOf(takeOne(items)), -1);
}

/// Cleans up, which takes until the flag is up, when it is closed.
AsyncGenerator<int> tidy(Event& flag, Log& log) {
    std::optional<Failure> end;
    try {
        for (int i = 0;; ++i) co_yield i;
    } catch (...) {
        end = Failure::current();
    }
    log.push_back(end->className());
    co_await flag.wait();
    log.push_back("clean");
    end->raise();
}

Deferred<> takeAndClose(AsyncGenerator<int>& items) {
    co_await items.next();
    co_await items.close();
}

TEST_F(AsyncGeneratorCloseTest, waitsForTheCleanUpOfTheBody) {
    Event flag;
    Log log;
    AsyncGenerator<int> items = tidy(flag, log);
    Deferred<> closing = takeAndClose(items);
    EXPECT_THAT(log, ElementsAre("CancelledError"));
    EXPECT_FALSE(closing.called());
    flag.set();
    EXPECT_THAT(log, ElementsAre("CancelledError", "clean"));
    EXPECT_EQ(endOf(closing), "value");
    EXPECT_EQ(valueOf(takeOne(items)), -1);
}

TEST_F(AsyncGeneratorCloseTest, cancelledMeanwhileItsAwaitsThrow) {
    Event flag;
    Log log;
    AsyncGenerator<int> items = tidy(flag, log);
    Deferred<> closing = takeAndClose(items);
    closing.cancel();
    EXPECT_TRUE(closing.isReady());
    EXPECT_THAT(log, ElementsAre("CancelledError"));
}

TEST_F(AsyncGeneratorCloseTest, runsTheDestructorsOfABodyThatKnowsNothingOfIt) {
    Log log;
    AsyncGenerator<int> items = witnessed(log);
    EXPECT_TRUE(takeAndClose(items).isReady());
    EXPECT_THAT(log, ElementsAre("inner", "outer"));
}

TEST_F(AsyncGeneratorCloseTest, everyYieldThrowsUntilTheBodyHasEnded) {
    struct Body {
        static AsyncGenerator<int> deaf(int& thrown) {
            for (int i = 0; i < 4; ++i) {
                try {
                    co_yield i;
                } catch (const CancelledError&) {
                    ++thrown;
                }
            }
        }
    };
    int thrown = 0;
    AsyncGenerator<int> items = Body::deaf(thrown);
    EXPECT_TRUE(takeAndClose(items).isReady());
    EXPECT_EQ(thrown, 4);
}

TEST_F(AsyncGeneratorCloseTest, rethrowsWhatTheCleanUpFailsWith) {
    struct Body {
        static AsyncGenerator<int> failing() {
            try {
                co_yield 0;
            } catch (const CancelledError&) {
                throw Boom();
            }
        }
    };
    AsyncGenerator<int> items = Body::failing();
    Deferred<> closing = takeAndClose(items);
    EXPECT_THAT(endOf(closing), ::testing::HasSubstr("Boom"));
}

Deferred<> justClose(AsyncGenerator<int>& items) { co_await items.close(); }

TEST_F(AsyncGeneratorCloseTest, beforeTheBeginningRunsNothingAndLeavesNothingToGive) {
    Log log;
    AsyncGenerator<int> items = witnessed(log);
    EXPECT_TRUE(justClose(items).isReady());
    EXPECT_EQ(valueOf(takeOne(items)), -1);
    EXPECT_TRUE(justClose(items).isReady());
    EXPECT_THAT(log, IsEmpty());
}

TEST_F(AsyncGeneratorCloseTest, afterTheEndHasNoEffect) {
    AsyncGenerator<int> items = countTo(0);
    takeOne(items);
    Deferred<> closing = justClose(items);
    EXPECT_EQ(endOf(closing), "value");
}

TEST_F(ForEachTest, callsTheFunctionForEachItem) {
    std::vector<int> seen;
    Deferred<> all = start(forEach(countTo(3), [&seen](int item) { seen.push_back(item); }));
    EXPECT_EQ(endOf(all), "value");
    EXPECT_THAT(seen, ElementsAre(0, 1, 2));
}

TEST_F(ForEachTest, awaitsWhatTheFunctionReturns) {
    struct Body {
        static Task<> keep(std::vector<int>& seen, Event& flag, int item) {
            co_await flag.wait();
            flag.clear();
            seen.push_back(item);
        }
    };
    std::vector<int> seen;
    Event flag;
    auto keep = [&seen, &flag](int item) { return Body::keep(seen, flag, item); };
    Deferred<> all = start(forEach(countTo(2), keep));
    flag.set();
    EXPECT_THAT(seen, ElementsAre(0));
    flag.set();
    EXPECT_EQ(endOf(all), "value");
    EXPECT_THAT(seen, ElementsAre(0, 1));
}

TEST_F(ForEachTest, closesTheGeneratorWhenTheFunctionThrowsAndRethrows) {
    Event flag;
    Log log;
    Deferred<> all = start(forEach(tidy(flag, log), [](int) { throw Boom(); }));
    EXPECT_FALSE(all.called());
    flag.set();
    EXPECT_THAT(endOf(all), ::testing::HasSubstr("Boom"));
    EXPECT_THAT(log, ElementsAre("CancelledError", "clean"));
}

TEST_F(ForEachTest, rethrowsWhatTheBodyThrows) {
    Deferred<> all = start(forEach(countThenThrow(1), [](int) {}));
    EXPECT_THAT(endOf(all), ::testing::HasSubstr("Boom"));
}

TEST_F(ForEachTest, isCancelledWithWhoAwaitsIt) {
    Event flag;
    int count = 0;
    Deferred<> all = start(forEach(atEach(flag, 5), [&count](int) { ++count; }));
    flag.set();
    all.cancel();
    EXPECT_EQ(endOf(all), "CancelledError");
    EXPECT_EQ(count, 1);
}

TEST_F(AsyncGeneratorDeathTest, destroyingOneWhoseNextItemIsAwaitedEndsTheProcess) {
    EXPECT_DEATH(
        {
            Event flag;
            std::optional<AsyncGenerator<int>> items = atEach(flag, 1);
            takeOne(*items);
            items.reset();
        },
        "destroyed while somebody waits for its next item");
}

TEST_F(AsyncGeneratorDeathTest, askingForTwoItemsAtATimeEndsTheProcess) {
    EXPECT_DEATH(
        {
            Event flag;
            AsyncGenerator<int> items = atEach(flag, 2);
            takeOne(items);
            takeOne(items);
        },
        "asked for one item at a time");
}

TEST_F(AsyncGeneratorDeathTest, usingOneThatWasMovedFromEndsTheProcess) {
    AsyncGenerator<int> items = countTo(1);
    AsyncGenerator<int> moved = std::move(items);
    EXPECT_DEATH(takeOne(items), "not used after it was moved from");  // NOLINT
}

}  // namespace
}  // namespace wring
