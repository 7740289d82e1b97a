#include <wring/runtime/async_generator.hpp>

#include <wring/deferred/timeout.hpp>
#include <wring/runtime/clock.hpp>
#include <wring/tests/runtime/generators.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

namespace wring {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using AsyncGeneratorCancelTest = QuietTest;
using AsyncGeneratorCloseTest = QuietTest;
using ForEachTest = QuietTest;

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
            auto waited = co_await outcome(flag.wait());
            EXPECT_FALSE(waited);
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

class AsyncGeneratorReactorTest : public ReactorTest {};

AsyncGenerator<int> ticks(int& ended) {
    for (int i = 0;; ++i) {
        auto slept = co_await outcome(sleepFor(0s));
        if (!slept) break;
        co_yield i;
    }
    ++ended;
}

TEST_P(AsyncGeneratorReactorTest, waitsForTheReactorsTimeUntilItsConsumerIsCancelled) {
    run([](Reactor&) -> Task<> {
        int ended = 0;
        std::vector<int> items;
        Deferred<> collecting = collect(ticks(ended), items);
        while (items.size() < 3) co_await sleepFor(0s);
        collecting.cancel();
        co_await collecting;
        EXPECT_EQ(ended, 1);
        EXPECT_EQ(items[2], 2);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, AsyncGeneratorReactorTest, ::testing::ValuesIn(bothDrivers()),
                         nameOf);

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

}  // namespace
}  // namespace wring
