#include <wring/deferred/start.hpp>
#include <wring/tests/deferred/support.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using testing::Boom;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Unhandled = testing::QuietTest;

TEST_F(Unhandled, aFailureIsLoggedOnceWhenTheLastHandleGoes) {
    {
        Deferred<int> deferred = fail<int>(Boom("nobody cared"));
        Deferred<int> copy = deferred;
        deferred = succeed(1);
        EXPECT_THAT(messages(), IsEmpty());
    }
    EXPECT_THAT(messages(), ElementsAre(HasSubstr("Unhandled error in Deferred")));
    EXPECT_THAT(messages(), ElementsAre(HasSubstr("nobody cared")));
}

TEST_F(Unhandled, theLogNamesTheClass) {
    fail<int>(Failure::of<TimeoutError>());
    EXPECT_THAT(messages(), ElementsAre(HasSubstr("TimeoutError")));
}

TEST_F(Unhandled, aFailureThatPassedTheWholeChainIsLoggedOnce) {
    fail<int>(Boom()).addCallback([](int value) { return value; }).addErrback([](const Failure& f) {
        return f;
    });
    EXPECT_EQ(messages().size(), 1u);
}

TEST_F(Unhandled, aTypeChangeLogsOnceAtItsEnd) {
    {
        Deferred<int> number;
        Deferred<> last = number.addCallback([](int) { return std::string(); })
                              .addCallback([](const std::string&) {});
        number.errback(Boom());
        EXPECT_THAT(messages(), IsEmpty());
    }
    EXPECT_EQ(messages().size(), 1u);
}

TEST_F(Unhandled, anErrbackThatReturnsAValueClearsIt) {
    fail<int>(Boom()).addErrback([](const Failure&) { return 1; });
    EXPECT_THAT(messages(), IsEmpty());
}

TEST_F(Unhandled, whatAnErrbackThrowsIsLogged) {
    fail<int>(Boom()).addErrback([](const Failure&) -> int { throw Boom("the second"); });
    EXPECT_THAT(messages(), ElementsAre(HasSubstr("the second")));
}

TEST_F(Unhandled, handingItOverByChainingClearsItOnTheGiver) {
    {
        Deferred<int> inner = fail<int>(Boom());
        succeed(1).addCallback([&](int) { return inner; }).addErrback([](const Failure&) {
            return 0;
        });
    }
    EXPECT_THAT(messages(), IsEmpty());
    {
        Deferred<int> inner;
        succeed(1).addCallback([&](int) { return inner; });
        inner.errback(Boom());
    }
    EXPECT_EQ(messages().size(), 1u);
}

Task<> awaits(Deferred<int> deferred, bool& caught) {
    try {
        co_await deferred;
    } catch (const Boom&) {
        caught = true;
    }
}

TEST_F(Unhandled, awaitingClearsIt) {
    bool caught = false;
    start(awaits(fail<int>(Boom()), caught));
    EXPECT_TRUE(caught);
    Deferred<int> late;
    caught = false;
    start(awaits(late, caught));
    late.errback(Boom());
    EXPECT_TRUE(caught);
    EXPECT_THAT(messages(), IsEmpty());
}

Deferred<> breaks() {
    throw Boom("in a coroutine");
    co_return;
}

TEST_F(Unhandled, whatACoroutineThrowsIsLogged) {
    breaks();
    EXPECT_THAT(messages(), ElementsAre(HasSubstr("in a coroutine")));
}

Deferred<> waitsFor(Deferred<> other) { co_await other; }

TEST_F(Unhandled, aCoroutineThatWasToldToEndAndDidIsNotLogged) {
    waitsFor(Deferred<>()).cancel();
    EXPECT_THAT(messages(), IsEmpty());
}

TEST_F(Unhandled, aCancelledErrorThatNobodyAskedForIsLogged) {
    Deferred<> other;
    waitsFor(other);
    other.cancel();
    EXPECT_EQ(messages().size(), 1u);
}

TEST_F(Unhandled, aCancelledDeferredIsLoggedLikeAnyOther) {
    Deferred<int>().cancel();
    EXPECT_EQ(messages().size(), 1u);
}

}  // namespace
}  // namespace wring
