#include <wring/deferred/scope.hpp>
#include <wring/deferred/sleep.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <gmock/gmock.h>
#include <tuple>
#include <csignal>

// What a reactor says of its tasks, and whom its shutdown names.

namespace wring {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

using DumpTasks = testing::ReactorTest;
using StuckShutdown = testing::ReactorTest;

Task<> waitForEvent(Event* event) { co_await event->wait(); }
Task<> waitForTimer() { co_await sleepFor(90min); }
Task<> waitForDeferred(Deferred<> deferred) { co_await deferred; }

Task<> ownTwo(Scope& scope, Event* event) {
    scope.spawn(waitForEvent, event);
    scope.spawn(waitForTimer);
    co_await event->wait();
}
Task<> ownScope(Event* event) { co_await withScope(ownTwo, event); }

/// The line of the dump that has `part` in it; empty if none has.
std::string lineWith(const std::string& dump, const std::string& part) {
    std::size_t at = dump.find(part);
    if (at == std::string::npos) return {};
    std::size_t begin = dump.rfind('\n', at);
    begin = begin == std::string::npos ? 0 : begin + 1;
    return dump.substr(begin, dump.find('\n', at) - begin);
}

std::size_t depthOf(const std::string& line) { return line.find_first_not_of(' '); }

TEST_P(DumpTasks, eachTaskIsALineWithItsPlaceAndWhatItWaitsFor) {
    run([](Reactor& reactor) -> Task<> {
        Event event;
        Deferred<> deferred;
        auto first = start(waitForEvent(&event));
        auto second = start(waitForTimer());
        auto third = start(waitForDeferred(deferred));
        std::string dump = reactor.dumpTasks();
        EXPECT_THAT(lineWith(dump, "waitForEvent"), HasSubstr("waits for an Event since 0."));
        EXPECT_THAT(lineWith(dump, "waitForEvent"), HasSubstr("dump_tasks_test.cpp:"));
        EXPECT_THAT(lineWith(dump, "waitForTimer"), HasSubstr("a timer of 5400.000 s"));
        EXPECT_THAT(lineWith(dump, "waitForDeferred"), HasSubstr("a Deferred made at "));
        second.cancel();
        event.set();
        deferred.callback();
        std::ignore = co_await outcome(second);
        EXPECT_THAT(reactor.dumpTasks(), Not(HasSubstr("waitFor")));
    });
}

TEST_P(DumpTasks, aScopesChildrenStandBelowTheTaskThatOwnsIt) {
    run([](Reactor& reactor) -> Task<> {
        Event event;
        auto owner = start(ownScope(&event));
        std::string dump = reactor.dumpTasks();
        std::string scope = lineWith(dump, "scope at ");
        EXPECT_THAT(scope, HasSubstr("ownTwo"));
        std::size_t ownerDepth = depthOf(lineWith(dump, "ownScope"));
        EXPECT_EQ(depthOf(scope), ownerDepth + 2);
        EXPECT_EQ(depthOf(lineWith(dump, "waitForEvent")), ownerDepth + 4);
        EXPECT_EQ(depthOf(lineWith(dump, "waitForTimer")), ownerDepth + 4);
        owner.cancel();
        std::ignore = co_await outcome(owner);
        EXPECT_THAT(reactor.dumpTasks(), Not(HasSubstr("scope at")));
    });
}

TEST_P(DumpTasks, whatWasCancelledAndHangsIsSaidToBe) {
    run([](Reactor& reactor) -> Task<> {
        Event event;
        auto hanging = start(shield(1h, waitForEvent(&event)));
        hanging.cancel();
        EXPECT_THAT(reactor.dumpTasks(), HasSubstr(", waits for an Event"));
        event.set();
        std::ignore = co_await outcome(hanging);
    });
}

TEST_P(DumpTasks, aTaskSaysHowLongItHasWaited) {
    run([](Reactor& reactor) -> Task<> {
        Event event;
        auto waiting = start(waitForEvent(&event));
        co_await sleepFor(30ms);
        std::string line = lineWith(reactor.dumpTasks(), "waitForEvent");
        double seconds = std::stod(line.substr(line.rfind("since ") + 6));
        EXPECT_GE(seconds, 0.03);
        EXPECT_LT(seconds, 10);
        event.set();
        co_await waiting;
    });
}

Task<> ignoreCancellation(Event* never) { co_await shield(24h, waitForEvent(never)); }

Task<> workWithOneStuckChild(Scope& scope, Event* never) {
    scope.spawn(waitForTimer);
    scope.spawn(ignoreCancellation, never);
    co_await sleepFor(1h);
}
Task<> stuckProgram(Event* never) { co_await withScope(workWithOneStuckChild, never); }

/// A program in the middle of its work that gets SIGTERM; leaves the process.
[[noreturn]] void killedMidWork(ReactorOptions options) {
    options.shutdownLimit = 300ms;
    Event* never = new Event;  // for a task that is never destroyed
    Reactor reactor(options);
    reactor.callWhenRunning([&] {
        start(stuckProgram(never));
        reactor.callLater(Duration::zero(), [] { std::raise(SIGTERM); });
    });
    reactor.run();
    std::_Exit(reactor.exitSignal() == SIGTERM ? 0 : 1);
}

TEST_P(StuckShutdown, aProgramThatIsKilledEndsInTimeAndNamesTheTaskThatDoesNotSlow) {
    auto before = std::chrono::steady_clock::now();
    EXPECT_EXIT(killedMidWork(options()), ::testing::ExitedWithCode(0),
                "did not end when told to.*\n.*stuckProgram.*\n.*\n.*dump_tasks_test\\.cpp:[0-9]+, "
                ".*ignoreCancellation.*waits for an Event");
    EXPECT_LT(std::chrono::steady_clock::now() - before, 10s);
}

TEST_P(StuckShutdown, whoEndsInTimeIsNotNamed) {
    run([](Reactor& reactor) -> Task<> {
        Event event;
        auto owner = start(ownScope(&event));
        owner.cancel();
        std::ignore = co_await outcome(owner);
        EXPECT_EQ(reactor.fibers().size(), 1u) << reactor.dumpTasks();
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, DumpTasks, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);
INSTANTIATE_TEST_SUITE_P(Drivers, StuckShutdown, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
