#include <wring/deferred/functions.hpp>
#include <wring/tests/deferred/support.hpp>

#include <memory>

namespace wring {
namespace {

using testing::Boom;

using ModuleFunctions = testing::QuietTest;
using ChainDeferred = testing::QuietTest;
using TextForm = testing::QuietTest;

/// The failure's text, or the value as text.
template <class T>
std::string endOf(Deferred<T> deferred) {
    std::string end = "none";
    deferred.addBoth([&](Result<T> result) {
        if (!result) {
            end = result.error().getErrorMessage();
        } else if constexpr (std::is_void_v<T>) {
            end = "done";
        } else {
            end = std::to_string(*result);
        }
    });
    return end;
}

int half(int value) {
    if (value % 2 != 0) throw Boom("odd");
    return value / 2;
}
Task<int> halfLater(int value) { co_return half(value); }

TEST_F(ModuleFunctions, executeWrapsAValueOrAnException) {
    EXPECT_EQ(endOf(execute(half, 8)), "4");
    EXPECT_EQ(endOf(execute(half, 7)), "odd");
}

TEST_F(ModuleFunctions, executeOfNothingSucceeds) {
    int calls = 0;
    EXPECT_EQ(endOf(execute([&] { ++calls; })), "done");
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(endOf(execute([] { throw Boom("nothing"); })), "nothing");
}

TEST_F(ModuleFunctions, executeTakesADeferredForTheValue) {
    Deferred<int> inner;
    bool same = false;
    execute([&] { return inner; }).addCallback([&](Deferred<int> value) { same = value == inner; });
    EXPECT_TRUE(same);
    EXPECT_FALSE(inner.called());
}

TEST_F(ModuleFunctions, executeTakesWhatCanOnlyBeMoved) {
    int seen = 0;
    execute([](std::unique_ptr<int> given) { return given; }, std::make_unique<int>(5))
        .addCallback([&](std::unique_ptr<int> back) { seen = *back; });
    EXPECT_EQ(seen, 5);
}

TEST_F(ModuleFunctions, maybeDeferredPassesADeferredThrough) {
    Deferred<int> inner;
    Deferred<int> given = maybeDeferred([&] { return inner; });
    EXPECT_TRUE(given == inner);
}

TEST_F(ModuleFunctions, maybeDeferredStartsATask) {
    EXPECT_EQ(endOf(maybeDeferred(halfLater, 6)), "3");
    EXPECT_EQ(endOf(maybeDeferred(halfLater, 3)), "odd");
}

TEST_F(ModuleFunctions, maybeDeferredWrapsValuesFailuresResultsAndExceptions) {
    EXPECT_EQ(endOf(maybeDeferred(half, 4)), "2");
    EXPECT_EQ(endOf(maybeDeferred(half, 5)), "odd");
    EXPECT_EQ(endOf(maybeDeferred([] {})), "done");
    EXPECT_EQ(endOf(maybeDeferred([] { throw Boom("thrown"); })), "thrown");
    EXPECT_EQ(endOf(maybeDeferred([] { return Failure(Boom("returned")); })), "returned");
    EXPECT_EQ(endOf(maybeDeferred([] { return Result<int>(11); })), "11");
    EXPECT_EQ(endOf(maybeDeferred([] { return Result<int>(Failure(Boom("no"))); })), "no");
}

TEST_F(ModuleFunctions, ensureDeferredTakesTasksAndDeferreds) {
    Deferred<int> deferred;
    EXPECT_TRUE(ensureDeferred(deferred) == deferred);
    EXPECT_EQ(endOf(ensureDeferred(halfLater(10))), "5");
}

TEST_F(ModuleFunctions, succeedAndFailHaveFired) {
    EXPECT_TRUE(succeed().called());
    EXPECT_EQ(endOf(succeed(1)), "1");
    EXPECT_EQ(endOf(fail<int>(Boom("made"))), "made");
}

TEST_F(ModuleFunctions, logErrorLogsAndGivesTheFailureOn) {
    EXPECT_EQ(endOf(fail<int>(Boom("kept")).addErrback(logError)), "kept");
    ASSERT_EQ(messages().size(), 1u);
    EXPECT_NE(messages()[0].find("kept"), std::string::npos);
}

TEST_F(ModuleFunctions, errbackWithoutAnArgumentTakesTheExceptionInHand) {
    Deferred<int> deferred;
    try {
        throw Boom("in hand");
    } catch (...) {
        deferred.errback();
    }
    EXPECT_EQ(endOf(deferred), "in hand");
}

TEST_F(ModuleFunctions, errbackWithoutAnExceptionInHandIsRefused) {
    Deferred<int> deferred;
    EXPECT_THROW(deferred.errback(), NoCurrentExceptionError);
    EXPECT_FALSE(deferred.called());
}

TEST_F(ChainDeferred, theOtherOneGetsTheValue) {
    Deferred<int> first;
    Deferred<int> second;
    EXPECT_TRUE(first.chainDeferred(second) == first);
    first.callback(3);
    EXPECT_EQ(endOf(second), "3");
    EXPECT_TRUE(messages().empty());
}

TEST_F(ChainDeferred, theOtherOneGetsTheFailureAndAloneReportsIt) {
    Deferred<int> first;
    {
        Deferred<int> second;
        first.chainDeferred(second);
        first.errback(Boom("once"));
    }
    first = Deferred<int>();
    EXPECT_EQ(messages().size(), 1u);
}

TEST_F(ChainDeferred, nothingIsLeft) {
    Deferred<int> first;
    Deferred<int> second;
    first.chainDeferred(second);
    first.callback(3);
    EXPECT_NE(endOf(first).find("awaited or moved on"), std::string::npos);
    Deferred<> empty;
    empty.chainDeferred(Deferred<>());
    empty.callback();
    EXPECT_EQ(endOf(empty), "done");
}

TEST_F(ChainDeferred, cancellingOneLeavesTheOther) {
    Deferred<int> first;
    Deferred<int> second;
    first.chainDeferred(second);
    second.addErrback([](const Failure&) { return -1; });
    second.cancel();
    EXPECT_FALSE(first.called());
    first.callback(1);  // the one late result that is swallowed
    EXPECT_EQ(endOf(second), "-1");
}

TEST_F(ChainDeferred, oneThatHasBeenCalledMakesThisFail) {
    Deferred<int> first;
    Deferred<int> second;
    second.callback(0);
    first.chainDeferred(second);
    first.callback(1);
    EXPECT_NE(endOf(first).find("has been called already"), std::string::npos);
}

TEST_F(TextForm, itSaysWhatItWaitsForOrHas) {
    Deferred<int> deferred;
    Deferred<int> inner;
    EXPECT_TRUE(deferred.toString().starts_with("<Deferred at 0x"));
    EXPECT_EQ(deferred.toString().find("current result"), std::string::npos);
    deferred.addCallback([&](int) { return inner; });
    deferred.callback(1);
    EXPECT_NE(deferred.toString().find(" waiting on Deferred at 0x"), std::string::npos);
    inner.callback(42);
    EXPECT_NE(deferred.toString().find(" current result: 42"), std::string::npos);
    EXPECT_NE(inner.toString().find(" current result: nothing"), std::string::npos);
    EXPECT_NE(succeed().toString().find(" current result: success"), std::string::npos);
    EXPECT_NE(succeed(std::string("words")).toString().find(": words"), std::string::npos);
    Deferred<int> failed = fail<int>(Boom("bad"));
    EXPECT_NE(failed.toString().find(": bad"), std::string::npos);
    failed.addErrback([](const Failure&) { return 0; });
}

TEST_F(TextForm, itSaysWhereItWasMade) {
    unsigned line = __LINE__ + 1;
    Deferred<int> deferred;
    const std::string place = "functions_test.cpp:" + std::to_string(line);
    EXPECT_NE(deferred.toString().find(place), std::string::npos);
    deferred.callback(1);
    try {
        deferred.callback(2);
        ADD_FAILURE() << "fired twice";
    } catch (const AlreadyCalledError& error) {
        EXPECT_NE(std::string(error.what()).find(place), std::string::npos);
    }
}

TEST_F(TextForm, aReportOfAFailureSaysWhereItsDeferredWasMade) {
    { Deferred<int>().errback(Boom("lost")); }
    ASSERT_EQ(messages().size(), 1u);
    EXPECT_TRUE(messages()[0].starts_with("Unhandled error in Deferred: "));
    EXPECT_NE(messages()[0].find("lost"), std::string::npos);
    EXPECT_NE(messages()[0].find("functions_test.cpp:"), std::string::npos);
}

TEST_F(TextForm, aTasksDeferredNamesTheTask) {
    { start(halfLater(1)); }
    ASSERT_EQ(messages().size(), 1u);
    EXPECT_NE(messages()[0].find("halfLater"), std::string::npos);
}

}  // namespace
}  // namespace wring
