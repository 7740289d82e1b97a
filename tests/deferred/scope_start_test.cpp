#include <wring/deferred/scope.hpp>
#include <wring/tests/deferred/support.hpp>

namespace wring {
namespace {

using testing::Boom;
using StartedChildren = testing::QuietTest;

/// What a child of these tests does, step by step.
struct Steps {
    Event mayReport;
    Event mayEnd;
    bool ended = false;
};

Task<> serve(Ready<int> ready, Steps* steps) {
    auto first = co_await outcome(steps->mayReport.wait());
    if (!first) {
        steps->ended = true;
        first.value();
    }
    ready.report(80);
    auto second = co_await outcome(steps->mayEnd.wait());
    steps->ended = true;
    second.value();
}

Task<> failBefore(Ready<int>, Steps* steps) {
    co_await steps->mayReport.wait();
    throw Boom("no port");
}

Task<> failAfter(Ready<int> ready, Steps* steps) {
    ready.report(1);
    co_await steps->mayEnd.wait();
    throw Boom("later");
}

Task<> neverReady(Ready<>) { co_return; }

std::string endOf(Deferred<int> deferred) {
    std::string end = "none";
    deferred.addBoth([&](Result<int> result) {
        end = result ? std::to_string(*result) : result.error().getErrorMessage();
    });
    return end;
}

std::string joined(Scope& scope) {
    std::string end = "none";
    start(scope.join()).addBoth([&](Result<void> result) {
        end = result ? "joined" : result.error().getErrorMessage();
    });
    return end;
}

TEST_F(StartedChildren, whoStartsOneGetsWhatItReportsWhileItRunsOn) {
    Scope scope;
    Steps steps;
    Deferred<int> ready = scope.start<int>(serve, &steps);
    EXPECT_FALSE(ready.called());
    steps.mayReport.set();
    EXPECT_EQ(endOf(ready), "80");
    EXPECT_EQ(scope.running(), 1u);
    steps.mayEnd.set();
    EXPECT_TRUE(steps.ended);
    EXPECT_EQ(joined(scope), "joined");
}

TEST_F(StartedChildren, oneThatFailsBeforeItIsReadyFailsOnlyWhoStartsIt) {
    Scope scope;
    Steps steps;
    Deferred<int> ready = scope.start<int>(failBefore, &steps);
    Steps others;
    others.mayReport.set();
    scope.start<int>(serve, &others);
    steps.mayReport.set();
    EXPECT_EQ(endOf(ready), "no port");
    EXPECT_FALSE(scope.isCancelled());
    others.mayEnd.set();
    EXPECT_EQ(joined(scope), "joined");
}

TEST_F(StartedChildren, oneThatFailsLaterEndsTheScope) {
    Scope scope;
    Steps steps;
    EXPECT_EQ(endOf(scope.start<int>(failAfter, &steps)), "1");
    steps.mayEnd.set();
    EXPECT_TRUE(scope.isCancelled());
    EXPECT_EQ(joined(scope), "later");
}

TEST_F(StartedChildren, oneThatEndsWithoutHavingBeenReadyIsAnError) {
    Scope scope;
    std::string end;
    scope.start(neverReady).addErrback([&](const Failure& failure) { end = failure.className(); });
    EXPECT_EQ(end, "NeverReadyError");
    EXPECT_EQ(joined(scope), "joined");
}

TEST_F(StartedChildren, cancellingTheStartCancelsTheChildAndWaitsForItsEnd) {
    Scope scope;
    Steps steps;
    Deferred<int> ready = scope.start<int>(serve, &steps);
    ready.cancel();
    EXPECT_TRUE(steps.ended);
    EXPECT_TRUE(ready.called());
    std::string end;
    ready.addErrback([&](const Failure& failure) {
        end = failure.className();
        return 0;
    });
    EXPECT_EQ(end, "CancelledError");
    EXPECT_EQ(joined(scope), "joined");
}

TEST_F(StartedChildren, cancellingAfterItIsReadyHasNoEffect) {
    Scope scope;
    Steps steps;
    steps.mayReport.set();
    Deferred<int> ready = scope.start<int>(serve, &steps);
    ready.cancel();
    EXPECT_FALSE(steps.ended);
    steps.mayEnd.set();
    EXPECT_EQ(endOf(ready), "80");
}

TEST_F(StartedChildren, inACancelledScopeTheStartFails) {
    Scope scope;
    scope.cancel();
    Steps steps;
    std::string end;
    scope.start<int>(serve, &steps).addErrback([&](const Failure& failure) {
        end = failure.className();
        return 0;
    });
    EXPECT_EQ(end, "CancelledError");
    EXPECT_TRUE(steps.ended);
}

TEST_F(StartedChildren, aDroppedStartLeavesTheChildRunning) {
    Scope scope;
    Steps steps;
    scope.start<int>(serve, &steps);
    steps.mayReport.set();
    EXPECT_EQ(scope.running(), 1u);
    steps.mayEnd.set();
    EXPECT_EQ(joined(scope), "joined");
}

TEST_F(StartedChildren, whoeverReportsTwiceIsTold) {
    Scope scope;
    auto twice = [](Ready<int> ready) -> Task<> {
        ready.report(1);
        EXPECT_TRUE(ready.isReported());
        EXPECT_THROW(ready.report(2), AlreadyCalledError);
        co_return;
    };
    EXPECT_EQ(endOf(scope.start<int>(twice)), "1");
}

}  // namespace
}  // namespace wring
