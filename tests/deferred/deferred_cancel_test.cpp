#include <wring/deferred/deferred.hpp>
#include <wring/tests/deferred/support.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using testing::Boom;

using WithCanceller = testing::QuietTest;
using WithoutCanceller = testing::QuietTest;
using Waiting = testing::QuietTest;
using Fired = testing::QuietTest;
using TypeChange = testing::QuietTest;

/// What a chain's end came to.
struct End {
    bool cancelled = false;
    bool failed = false;
    int value = 0;
    int times = 0;

    void watch(Deferred<int> deferred) {
        deferred.addBoth([this](Result<int> result) {
            ++times;
            if (result) value = *result;
            failed = !result;
            cancelled = !result && result.error().check<CancelledError>();
        });
    }
};

TEST_F(WithCanceller, itIsCalledWithTheDeferred) {
    const Deferred<int>* seen = nullptr;
    Deferred<int> deferred;
    bool same = false;
    deferred = Deferred<int>([&](Deferred<int>& asked) {
        seen = &asked;
        same = asked == deferred;
    });
    deferred.addErrback([](const Failure&) { return 0; });
    deferred.cancel();
    EXPECT_NE(seen, nullptr);
    EXPECT_TRUE(same);
}

TEST_F(WithCanceller, whatItFiresStands) {
    End end;
    Deferred<int> deferred([](Deferred<int>& asked) { asked.callback(5); });
    end.watch(deferred);
    deferred.cancel();
    EXPECT_EQ(end.value, 5);
    EXPECT_FALSE(end.failed);
}

TEST_F(WithCanceller, aFailureItFiresStands) {
    End end;
    Deferred<int> deferred([](Deferred<int>& asked) { asked.errback(Boom()); });
    end.watch(deferred);
    deferred.cancel();
    EXPECT_TRUE(end.failed);
    EXPECT_FALSE(end.cancelled);
}

TEST_F(WithCanceller, oneThatDoesNotFireLeadsToCancelledError) {
    End end;
    Deferred<int> deferred([](Deferred<int>&) {});
    end.watch(deferred);
    deferred.cancel();
    EXPECT_TRUE(end.cancelled);
}

TEST_F(WithCanceller, noLateResultIsSwallowed) {
    End end;
    Deferred<int> deferred([](Deferred<int>&) {});
    end.watch(deferred);
    deferred.cancel();
    EXPECT_THROW(deferred.callback(1), AlreadyCalledError);
    Deferred<int> fired([](Deferred<int>& asked) { asked.callback(1); });
    fired.cancel();
    EXPECT_THROW(fired.callback(1), AlreadyCalledError);
}

TEST_F(WithCanceller, itRunsAtMostOnce) {
    int calls = 0;
    End end;
    Deferred<int> deferred([&](Deferred<int>& asked) {
        ++calls;
        asked.cancel();
    });
    end.watch(deferred);
    deferred.cancel();
    deferred.cancel();
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(end.times, 1);
}

TEST_F(WithCanceller, whatItThrowsReachesWhoCancels) {
    End end;
    Deferred<int> deferred([](Deferred<int>&) { throw Boom(); });
    end.watch(deferred);
    EXPECT_THROW(deferred.cancel(), Boom);
    EXPECT_FALSE(deferred.called());
    deferred.callback(3);
    EXPECT_EQ(end.value, 3);
}

TEST_F(WithCanceller, itIsReleasedWhenTheDeferredFires) {
    auto resource = std::make_shared<int>(0);
    Deferred<int> deferred([resource](Deferred<int>&) {});
    EXPECT_EQ(resource.use_count(), 2);
    deferred.callback(1);
    EXPECT_EQ(resource.use_count(), 1);
}

TEST_F(WithCanceller, itRunsForAPausedDeferredWhoseCallbacksWait) {
    End end;
    int calls = 0;
    Deferred<int> deferred([&](Deferred<int>&) { ++calls; });
    end.watch(deferred);
    deferred.pause();
    deferred.cancel();
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(end.times, 0);
    deferred.unpause();
    EXPECT_TRUE(end.cancelled);
}

TEST_F(WithoutCanceller, cancellingFailsWithCancelledError) {
    End end;
    Deferred<int> deferred;
    end.watch(deferred);
    deferred.cancel();
    EXPECT_TRUE(end.cancelled);
    EXPECT_TRUE(deferred.called());
}

TEST_F(WithoutCanceller, oneLateResultIsSwallowedAndTheSecondThrows) {
    End end;
    Deferred<int> deferred;
    end.watch(deferred);
    deferred.cancel();
    EXPECT_NO_THROW(deferred.callback(1));
    EXPECT_THROW(deferred.callback(2), AlreadyCalledError);
    EXPECT_EQ(end.times, 1);
}

TEST_F(WithoutCanceller, aLateFailureIsSwallowedToo) {
    Deferred<int> deferred;
    deferred.addErrback([](const Failure&) { return 0; });
    deferred.cancel();
    EXPECT_NO_THROW(deferred.errback(Boom()));
    EXPECT_THROW(deferred.errback(Boom()), AlreadyCalledError);
    EXPECT_TRUE(messages().empty());
}

TEST_F(WithoutCanceller, cancellingTwiceSwallowsOnlyOne) {
    Deferred<int> deferred;
    deferred.addErrback([](const Failure&) { return 0; });
    deferred.cancel();
    deferred.cancel();
    EXPECT_NO_THROW(deferred.callback(1));
    EXPECT_THROW(deferred.callback(2), AlreadyCalledError);
}

TEST_F(Waiting, theCancelGoesToTheInnerDeferred) {
    int outerAsked = 0;
    int innerAsked = 0;
    End end;
    Deferred<int> inner([&](Deferred<int>&) { ++innerAsked; });
    Deferred<int> outer([&](Deferred<int>&) { ++outerAsked; });
    end.watch(outer.addCallback([&](int) { return inner; }));
    outer.callback(1);
    outer.cancel();
    EXPECT_EQ(innerAsked, 1);
    EXPECT_EQ(outerAsked, 0);
    EXPECT_TRUE(end.cancelled);
}

TEST_F(Waiting, theCancelGoesThroughAllLevels) {
    End end;
    Deferred<int> innermost([](Deferred<int>& asked) { asked.callback(9); });
    Deferred<int> middle = succeed(1).addCallback([&](int) { return innermost; });
    Deferred<int> outer = succeed(1).addCallback([&](int) { return middle; });
    end.watch(outer);
    outer.cancel();
    EXPECT_EQ(end.value, 9);
}

TEST_F(Waiting, forADeferredThatIsGoneEndsByCancel) {
    End end;
    Deferred<int> outer = succeed(1).addCallback([](int) { return Deferred<int>(); });
    EXPECT_FALSE(outer.isReady());
    end.watch(outer);
    EXPECT_EQ(end.times, 0);
    outer.cancel();
    EXPECT_TRUE(end.cancelled);
}

TEST_F(Fired, cancellingHasNoEffect) {
    int asked = 0;
    End end;
    Deferred<int> deferred([&](Deferred<int>&) { ++asked; });
    deferred.callback(1);
    deferred.cancel();
    end.watch(deferred);
    EXPECT_EQ(asked, 0);
    EXPECT_EQ(end.value, 1);
    EXPECT_THROW(deferred.callback(2), AlreadyCalledError);
}

TEST_F(TypeChange, cancellingTheNewOneAsksTheOldOne) {
    int asked = 0;
    Deferred<int> number([&](Deferred<int>&) { ++asked; });
    bool cancelled = false;
    auto text = number.addCallback([](int value) { return std::to_string(value); })
                    .addCallback([](const std::string& value) { return value.size(); })
                    .addErrback([&](const Failure& failure) {
                        cancelled = failure.check<CancelledError>();
                        return std::size_t{0};
                    });
    text.cancel();
    EXPECT_EQ(asked, 1);
    EXPECT_TRUE(cancelled);
}

TEST_F(TypeChange, cancellingTheNewOneReachesWhatTheOldOneWaitsFor) {
    int asked = 0;
    Deferred<int> inner([&](Deferred<int>&) { ++asked; });
    Deferred<int> number = succeed(1).addCallback([&](int) { return inner; });
    auto text = number.addCallback([](int value) { return std::to_string(value); });
    text.addErrback([](const Failure&) { return std::string(); });
    text.cancel();
    EXPECT_EQ(asked, 1);
    EXPECT_TRUE(text.isReady());
}

TEST_F(TypeChange, theOldHandleCanStillCancel) {
    Deferred<int> number;
    bool cancelled = false;
    number.addCallback([](int value) { return std::to_string(value); })
        .addErrback([&](const Failure& failure) {
            cancelled = failure.check<CancelledError>();
            return std::string();
        });
    number.cancel();
    EXPECT_TRUE(cancelled);
    EXPECT_NO_THROW(number.callback(1));
    EXPECT_THROW(number.callback(2), AlreadyCalledError);
}

}  // namespace
}  // namespace wring
