#include <wring/deferred/deferred_list.hpp>

#include <wring/deferred/start.hpp>
#include <wring/tests/deferred/ends.hpp>
#include <wring/tests/deferred/support.hpp>

#include <gmock/gmock.h>
#include <memory>

namespace wring {
namespace {

using testing::Boom;
using ::testing::ElementsAre;
using testing::endOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A list that shows what it fired with as text: "1", "boom", "2" for each input.
class DeferredListBase : public testing::QuietTest {
 protected:
    using Texts = std::vector<std::string>;

    static std::string text(const Result<int>& result) {
        return result ? std::to_string(*result) : result.error().getErrorMessage();
    }
    static Texts texts(const std::vector<Result<int>>& results) {
        Texts all;
        for (const Result<int>& each : results) all.push_back(text(each));
        return all;
    }
    std::vector<Deferred<int>> both() const { return {a_, b_}; }

    /// Makes the list of the two inputs and keeps what it fires with.
    DeferredList<int> listen(DeferredListOptions options = {}) { return listenTo(both(), options); }
    DeferredList<int> listenTo(std::vector<Deferred<int>> inputs,
                               DeferredListOptions options = {}) {
        DeferredList<int> list(std::move(inputs), options);
        list.addCallback([this](std::vector<Result<int>> results) {
            fired_ = texts(results);
            ++timesFired_;
            return results;
        });
        return list;
    }

    Deferred<int> a_;
    Deferred<int> b_;
    Texts fired_;
    int timesFired_ = 0;
};

class DeferredListTest : public DeferredListBase {};
class DeferredListErrorsTest : public DeferredListBase {};
class DeferredListCancelTest : public DeferredListBase {};

TEST_F(DeferredListTest, givesAllResultsInTheOrderOfTheInputsWhenTheLastOneHasCome) {
    listen();
    b_.callback(2);
    EXPECT_EQ(timesFired_, 0);
    a_.callback(1);
    EXPECT_THAT(fired_, ElementsAre("1", "2"));
}

TEST_F(DeferredListTest, failuresAreResultsLikeAnyOther) {
    DeferredList<int> list = listen(DeferredListOptions().consumeErrors());
    a_.errback(Boom("first"));
    b_.callback(2);
    EXPECT_THAT(fired_, ElementsAre("first", "2"));
    EXPECT_EQ(endOf(list), "value");
}

TEST_F(DeferredListTest, ofFailuresAloneSucceeds) {
    DeferredList<int> list = listen(DeferredListOptions().consumeErrors());
    b_.errback(Boom("b"));
    a_.errback(Boom("a"));
    EXPECT_THAT(fired_, ElementsAre("a", "b"));
    EXPECT_EQ(endOf(list), "value");
}

TEST_F(DeferredListTest, takesInputsThatHaveFiredIntoAccountAtOnce) {
    listenTo({succeed(4), succeed(5)});
    EXPECT_THAT(fired_, ElementsAre("4", "5"));
}

TEST_F(DeferredListTest, ofNothingFiresAtOnceWithNothing) {
    listenTo({});
    EXPECT_EQ(timesFired_, 1);
    EXPECT_THAT(fired_, IsEmpty());
}

TEST_F(DeferredListTest, ofNothingFiresAtOnceWithFireOnOneErrbackToo) {
    listenTo({}, DeferredListOptions().fireOnOneErrback());
    EXPECT_EQ(timesFired_, 1);
}

TEST_F(DeferredListTest, laterChangesToTheCallersVectorDoNotMatter) {
    std::vector<Deferred<int>> inputs = both();
    listenTo(inputs);
    inputs.clear();
    a_.callback(1);
    b_.callback(2);
    EXPECT_THAT(fired_, ElementsAre("1", "2"));
}

TEST_F(DeferredListTest, aValueThatCanBeCopiedPassesThroughToLaterCallbacks) {
    listen();
    a_.callback(1);
    int seen = 0;
    a_.addCallback([&](int value) { return seen = value; });
    b_.callback(2);
    EXPECT_EQ(seen, 1);
    EXPECT_THAT(fired_, ElementsAre("1", "2"));
}

TEST_F(DeferredListTest, callbacksThatWereAddedBeforeItCountAndLaterOnesDoNot) {
    a_.addCallback([](int value) { return 10 * value; });
    listen();
    a_.addCallback([](int value) { return value + 1; });
    a_.callback(1);
    b_.callback(2);
    EXPECT_THAT(fired_, ElementsAre("10", "2"));
}

TEST_F(DeferredListTest, waitsForTheDeferredThatAnInputWaitsFor) {
    Deferred<int> inner;
    a_.addCallback([inner](int) { return inner; });
    listen();
    a_.callback(1);
    b_.callback(2);
    EXPECT_EQ(timesFired_, 0);
    inner.callback(7);
    EXPECT_THAT(fired_, ElementsAre("7", "2"));
}

TEST_F(DeferredListTest, waitsForAnInputThatIsPaused) {
    listen();
    a_.pause();
    a_.callback(1);
    b_.callback(2);
    EXPECT_EQ(timesFired_, 0);
    a_.unpause();
    EXPECT_THAT(fired_, ElementsAre("1", "2"));
}

TEST_F(DeferredListTest, theSameInputTwiceCountsTwice) {
    listenTo({a_, a_});
    a_.callback(3);
    EXPECT_THAT(fired_, ElementsAre("3", "3"));
}

TEST_F(DeferredListTest, twoListsOfTheSameInputsBothFire) {
    listen();
    listen();
    a_.callback(1);
    b_.callback(2);
    EXPECT_EQ(timesFired_, 2);
    EXPECT_THAT(fired_, ElementsAre("1", "2"));
}

TEST_F(DeferredListTest, aValueThatCanOnlyBeMovedGoesToTheList) {
    Deferred<std::unique_ptr<int>> input;
    int seen = 0;
    DeferredList<std::unique_ptr<int>>(std::vector{input})
        .addCallback([&](std::vector<Result<std::unique_ptr<int>>> all) { seen = **all.front(); });
    input.callback(std::make_unique<int>(6));
    EXPECT_EQ(seen, 6);
    EXPECT_EQ(endOf(input), "AlreadyAwaitedError");
    EXPECT_THAT(messages(), IsEmpty());
}

TEST_F(DeferredListTest, aValueWhoseCopyThrowsIsAFailureInTheListAndStaysInItsInput) {
    struct Fragile {
        Fragile() = default;
        Fragile(Fragile&&) = default;
        Fragile(const Fragile&) { throw Boom("no copy"); }
    };
    Deferred<Fragile> input;
    std::string seen;
    DeferredList<Fragile>(std::vector{input}).addCallback([&](std::vector<Result<Fragile>> all) {
        seen = all.front().error().getErrorMessage();
    });
    input.callback(Fragile());
    EXPECT_EQ(seen, "no copy");
    EXPECT_EQ(endOf(input), "value");
}

TEST_F(DeferredListTest, ofVoidTellsWhoSucceeded) {
    std::vector<Deferred<>> inputs(2);
    std::vector<bool> seen;
    DeferredList<void>(inputs, DeferredListOptions().consumeErrors())
        .addCallback([&](std::vector<Result<void>> all) {
            for (const auto& each : all) seen.push_back(each.has_value());
        });
    inputs[0].callback();
    inputs[1].errback(Boom());
    EXPECT_THAT(seen, ElementsAre(true, false));
}

TEST_F(DeferredListTest, firesInsideTheCallThatFiresTheLastInputBeforeLaterCallbacksOfThat) {
    Texts order;
    DeferredList<int>(std::vector{a_}).addCallback([&](std::vector<Result<int>> all) {
        order.push_back("list");
        return all;
    });
    a_.addCallback([&](int value) {
        order.push_back("later");
        return value;
    });
    a_.callback(1);
    EXPECT_THAT(order, ElementsAre("list", "later"));
}

TEST_F(DeferredListTest, canBeAwaited) {
    struct Body {
        static Deferred<int> sum(std::vector<Deferred<int>> inputs) {
            auto results = co_await DeferredList<int>(std::move(inputs));
            int all = 0;
            for (Result<int>& each : results) all += *each;
            co_return all;
        }
    };
    Deferred<int> sum = Body::sum(both());
    a_.callback(3);
    b_.callback(4);
    int seen = 0;
    sum.addCallback([&](int value) { return seen = value; });
    EXPECT_EQ(seen, 7);
}

TEST_F(DeferredListTest, whoIsWokenMayAwaitTheInputsToo) {
    struct Body {
        static Deferred<int> takeAfter(std::vector<Deferred<int>> inputs) {
            auto results = co_await DeferredList<int>(inputs);
            int again = co_await inputs.back();
            co_return *results.back() + again;
        }
    };
    Deferred<int> sum = Body::takeAfter(both());
    a_.callback(3);
    b_.callback(4);
    int seen = 0;
    sum.addCallback([&](int value) { return seen = value; });
    EXPECT_EQ(seen, 8);
}

TEST_F(DeferredListTest, whoItFiresMayLetGoOfEverything) {
    auto inputs = std::make_unique<std::vector<Deferred<int>>>(both());
    a_ = b_ = Deferred<int>();
    bool hasFired = false;
    DeferredList<int>(*inputs).addCallback([&](std::vector<Result<int>> all) {
        hasFired = true;
        inputs.reset();
        return all;
    });
    Deferred<int> last = inputs->back();
    inputs->front().callback(1);
    last.callback(2);
    EXPECT_TRUE(hasFired);
    EXPECT_EQ(inputs, nullptr);
}

TEST_F(DeferredListTest, inputsThatNeverFireAreFreedWithTheirLastHandle) {
    auto resource = std::make_shared<int>(0);
    a_.addCallback([resource](int value) { return value; });
    DeferredList<int> list = listen();
    a_ = b_ = Deferred<int>();
    EXPECT_EQ(resource.use_count(), 1);
    EXPECT_FALSE(list.called());
}

TEST_F(DeferredListErrorsTest, aFailureStaysInItsInputAndIsReportedIfNobodyHandlesIt) {
    listen();
    a_.errback(Boom("mine"));
    b_.callback(2);
    EXPECT_THAT(fired_, ElementsAre("mine", "2"));
    a_ = Deferred<int>();
    EXPECT_THAT(messages(), ElementsAre(HasSubstr("mine")));
}

TEST_F(DeferredListErrorsTest, consumedLeavesNothingToReport) {
    listen(DeferredListOptions().consumeErrors());
    a_.errback(Boom("mine"));
    b_.callback(2);
    EXPECT_EQ(endOf(a_), "AlreadyAwaitedError");
    a_ = Deferred<int>();
    EXPECT_THAT(messages(), IsEmpty());
}

TEST_F(DeferredListErrorsTest, consumedThereIsNothingForLaterCallbacksOfVoid) {
    Deferred<> input;
    DeferredList<void>(std::vector{input}, DeferredListOptions().consumeErrors());
    input.errback(Boom());
    EXPECT_EQ(endOf(input), "value");
}

TEST_F(DeferredListErrorsTest, fireOnOneErrbackFailsWithFirstErrorAtTheFirstFailure) {
    DeferredList<int> list = listen(DeferredListOptions().fireOnOneErrback().consumeErrors());
    b_.errback(Boom("b"));
    EXPECT_EQ(endOf(list), "FirstError[#1, b]");
    EXPECT_FALSE(a_.called()) << "the others are not cancelled";
    a_.errback(Boom("late"));
    a_ = Deferred<int>();
    EXPECT_THAT(messages(), IsEmpty()) << "a late failure is consumed, too";
}

TEST_F(DeferredListErrorsTest, fireOnOneErrbackWithoutConsumingLeavesTheFailureInBothPlaces) {
    DeferredList<int> list = listen(DeferredListOptions().fireOnOneErrback());
    a_.errback(Boom("a"));
    EXPECT_EQ(endOf(list), "FirstError[#0, a]");
    EXPECT_THAT(endOf(a_), HasSubstr("Boom"));
}

TEST_F(DeferredListErrorsTest, fireOnOneErrbackGivesTheWholeListWhenAllSucceed) {
    listen(DeferredListOptions().fireOnOneErrback());
    a_.callback(1);
    b_.callback(2);
    EXPECT_THAT(fired_, ElementsAre("1", "2"));
}

TEST_F(DeferredListErrorsTest, fireOnOneErrbackSeesAFailureThatIsThereAlready) {
    DeferredList<int> list = listenTo({a_, fail<int>(Boom("old"))},
                                      DeferredListOptions().fireOnOneErrback().consumeErrors());
    EXPECT_EQ(endOf(list), "FirstError[#1, old]");
}

TEST_F(DeferredListErrorsTest, firstErrorsAreEqualWhenPositionAndFailureAre) {
    FirstError one(Failure(Boom("x")), 1);
    EXPECT_EQ(one, FirstError(Failure(Boom("x")), 1));
    EXPECT_FALSE(one == FirstError(Failure(Boom("x")), 2));
    EXPECT_FALSE(one == FirstError(Failure(Boom("y")), 1));
    EXPECT_FALSE(one == FirstError(Failure(std::logic_error("x")), 1));
    EXPECT_FALSE(FirstError(Failure::of<CancelledError>(1), 1) ==
                 FirstError(Failure::of<CancelledError>(2), 1));
}

/// What the cancellers of two inputs do, and what a list of them gives when it is cancelled.
struct CancelCase {
    std::string name;
    void (*first)(Deferred<int>&);
    void (*second)(Deferred<int>&);
    std::vector<std::string> expected;
    std::size_t logged;
};

void stay(Deferred<int>&) {}
void giveNine(Deferred<int>& asked) { asked.callback(9); }
void failAsBoom(Deferred<int>& asked) { asked.errback(Boom("asked")); }
void throwBoom(Deferred<int>&) { throw Boom("canceller"); }

const std::string cancelledText = errorText(CancelledError::errorClass(), 0);

class DeferredListCancellersTest : public DeferredListBase,
                                   public ::testing::WithParamInterface<CancelCase> {};

TEST_P(DeferredListCancellersTest, theInputsAnswersDecide) {
    int asked = 0;
    const CancelCase& given = GetParam();
    a_ = Deferred<int>([&](Deferred<int>& self) { ++asked, given.first(self); });
    b_ = Deferred<int>([&](Deferred<int>& self) { ++asked, given.second(self); });
    DeferredList<int> list = listen(DeferredListOptions().consumeErrors());
    list.cancel();
    EXPECT_EQ(asked, 2);
    EXPECT_EQ(fired_, given.expected);
    EXPECT_EQ(messages().size(), given.logged);
    if (!list.called()) a_.callback(0);
}

INSTANTIATE_TEST_SUITE_P(
    Cancellers, DeferredListCancellersTest,
    ::testing::Values(CancelCase{"bothFail", stay, stay, {cancelledText, cancelledText}, 0},
                      CancelCase{"bothSucceed", giveNine, giveNine, {"9", "9"}, 0},
                      CancelCase{"oneFailsItsOwnWay", failAsBoom, giveNine, {"asked", "9"}, 0},
                      CancelCase{"oneThrowsAndDoesNotEnd", throwBoom, stay, {}, 1}),
    [](const auto& each) { return each.param.name; });

TEST_F(DeferredListCancelTest, withFireOnOneErrbackGivesFirstErrorOfTheFirstToFail) {
    DeferredList<int> list = listen(DeferredListOptions().fireOnOneErrback().consumeErrors());
    list.cancel();
    EXPECT_TRUE(b_.called()) << "the second is cancelled although the list has failed by then";
    EXPECT_EQ(endOf(list), "FirstError[#0, " + cancelledText + "]");
}

TEST_F(DeferredListCancelTest, waitsForInputsThatTakeTheirTimeToEnd) {
    Deferred<int> cleanUp;
    a_.addErrback([&](const Failure&) { return cleanUp; });
    DeferredList<int> list = listen(DeferredListOptions().consumeErrors());
    list.cancel();
    EXPECT_FALSE(list.called());
    cleanUp.callback(5);
    EXPECT_THAT(fired_, ElementsAre("5", cancelledText));
}

TEST_F(DeferredListCancelTest, asksAgainThoseThatSurvived) {
    Deferred<int> cleanUp;
    a_.addErrback([&](const Failure&) { return cleanUp; });
    DeferredList<int> list = listen(DeferredListOptions().consumeErrors());
    list.cancel();
    list.cancel();
    EXPECT_TRUE(cleanUp.called());
    EXPECT_THAT(fired_, ElementsAre(cancelledText, cancelledText));
}

TEST_F(DeferredListCancelTest, afterItHasFiredDoesNothing) {
    DeferredList<int> list = listen(DeferredListOptions().fireOnOneErrback().consumeErrors());
    a_.errback(Boom("a"));
    list.cancel();
    EXPECT_FALSE(b_.called());
    EXPECT_EQ(endOf(list), "FirstError[#0, a]");
}

TEST_F(DeferredListCancelTest, ofInputsThatAreGoneEndsItAsCancelled) {
    DeferredList<int> list = listen();
    a_ = b_ = Deferred<int>();
    list.cancel();
    EXPECT_EQ(endOf(list), "CancelledError");
}

TEST_F(DeferredListCancelTest, theCancelOfACoroutineThatAwaitsItReachesTheInputs) {
    struct Body {
        static Deferred<> wait(std::vector<Deferred<int>> inputs, DeferredListOptions options) {
            co_await DeferredList<int>(std::move(inputs), options);
        }
    };
    Deferred<> waiting = Body::wait(both(), DeferredListOptions().consumeErrors());
    waiting.cancel();
    EXPECT_TRUE(a_.called());
    EXPECT_TRUE(b_.called());
    EXPECT_EQ(endOf(waiting), "value") << "in this mode cancelled inputs are results";
}

/// fireOnOneCallback() of the two inputs.
class FireOnOneCallbackTest : public DeferredListBase {
 protected:
    Deferred<FirstSuccess<int>> listenForOne(DeferredListOptions options = {}) {
        return fireOnOneCallback(both(), options).addCallback([this](FirstSuccess<int> one) {
            ++timesFired_;
            index_ = one.index;
            first_ = text(one.first);
            fired_ = texts(one.results);
            return one;
        });
    }
    std::size_t index_ = 99;
    std::string first_;
};

TEST_F(FireOnOneCallbackTest, givesTheFirstSuccessAndWhoItWas) {
    listenForOne();
    b_.callback(2);
    EXPECT_EQ(index_, 1u);
    EXPECT_EQ(first_, "2");
    EXPECT_THAT(fired_, IsEmpty());
    EXPECT_FALSE(a_.called());
}

TEST_F(FireOnOneCallbackTest, aFailureIsNotASuccess) {
    listenForOne(DeferredListOptions().consumeErrors());
    a_.errback(Boom());
    EXPECT_EQ(timesFired_, 0);
    b_.callback(2);
    EXPECT_EQ(first_, "2");
}

TEST_F(FireOnOneCallbackTest, givesAllResultsWhenAllFail) {
    listenForOne(DeferredListOptions().consumeErrors());
    b_.errback(Boom("b"));
    a_.errback(Boom("a"));
    EXPECT_THAT(fired_, ElementsAre("a", "b"));
    EXPECT_EQ(first_, "a") << "the last one to fail";
    EXPECT_EQ(index_, 0u);
}

TEST_F(FireOnOneCallbackTest, ofNothingNeverFiresUnlessCancelled) {
    auto one = fireOnOneCallback(std::vector<Deferred<int>>());
    EXPECT_FALSE(one.called());
    one.cancel();
    EXPECT_EQ(endOf(one), "CancelledError");
}

TEST_F(FireOnOneCallbackTest, lateResultsStayInTheirInputs) {
    listenForOne();
    a_.callback(1);
    b_.errback(Boom());
    EXPECT_EQ(timesFired_, 1);
    EXPECT_THAT(endOf(b_), HasSubstr("Boom"));
}

TEST_F(FireOnOneCallbackTest, withFireOnOneErrbackTheFirstResultDecides) {
    auto one = listenForOne(DeferredListOptions().fireOnOneErrback().consumeErrors());
    b_.errback(Boom("b"));
    EXPECT_EQ(endOf(one), "FirstError[#1, b]");
}

TEST_F(FireOnOneCallbackTest, cancelledAfterTheFirstSuccessLeavesTheOthersAlone) {
    auto one = listenForOne();
    a_.callback(1);
    one.cancel();
    EXPECT_FALSE(b_.called());
    EXPECT_EQ(first_, "1");
}

TEST_F(FireOnOneCallbackTest, cancelledWhileWaitingItCancelsEveryInput) {
    listenForOne(DeferredListOptions().consumeErrors()).cancel();
    EXPECT_TRUE(a_.called());
    EXPECT_THAT(fired_, ElementsAre(cancelledText, cancelledText));
}

TEST_F(FireOnOneCallbackTest, aLateValueThatCanOnlyBeMovedStaysInItsInput) {
    std::vector<Deferred<std::unique_ptr<int>>> inputs(2);
    auto one = fireOnOneCallback(inputs);
    inputs[0].callback(std::make_unique<int>(1));
    inputs[1].callback(std::make_unique<int>(2));
    EXPECT_EQ(endOf(inputs[0]), "AlreadyAwaitedError");
    EXPECT_EQ(endOf(inputs[1]), "value");
    EXPECT_EQ(endOf(one), "value");
}

}  // namespace
}  // namespace wring
