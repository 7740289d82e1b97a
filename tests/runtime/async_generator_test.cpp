#include <wring/runtime/async_generator.hpp>

#include <wring/tests/runtime/generators.hpp>

#include <memory>

namespace wring {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using AsyncGeneratorTest = QuietTest;
using AsyncGeneratorDeathTest = QuietTest;

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

TEST_F(AsyncGeneratorTest, itemsLeaveNoBlockInThePool) {
    AsyncGenerator<int> items = countTo(100);
    takeOne(items);
    long before = detail::poolBlocksInUse();
    for (int i = 1; i < 100; ++i) takeOne(items);
    EXPECT_EQ(detail::poolBlocksInUse(), before);
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
