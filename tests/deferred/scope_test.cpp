#include <wring/deferred/gather.hpp>
#include <wring/deferred/scope.hpp>
#include <wring/tests/deferred/support.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::Boom;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using ScopeTest = testing::ReactorTest;
using Children = testing::QuietTest;
using ScopeDeathTest = testing::QuietTest;

using Notes = std::vector<std::string>;

Task<> waitFor(Event& event, Notes& notes, std::string name) {
    auto result = co_await outcome(event.wait());
    notes.push_back(name + (result ? " done" : " cancelled"));
    result.value();
}

Task<> failAfter(Event& event) {
    co_await event.wait();
    throw Boom("child");
}

Task<> failNow() {
    throw Boom("at once");
    co_return;
}

Task<int> twice(std::unique_ptr<int> value) { co_return 2 * *value; }

std::string endOf(Deferred<> deferred) {
    std::string end = "none";
    deferred.addBoth([&](Result<void> result) {
        end = result ? "value" : result.error().getErrorMessage();
    });
    return end;
}

TEST_F(Children, functionAndArgumentsAreTakenByValue) {
    Scope scope;
    int seen = 0;
    scope.spawn(twice, std::make_unique<int>(21)).addCallback([&](int value) { seen = value; });
    EXPECT_EQ(seen, 42);
    EXPECT_EQ(scope.running(), 0u);
    EXPECT_EQ(endOf(start(scope.join())), "value");
}

TEST_F(Children, theArgumentsLiveAsLongAsTheChild) {
    Scope scope;
    Event event;
    Notes notes;
    auto resource = std::make_shared<int>(0);
    auto body = [](Event& gate, std::shared_ptr<int> held) -> Task<> {
        co_await gate.wait();
        EXPECT_NE(held, nullptr);
    };
    scope.spawn(body, std::ref(event), resource);
    EXPECT_EQ(resource.use_count(), 2);
    event.set();
    EXPECT_EQ(resource.use_count(), 1);
}

TEST_F(Children, joinWaitsForAllOfThem) {
    Scope scope;
    Event a;
    Event b;
    Notes notes;
    scope.spawn(waitFor, std::ref(a), std::ref(notes), "a");
    scope.spawn(waitFor, std::ref(b), std::ref(notes), "b");
    EXPECT_EQ(scope.running(), 2u);
    Deferred<> joined = start(scope.join());
    b.set();
    EXPECT_FALSE(joined.called());
    a.set();
    EXPECT_EQ(endOf(joined), "value");
    EXPECT_THAT(notes, ElementsAre("b done", "a done"));
}

TEST_F(Children, theFailureOfOneCancelsItsSiblingsAndIsRethrown) {
    Scope scope;
    Event fails;
    Event never;
    Notes notes;
    scope.spawn(waitFor, std::ref(never), std::ref(notes), "a");
    scope.spawn(failAfter, std::ref(fails));
    scope.spawn(waitFor, std::ref(never), std::ref(notes), "b");
    Deferred<> joined = start(scope.join());
    fails.set();
    EXPECT_EQ(notes.size(), 2u);
    EXPECT_EQ(endOf(joined), "child");
    EXPECT_THAT(messages(), IsEmpty());
}

TEST_F(Children, aFailureThatWasHandledCancelsNobody) {
    Scope scope;
    Event fails;
    Event other;
    Notes notes;
    scope.spawn(waitFor, std::ref(other), std::ref(notes), "a");
    scope.spawn(failAfter, std::ref(fails)).addErrback([](const Failure&) {});
    fails.set();
    EXPECT_THAT(notes, IsEmpty());
    other.set();
    EXPECT_EQ(endOf(start(scope.join())), "value");
}

TEST_F(Children, oneThatFailsAtOnceIsRethrownByTheJoinAndCancelsItsSiblings) {
    Scope scope;
    Event never;
    Notes notes;
    scope.spawn(waitFor, std::ref(never), std::ref(notes), "a");
    scope.spawn(failNow);
    EXPECT_EQ(endOf(start(scope.join())), "at once");
    EXPECT_THAT(notes, ElementsAre("a cancelled"));
}

TEST_F(Children, oneThatFailsAtOnceCanBeHandled) {
    Scope scope;
    scope.spawn(failNow).addErrback([](const Failure&) {});
    EXPECT_FALSE(scope.isCancelled());
    EXPECT_EQ(endOf(start(scope.join())), "value");
}

Task<> spawnFailing(Event& event, Scope& scope) {
    co_await event.wait();
    scope.spawn(failNow);
}

TEST_F(Children, oneThatFailsAtOnceWhileTheScopeIsJoinedCancelsItsSiblings) {
    Scope scope;
    Event event;
    Event never;
    Notes notes;
    scope.spawn(waitFor, std::ref(never), std::ref(notes), "a");
    scope.spawn(spawnFailing, std::ref(event), std::ref(scope));
    Deferred<> joined = start(scope.join());
    event.set();
    EXPECT_EQ(endOf(joined), "at once");
    EXPECT_THAT(notes, ElementsAre("a cancelled"));
}

TEST_F(Children, theSecondFailureIsLogged) {
    Scope scope;
    scope.spawn(failNow);
    scope.spawn(failNow);
    EXPECT_EQ(endOf(start(scope.join())), "at once");
    EXPECT_EQ(messages().size(), 1u);
}

TEST_F(Children, cancelledOnesEndTheScopeWithoutError) {
    Scope scope;
    Event never;
    Notes notes;
    Deferred<> child = scope.spawn(waitFor, std::ref(never), std::ref(notes), "a");
    scope.spawn(waitFor, std::ref(never), std::ref(notes), "b");
    child.cancel();
    EXPECT_EQ(scope.running(), 1u);
    scope.cancel();
    EXPECT_TRUE(scope.isCancelled());
    EXPECT_EQ(scope.running(), 0u);
    EXPECT_EQ(endOf(start(scope.join())), "value");
    EXPECT_THAT(notes, ElementsAre("a cancelled", "b cancelled"));
    EXPECT_THAT(messages(), IsEmpty());
}

Task<> gatherForEver(Event& never, Notes& notes) {
    std::vector<Deferred<>> all{start(waitFor(never, notes, "a")), start(waitFor(never, notes, "b"))};
    co_await gatherResults(std::move(all));
}

TEST_F(Children, cancelledOnesThatGatheredResultsEndTheScopeWithoutErrorToo) {
    Scope scope;
    Event never;
    Notes notes;
    scope.spawn(gatherForEver, std::ref(never), std::ref(notes));
    scope.cancel();
    EXPECT_EQ(endOf(start(scope.join())), "value");
    EXPECT_EQ(notes.size(), 2u);
    EXPECT_THAT(messages(), IsEmpty());
}

TEST_F(Children, thoseSpawnedInACancelledScopeAreCancelled) {
    Scope scope;
    scope.cancel();
    Event never;
    Notes notes;
    scope.spawn(waitFor, std::ref(never), std::ref(notes), "late");
    EXPECT_EQ(scope.running(), 0u);
    EXPECT_THAT(notes, ElementsAre("late cancelled"));
}

Task<> spawnMore(Scope& scope, Event& event, Notes& notes, int left) {
    co_await event.wait();
    notes.push_back(std::to_string(left));
    if (left > 0) scope.spawn(spawnMore, std::ref(scope), std::ref(event), std::ref(notes), left - 1);
}

TEST_F(Children, maySpawnFurtherOnes) {
    Scope scope;
    Event event;
    Notes notes;
    scope.spawn(spawnMore, std::ref(scope), std::ref(event), std::ref(notes), 2);
    Deferred<> joined = start(scope.join());
    event.set();
    EXPECT_EQ(endOf(joined), "value");
    EXPECT_THAT(notes, ElementsAre("2", "1", "0"));
}

Task<> joinAndDestroy(std::unique_ptr<Scope>& scope) {
    // Gone before the scope is: the join's frame refers to it.
    { auto result = co_await outcome(scope->join()); }
    scope.reset();
}

TEST_F(Children, whoJoinsMayDestroyTheScopeWhenTheLastOneEnds) {
    auto scope = std::make_unique<Scope>();
    Event event;
    Notes notes;
    scope->spawn(waitFor, std::ref(event), std::ref(notes), "a");
    start(joinAndDestroy(scope));
    event.set();
    EXPECT_EQ(scope, nullptr);
}

TEST_F(Children, whoJoinsMayDestroyTheScopeThatIsBeingCancelled) {
    auto scope = std::make_unique<Scope>();
    Event never;
    Notes notes;
    scope->spawn(waitFor, std::ref(never), std::ref(notes), "a");
    scope->spawn(waitFor, std::ref(never), std::ref(notes), "b");
    start(joinAndDestroy(scope));
    scope->cancel();
    EXPECT_EQ(scope, nullptr);
}

TEST_F(Children, whoJoinsMayDestroyTheScopeWhoseChildFailed) {
    auto scope = std::make_unique<Scope>();
    Event fails;
    Event never;
    Notes notes;
    scope->spawn(waitFor, std::ref(never), std::ref(notes), "a");
    scope->spawn(failAfter, std::ref(fails));
    start(joinAndDestroy(scope));
    fails.set();
    EXPECT_EQ(scope, nullptr);
}

TEST_F(ScopeDeathTest, destroyingOneWithRunningChildrenEndsTheProcess) {
    EXPECT_DEATH(
        {
            Event never;
            Notes notes;
            Scope scope;
            scope.spawn(waitFor, std::ref(never), std::ref(notes), "a");
        },
        "destroyed while its children run: the one made at .*scope_test.cpp:[0-9]+.*the task at "
        ".*scope_test.cpp:[0-9]+.*waitFor");
}

Task<int> bodyThatGives(Scope& scope, Event& event, Notes& notes) {
    scope.spawn(waitFor, std::ref(event), std::ref(notes), "child");
    event.set();
    co_return 7;
}

Task<> bodyThatThrows(Scope& scope, Event& event, Notes& notes) {
    scope.spawn(waitFor, std::ref(event), std::ref(notes), "child");
    co_await sleepFor(0ms);
    throw Boom("body");
}

Task<> bodyWithFailingChild(Scope& scope, Event& event) {
    scope.spawn(failAfter, std::ref(event));
    event.set();
    co_return;
}

TEST_P(ScopeTest, withScopeGivesTheResultOfItsBodyOnceTheChildrenHaveEnded) {
    run([](Reactor&) -> Task<> {
        Event event;
        Notes notes;
        EXPECT_EQ(co_await withScope(bodyThatGives, std::ref(event), std::ref(notes)), 7);
        EXPECT_THAT(notes, ElementsAre("child done"));
    });
}

TEST_P(ScopeTest, withScopeCancelsTheChildrenOfABodyThatThrows) {
    run([](Reactor&) -> Task<> {
        Event never;
        Notes notes;
        auto result =
            co_await outcome(withScope(bodyThatThrows, std::ref(never), std::ref(notes)));
        EXPECT_EQ(result.error().getErrorMessage(), "body");
        EXPECT_THAT(notes, ElementsAre("child cancelled"));
    });
}

TEST_P(ScopeTest, withScopeRethrowsTheFailureOfAChild) {
    run([](Reactor&) -> Task<> {
        Event event;
        auto result = co_await outcome(withScope(bodyWithFailingChild, std::ref(event)));
        EXPECT_EQ(result.error().getErrorMessage(), "child");
    });
}

Task<> bodyThatOutlastsItsChild(Scope& scope, Event& fails, Event& never, Notes& notes,
                                bool failsAtOnce) {
    scope.spawn(failAfter, std::ref(fails));
    if (failsAtOnce) fails.set();
    co_await waitFor(never, notes, "body");
}

Task<> expectTheBodyIsCancelled(bool failsAtOnce) {
    Event fails;
    Event never;
    Notes notes;
    Deferred<> running = start(withScope(bodyThatOutlastsItsChild, std::ref(fails), std::ref(never),
                                         std::ref(notes), failsAtOnce));
    fails.set();
    auto result = co_await outcome(running);
    EXPECT_EQ(result.error().getErrorMessage(), "child");
    EXPECT_THAT(notes, ElementsAre("body cancelled"));
    co_await sleepFor(0ms);  // who is around the scope was not cancelled
}

TEST_P(ScopeTest, withScopeCancelsTheBodyWhenAChildFails) {
    run([](Reactor&) { return expectTheBodyIsCancelled(true); });
}

// The body, and with it the scope, ends while the scope still deals with the child.
TEST_P(ScopeTest, withScopeCancelsTheBodyThatWaitsWhenItsLastChildFails) {
    run([](Reactor&) { return expectTheBodyIsCancelled(false); });
}

Task<> cleanUpSlowly(Event& never, Notes& notes, bool fails) {
    auto result = co_await outcome(never.wait());
    co_await shield(1s, startCall([]() -> Task<> { co_await sleepFor(1ms); }));
    notes.push_back("cleaned up");
    if (fails) throw Boom("clean-up");
    result.value();
}

Task<> bodyThatWaits(Scope& scope, Event& never, Notes& notes, bool fails) {
    scope.spawn(cleanUpSlowly, std::ref(never), std::ref(notes), fails);
    co_await never.wait();
}

TEST_P(ScopeTest, cancellingWhoJoinsCancelsTheChildrenAndStillWaitsForThem) {
    run([](Reactor&) -> Task<> {
        Event never;
        Notes notes;
        Deferred<> running =
            start(withScope(bodyThatWaits, std::ref(never), std::ref(notes), false));
        running.cancel();
        EXPECT_FALSE(running.called());
        auto result = co_await outcome(running);
        EXPECT_TRUE(result.error().check<CancelledError>());
        EXPECT_THAT(notes, ElementsAre("cleaned up"));
    });
}

TEST_P(ScopeTest, whatAChildFailsWithWhileItIsCancelledIsNotLost) {
    run([](Reactor&) -> Task<> {
        Event never;
        Notes notes;
        Deferred<> running =
            start(withScope(bodyThatWaits, std::ref(never), std::ref(notes), true));
        running.cancel();
        auto result = co_await outcome(running);
        EXPECT_EQ(result.error().getErrorMessage(), "clean-up");
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, ScopeTest, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
