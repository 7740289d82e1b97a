#include <wring/deferred/deferred.hpp>
#include <wring/tests/deferred/support.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using testing::Boom;
using ::testing::ElementsAre;

using Chaining = testing::QuietTest;
using ChainingDeathTest = testing::QuietTest;

TEST_F(Chaining, aReturnedDeferredWithAResultIsTakenAtOnce) {
    Deferred<int> inner = succeed(2);
    int seen = 0;
    succeed(1).addCallback([&](int) { return inner; }).addCallback([&](int value) {
        return seen = value;
    });
    EXPECT_EQ(seen, 2);
}

TEST_F(Chaining, aReturnedDeferredWithoutResultIsWaitedFor) {
    Deferred<int> inner;
    Deferred<int> outer;
    int seen = 0;
    outer.addCallback([&](int) { return inner; }).addCallback([&](int value) {
        return seen = value;
    });
    outer.callback(1);
    EXPECT_TRUE(outer.called());
    EXPECT_FALSE(outer.isReady());
    EXPECT_EQ(seen, 0);
    inner.callback(2);
    EXPECT_EQ(seen, 2);
    EXPECT_TRUE(outer.isReady());
}

TEST_F(Chaining, theFailureOfAReturnedDeferredIsTheResult) {
    Deferred<int> inner;
    bool failed = false;
    succeed(1).addCallback([&](int) { return inner; }).addErrback([&](const Failure& failure) {
        failed = failure.check<Boom>();
        return 0;
    });
    inner.errback(Boom());
    EXPECT_TRUE(failed);
}

TEST_F(Chaining, whatHungOnTheReturnedDeferredRunsFirst) {
    Deferred<int> inner;
    int seen = 0;
    inner.addCallback([](int value) { return value * 10; });
    succeed(1).addCallback([&](int) { return inner; }).addCallback([&](int value) {
        return seen = value;
    });
    inner.callback(2);
    EXPECT_EQ(seen, 20);
}

TEST_F(Chaining, aPausedDeferredCountsAsOneWithoutResult) {
    Deferred<int> inner = succeed(2);
    inner.pause();
    int seen = 0;
    succeed(1).addCallback([&](int) { return inner; }).addCallback([&](int value) {
        return seen = value;
    });
    EXPECT_EQ(seen, 0);
    inner.unpause();
    EXPECT_EQ(seen, 2);
}

TEST_F(Chaining, aWaitingDeferredCountsAsOneWithoutResult) {
    Deferred<int> innermost;
    Deferred<int> inner = succeed(1);
    inner.addCallback([&](int) { return innermost; });
    int seen = 0;
    succeed(1).addCallback([&](int) { return inner; }).addCallback([&](int value) {
        return seen = value;
    });
    EXPECT_EQ(seen, 0);
    innermost.callback(3);
    EXPECT_EQ(seen, 3);
}

TEST_F(Chaining, anOuterThatIsPausedGoesOnWhenUnpaused) {
    Deferred<int> inner;
    Deferred<int> outer = succeed(1);
    int seen = 0;
    outer.addCallback([&](int) { return inner; }).addCallback([&](int value) {
        return seen = value;
    });
    outer.pause();
    inner.callback(2);
    EXPECT_EQ(seen, 0);
    EXPECT_TRUE(inner.isReady());
    outer.unpause();
    EXPECT_EQ(seen, 2);
}

TEST_F(Chaining, aVoidDeferredThatGaveItsResultAwayCountsAsNothing) {
    Deferred<> inner = succeed();
    int seen = 0;
    succeed().addCallback([&] { return inner; }).addCallback([&] { ++seen; });
    succeed().addCallback([&] { return inner; }).addCallback([&] { ++seen; });
    EXPECT_EQ(seen, 2);
}

TEST_F(Chaining, aDeferredThatGaveItsResultAwayCannotGiveItAgain) {
    Deferred<int> inner = succeed(1);
    int seen = 0;
    bool failed = false;
    succeed(0).addCallback([&](int) { return inner; }).addCallback([&](int value) {
        return seen = value;
    });
    succeed(0)
        .addCallback([&](int) { return inner; })
        .addErrback([&](const Failure& failure) {
            failed = failure.check<AlreadyAwaitedError>();
            return 0;
        });
    EXPECT_EQ(seen, 1);
    EXPECT_TRUE(failed);
}

TEST_F(Chaining, aHundredThousandFiredDeferredsUseTheStackOfOne) {
    Deferred<int> outer;
    testing::StackDepth depth;
    for (int i = 0; i < 100'000; ++i) {
        outer.addCallback([&](int value) {
            depth.note();
            return succeed(value + 1);
        });
    }
    int seen = 0;
    outer.addCallback([&](int value) { return seen = value; });
    outer.callback(0);
    EXPECT_EQ(seen, 100'000);
    EXPECT_LT(depth.bytes(), 1024u);
}

TEST_F(Chaining, aHundredThousandWaitingDeferredsUseTheStackOfOne) {
    testing::StackDepth depth;
    Deferred<int> innermost;
    Deferred<int> last = innermost;
    for (int i = 0; i < 100'000; ++i) {
        Deferred<int> outer = succeed(0);
        outer.addCallback([last](int) { return last; });
        outer.addCallback([&](int value) {
            depth.note();
            return value + 1;
        });
        last = outer;
    }
    int seen = 0;
    last.addCallback([&](int value) { return seen = value; });
    innermost.callback(0);
    EXPECT_EQ(seen, 100'000);
    EXPECT_LT(depth.bytes(), 1024u);
}

TEST_F(Chaining, aHundredThousandTypeChangesUseTheStackOfOne) {
    testing::StackDepth depth;
    Deferred<int> first;
    Deferred<int> last = first;
    for (int i = 0; i < 50'000; ++i) {
        last = last.addCallback([](int value) { return long{value}; }).addCallback([&](long value) {
            depth.note();
            return static_cast<int>(value) + 1;
        });
    }
    int seen = 0;
    last.addCallback([&](int value) { return seen = value; });
    first.callback(0);
    EXPECT_EQ(seen, 50'000);
    EXPECT_LT(depth.bytes(), 1024u);
}

TEST_F(Chaining, aHundredThousandWaitingDeferredsCanBeDropped) {
    bool last = false;
    {
        Deferred<int> innermost;
        Deferred<int> outermost = innermost;
        for (int i = 0; i < 100'000; ++i) {
            Deferred<int> outer = succeed(0);
            outer.addCallback([inner = std::move(outermost)](int) { return inner; });
            outermost = outer;
        }
        last = !outermost.isReady();
    }
    EXPECT_TRUE(last);
}

TEST_F(Chaining, aHundredThousandTypeChangesCanBeDropped) {
    bool last = false;
    {
        Deferred<int> first;
        Deferred<int> end = first;
        for (int i = 0; i < 50'000; ++i) {
            end = end.addCallback([](int value) { return long{value}; }).addCallback([](long value) {
                return static_cast<int>(value);
            });
        }
        last = !end.called();
    }
    EXPECT_TRUE(last);
}

TEST_F(ChainingDeathTest, returningTheDeferredItselfEndsTheProcess) {
    EXPECT_DEATH(
        {
            Deferred<int> deferred;
            deferred.addCallback([raw = &deferred](int) { return *raw; });
            deferred.callback(1);
        },
        "returned the Deferred it was attached to");
}

}  // namespace
}  // namespace wring
