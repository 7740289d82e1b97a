#include <wring/deferred/deferred.hpp>
#include <wring/tests/deferred/support.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using testing::Boom;
using ::testing::ElementsAre;

using Firing = testing::QuietTest;
using Adding = testing::QuietTest;
using Running = testing::QuietTest;
using TypeChange = testing::QuietTest;
using Pausing = testing::QuietTest;
using Lifetime = testing::QuietTest;
using PausingDeathTest = testing::QuietTest;

TEST_F(Firing, aNewOneHasNoResult) {
    Deferred<int> deferred;
    EXPECT_FALSE(deferred.called());
    EXPECT_FALSE(deferred.isReady());
}

TEST_F(Firing, callbackRunsTheCallbackWithTheValueBeforeItReturns) {
    Deferred<int> deferred;
    int seen = 0;
    deferred.addCallback([&](int value) { return seen = value; });
    deferred.callback(7);
    EXPECT_EQ(seen, 7);
    EXPECT_TRUE(deferred.called());
    EXPECT_TRUE(deferred.isReady());
}

TEST_F(Firing, errbackRunsTheErrbackWithTheFailure) {
    Deferred<int> deferred;
    std::string seen;
    deferred.addErrback([&](const Failure& failure) {
        seen = failure.getErrorMessage();
        return 0;
    });
    deferred.errback(Boom("it broke"));
    EXPECT_EQ(seen, "it broke");
}

TEST_F(Firing, callbackWithAFailureIsErrback) {
    Deferred<int> deferred;
    bool failed = false;
    deferred.addErrback([&](const Failure& failure) {
        failed = failure.check<TimeoutError>();
        return 0;
    });
    deferred.callback(Failure::of<TimeoutError>());
    EXPECT_TRUE(failed);
}

TEST_F(Firing, callbackAcceptsAResult) {
    Deferred<int> deferred;
    int seen = 0;
    deferred.addCallback([&](int value) { return seen = value; });
    deferred.callback(Result<int>(3));
    EXPECT_EQ(seen, 3);
}

TEST_F(Firing, theSecondFiringThrowsAndLeavesTheChainAlone) {
    Deferred<int> deferred;
    std::vector<int> seen;
    deferred.callback(1);
    EXPECT_THROW(deferred.callback(2), AlreadyCalledError);
    EXPECT_THROW(deferred.errback(Boom()), AlreadyCalledError);
    deferred.addCallback([&](int value) {
        seen.push_back(value);
        return value;
    });
    EXPECT_THAT(seen, ElementsAre(1));
}

TEST_F(Firing, firingFromWithinACallbackThrowsToo) {
    Deferred<int> deferred;
    bool threw = false;
    deferred.addCallback([&, weak = &deferred](int value) {
        try {
            weak->callback(2);
        } catch (const AlreadyCalledError&) {
            threw = true;
        }
        return value;
    });
    deferred.callback(1);
    EXPECT_TRUE(threw);
}

TEST_F(Firing, succeedAndFailGiveFiredOnes) {
    int value = 0;
    succeed(4).addCallback([&](int got) { return value = got; });
    EXPECT_EQ(value, 4);
    EXPECT_TRUE(succeed().isReady());
    bool failed = false;
    fail<int>(Boom()).addErrback([&](const Failure& failure) {
        failed = failure.check<Boom>();
        return 0;
    });
    EXPECT_TRUE(failed);
}

TEST_F(Firing, handlesOfOneStateAreEqual) {
    Deferred<int> one;
    Deferred<int> other;
    Deferred<int> copy = one;
    EXPECT_EQ(one, copy);
    EXPECT_NE(one, other);
    copy.callback(1);
    EXPECT_TRUE(one.called());
}

TEST_F(Adding, keepingTheTypeReturnsTheSameDeferred) {
    Deferred<int> deferred;
    EXPECT_EQ(deferred.addCallback([](int value) { return value; }), deferred);
    EXPECT_EQ(deferred.addErrback([](const Failure& failure) { return failure; }), deferred);
    EXPECT_EQ(deferred.addBoth([](Result<int> result) { return result; }), deferred);
    EXPECT_EQ(deferred.addCallbacks([](int value) { return value; },
                                    [](const Failure&) { return 0; }),
              deferred);
}

TEST_F(Adding, toAFiredOneRunsAtOnce) {
    Deferred<int> deferred = succeed(1);
    int seen = 0;
    deferred.addCallback([&](int value) { return seen = value; });
    EXPECT_EQ(seen, 1);
}

TEST_F(Adding, fromWithinACallbackRunsAfterItAtTheEndOfTheChain) {
    Deferred<int> deferred;
    std::vector<std::string> order;
    deferred.addCallback([&, raw = &deferred](int value) {
        raw->addCallback([&](int inner) {
            order.push_back("added");
            return inner;
        });
        order.push_back("first");
        return value;
    });
    deferred.addCallback([&](int value) {
        order.push_back("second");
        return value;
    });
    deferred.callback(1);
    EXPECT_THAT(order, ElementsAre("first", "second", "added"));
}

TEST_F(Adding, extraArgumentsFollowTheResult) {
    std::string seen;
    auto note = [&](int value, const std::string& text, int number) {
        seen = std::to_string(value) + text + std::to_string(number);
        return value;
    };
    succeed(1).addCallback(note, std::string("-"), 2);
    EXPECT_EQ(seen, "1-2");
    auto noteFailure = [&](const Failure& failure, const char* text) {
        seen = failure.getErrorMessage() + text;
        return 0;
    };
    fail<int>(Boom()).addErrback(noteFailure, "!");
    EXPECT_EQ(seen, "boom!");
    auto noteBoth = [&](Result<int> result, int number) {
        seen = std::to_string(*result + number);
        return result;
    };
    succeed(1).addBoth(noteBoth, 41);
    EXPECT_EQ(seen, "42");
}

TEST_F(Adding, extraArgumentsMayBeMoveOnly) {
    int seen = 0;
    auto note = [&](int value, std::unique_ptr<int>& extra) { return seen = value + *extra; };
    succeed(1).addCallback(note, std::make_unique<int>(2));
    EXPECT_EQ(seen, 3);
}

TEST_F(Running, eachCallbackGetsWhatTheOneBeforeReturned) {
    int seen = 0;
    succeed(1)
        .addCallback([](int value) { return value + 1; })
        .addCallback([](int value) { return value * 10; })
        .addCallback([&](int value) { return seen = value; });
    EXPECT_EQ(seen, 20);
}

TEST_F(Running, aThrownExceptionGoesToTheNextErrback) {
    std::vector<std::string> order;
    succeed(1)
        .addCallback([](int value) -> int {
            if (value == 1) throw Boom("thrown");
            return value;
        })
        .addCallback([&](int value) {
            order.push_back("not reached");
            return value;
        })
        .addErrback([&](const Failure& failure) {
            order.push_back(failure.getErrorMessage());
            return 5;
        })
        .addCallback([&](int value) {
            order.push_back(std::to_string(value));
            return value;
        });
    EXPECT_THAT(order, ElementsAre("thrown", "5"));
}

TEST_F(Running, aReturnedFailureGoesToTheNextErrback) {
    bool failed = false;
    succeed(1)
        .addCallback([](int) { return Failure(Boom()); })
        .addErrback([&](const Failure& failure) {
            failed = failure.check<Boom>();
            return 0;
        });
    EXPECT_TRUE(failed);
}

TEST_F(Running, anErrbackMayReturnItsFailure) {
    int seen = 0;
    fail<int>(Boom())
        .addErrback([&](const Failure& failure) {
            ++seen;
            return failure;
        })
        .addErrback([&](const Failure&) { return ++seen; });
    EXPECT_EQ(seen, 2);
}

TEST_F(Running, anErrbackMayRaiseItsFailureWithTrap) {
    bool second = false;
    fail<int>(Boom())
        .addErrback([](const Failure& failure) {
            failure.trap<TimeoutError>();
            return 1;
        })
        .addErrback([&](const Failure& failure) {
            second = failure.check<Boom>();
            return 1;
        });
    EXPECT_TRUE(second);
}

TEST_F(Running, oneHalfOfAPairNeverSeesWhatTheOtherThrew) {
    bool samePair = false;
    bool nextPair = false;
    succeed(1)
        .addCallbacks([](int) -> int { throw Boom(); },
                      [&](const Failure&) {
                          samePair = true;
                          return 0;
                      })
        .addErrback([&](const Failure&) {
            nextPair = true;
            return 0;
        });
    EXPECT_FALSE(samePair);
    EXPECT_TRUE(nextPair);
}

TEST_F(Running, addBothSeesValuesAndFailures) {
    std::vector<bool> seen;
    auto note = [&](Result<int> result) {
        seen.push_back(result.has_value());
        return 1;
    };
    succeed(1).addBoth(note);
    fail<int>(Boom()).addBoth(note);
    EXPECT_THAT(seen, ElementsAre(true, false));
}

TEST_F(Running, anErrbackOfVoidThatReturnsNothingContinuesOnTheCallbackSide) {
    bool went = false;
    fail(Boom()).addErrback([](const Failure&) {}).addCallback([&] { went = true; });
    EXPECT_TRUE(went);
}

TEST_F(Running, addBothMayReturnNothing) {
    bool went = false;
    fail<int>(Boom()).addBoth([](Result<int>) {}).addCallback([&] { went = true; });
    EXPECT_TRUE(went);
}

TEST_F(Running, valuesNeedNotBeCopyable) {
    Deferred<std::unique_ptr<int>> deferred;
    int seen = 0;
    deferred
        .addErrback([](const Failure&) { return std::make_unique<int>(0); })
        .addBoth([](Result<std::unique_ptr<int>> result) { return result; })
        .addCallback([](std::unique_ptr<int> value) {
            ++*value;
            return value;
        })
        .addCallback([&](std::unique_ptr<int> value) { seen = *value; });
    deferred.callback(std::make_unique<int>(1));
    EXPECT_EQ(seen, 2);
}

TEST_F(Running, aHundredThousandLinksUseTheStackOfOne) {
    Deferred<int> deferred;
    testing::StackDepth depth;
    for (int i = 0; i < 100'000; ++i) {
        deferred.addCallback([&](int value) {
            depth.note();
            return value + 1;
        });
    }
    int seen = 0;
    deferred.addCallback([&](int value) { return seen = value; });
    deferred.callback(0);
    EXPECT_EQ(seen, 100'000);
    EXPECT_LT(depth.bytes(), 1024u);
}

TEST_F(TypeChange, movesTheChainIntoANewDeferred) {
    Deferred<int> number;
    Deferred<std::string> text = number.addCallback([](int value) { return std::to_string(value); });
    EXPECT_FALSE(text.called());
    number.callback(5);
    std::string seen;
    text.addCallback([&](const std::string& value) { return seen = value; });
    EXPECT_EQ(seen, "5");
}

TEST_F(TypeChange, passesFailuresThrough) {
    bool failed = false;
    fail<int>(Boom())
        .addCallback([](int) { return std::string("not reached"); })
        .addErrback([&](const Failure& failure) {
            failed = failure.check<Boom>();
            return std::string();
        });
    EXPECT_TRUE(failed);
}

TEST_F(TypeChange, acceptsADeferredOfTheOtherType) {
    Deferred<std::string> inner;
    std::string seen;
    succeed(1)
        .addCallback([&](int) { return inner; })
        .addCallback([&](const std::string& value) { return seen = value; });
    EXPECT_EQ(seen, "");
    inner.callback(std::string("late"));
    EXPECT_EQ(seen, "late");
}

TEST_F(TypeChange, toVoidAndBack) {
    int seen = 0;
    succeed(1).addCallback([](int) {}).addCallback([] { return 3; }).addCallback([&](int value) {
        return seen = value;
    });
    EXPECT_EQ(seen, 3);
}

TEST_F(TypeChange, firingTheNewOneDirectlyBeatsTheChain) {
    Deferred<int> number;
    Deferred<std::string> text = number.addCallback([](int value) { return std::to_string(value); });
    std::vector<std::string> seen;
    text.addCallback([&](const std::string& value) {
        seen.push_back(value);
        return value;
    });
    text.callback(std::string("own"));
    number.callback(1);
    EXPECT_THAT(seen, ElementsAre("own"));
}

TEST_F(TypeChange, ofAResultThatWasMovedOnFailsInsteadOfHanging) {
    Deferred<int> number = succeed(1);
    number.addCallback([](int) { return std::string(); });
    bool failed = false;
    number.addCallback([](int) { return std::string(); }).addErrback([&](const Failure& failure) {
        failed = failure.check<AlreadyAwaitedError>();
        return std::string();
    });
    EXPECT_TRUE(failed);
}

TEST_F(TypeChange, chainsThatNeverFireAreFreedWithTheirSource) {
    Deferred<std::string> text = Deferred<int>().addCallback([](int) { return std::string(); });
    EXPECT_FALSE(text.called());
    text.cancel();
    EXPECT_TRUE(text.called());
    text.addErrback([](const Failure&) { return std::string(); });
}

TEST_F(Pausing, holdsCallbacksBackUntilUnpausedAsOften) {
    Deferred<int> deferred;
    int seen = 0;
    deferred.addCallback([&](int value) { return seen = value; });
    deferred.pause();
    deferred.pause();
    deferred.callback(1);
    EXPECT_TRUE(deferred.called());
    EXPECT_FALSE(deferred.isReady());
    deferred.unpause();
    EXPECT_EQ(seen, 0);
    deferred.unpause();
    EXPECT_EQ(seen, 1);
}

TEST_F(Pausing, unpausingBeforeTheResultIsThereRunsNothing) {
    Deferred<int> deferred;
    int seen = 0;
    deferred.addCallback([&](int value) { return seen = value; });
    deferred.pause();
    deferred.unpause();
    EXPECT_EQ(seen, 0);
    deferred.callback(1);
    EXPECT_EQ(seen, 1);
}

TEST_F(Pausing, fromWithinACallbackHoldsTheNextOne) {
    Deferred<int> deferred;
    int seen = 0;
    deferred.addCallback([raw = &deferred](int value) {
        raw->pause();
        return value;
    });
    deferred.addCallback([&](int value) { return seen = value; });
    deferred.callback(1);
    EXPECT_EQ(seen, 0);
    deferred.unpause();
    EXPECT_EQ(seen, 1);
}

TEST_F(PausingDeathTest, unpausingMoreOftenThanPausedEndsTheProcess) {
    EXPECT_DEATH(Deferred<int>().unpause(), "not paused");
    EXPECT_DEATH(
        {
            Deferred<int> inner;
            Deferred<int> waiting = succeed(1).addCallback([&](int) { return inner; });
            waiting.unpause();
        },
        "not paused");
}

TEST_F(Lifetime, aCallbackMayDestroyTheDeferredItRunsOn) {
    auto deferred = std::make_unique<Deferred<int>>();
    int seen = 0;
    deferred->addCallback([&](int value) {
        deferred.reset();
        return value + 1;
    });
    deferred->addCallback([&](int value) { return seen = value; });
    deferred->callback(1);
    EXPECT_EQ(seen, 2);
    EXPECT_FALSE(deferred);
}

TEST_F(Lifetime, aCallbackMayDestroyTheDeferredOfAnotherTypeItRunsOn) {
    auto deferred = std::make_unique<Deferred<int>>();
    std::string seen;
    deferred
        ->addCallback([&](int value) {
            deferred.reset();
            return std::to_string(value);
        })
        .addCallback([&](const std::string& value) { return seen = value; });
    deferred->callback(1);
    EXPECT_EQ(seen, "1");
}

TEST_F(Lifetime, firingMayDropTheLastHandleThroughTheCanceller) {
    struct Owner {
        Deferred<int> deferred;
    };
    auto owner = std::make_shared<Owner>();
    int seen = 0;
    owner->deferred = Deferred<int>([owner](Deferred<int>&) {});
    owner->deferred.addCallback([&](int value) { return seen = value; });
    Owner* raw = owner.get();
    owner.reset();
    raw->deferred.callback(1);
    EXPECT_EQ(seen, 1);
}

TEST_F(Lifetime, callbacksAreFreedWhenTheyHaveRun) {
    auto resource = std::make_shared<int>(1);
    Deferred<int> deferred;
    deferred.addCallback([resource](int value) { return value; });
    EXPECT_EQ(resource.use_count(), 2);
    deferred.callback(1);
    EXPECT_EQ(resource.use_count(), 1);
}

TEST_F(Lifetime, callbacksThatNeverRanAreFreedWithTheDeferred) {
    auto resource = std::make_shared<int>(1);
    {
        Deferred<int> deferred;
        deferred.addCallback([resource](int value) { return value; });
        deferred.addBoth([resource](Result<int>) {});
    }
    EXPECT_EQ(resource.use_count(), 1);
}

}  // namespace
}  // namespace wring
