#include <wring/deferred/event.hpp>
#include <wring/deferred/start.hpp>
#include <wring/tests/deferred/support.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::Boom;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using StartTest = testing::QuietTest;
using ReactorStart = testing::ReactorTest;

using Notes = std::vector<std::string>;

Task<int> noteAndGive(Notes& notes, Event& event) {
    notes.push_back("started");
    co_await event.wait();
    notes.push_back("resumed");
    co_return 3;
}

TEST_F(StartTest, aTaskDoesNothingUntilItIsStarted) {
    Notes notes;
    Event event;
    { auto task = noteAndGive(notes, event); }
    EXPECT_THAT(notes, IsEmpty());
}

TEST_F(StartTest, runsUntilTheFirstSuspensionAndFiresWithTheValue) {
    Notes notes;
    Event event;
    int value = 0;
    start(noteAndGive(notes, event)).addCallback([&](int got) { value = got; });
    EXPECT_THAT(notes, ElementsAre("started"));
    event.set();
    EXPECT_THAT(notes, ElementsAre("started", "resumed"));
    EXPECT_EQ(value, 3);
}

Task<int> fails() {
    throw Boom();
    co_return 1;
}
Task<> failsWithoutValue() {
    throw Boom();
    co_return;
}

TEST_F(StartTest, firesWithWhatTheTaskThrows) {
    int seen = 0;
    start(fails()).addErrback([&](const Failure& failure) {
        seen += failure.check<Boom>();
        return 0;
    });
    start(failsWithoutValue()).addErrback([&](const Failure& failure) {
        seen += failure.check<Boom>();
    });
    EXPECT_EQ(seen, 2);
}

Task<> hold(Event& event, std::shared_ptr<int> resource) {
    co_await event.wait();
    EXPECT_NE(resource, nullptr);
}

TEST_F(StartTest, theTasksArgumentsAreGoneWhenItsCallbacksRun) {
    auto resource = std::make_shared<int>(0);
    Event event;
    long uses = 0;
    start(hold(event, resource)).addCallback([&] { uses = resource.use_count(); });
    EXPECT_EQ(resource.use_count(), 2);
    event.set();
    EXPECT_EQ(uses, 1);
}

Task<int> add(std::unique_ptr<int> a, int b) { co_return *a + b; }

TEST_F(StartTest, startCallTakesFunctionAndArgumentsByValue) {
    int sum = 0;
    startCall(add, std::make_unique<int>(40), 2).addCallback([&](int value) { sum = value; });
    EXPECT_EQ(sum, 42);
}

TEST_F(StartTest, startCallKeepsAClosureAliveAsLongAsItsTask) {
    auto resource = std::make_shared<int>(5);
    Event event;
    int seen = 0;
    {
        auto body = [resource, &seen](Event& gate) -> Task<> {
            co_await gate.wait();
            seen = *resource;
        };
        startCall(std::move(body), std::ref(event));
    }
    event.set();
    EXPECT_EQ(seen, 5);
    EXPECT_EQ(resource.use_count(), 1);
}

Task<> nap() { co_await sleepFor(std::chrono::hours(1)); }

TEST_P(ReactorStart, shutdownEndsWhatWasStartedAndDroppedWithoutComplaint) {
    static std::vector<std::string> logged;
    logged.clear();
    LogSink before = setLogSink([](LogLevel, std::string_view text) { logged.emplace_back(text); });
    run([](Reactor& reactor) -> Task<> {
        start(nap());
        EXPECT_EQ(reactor.fibers().size(), 2u);
        co_return;
    });
    setLogSink(before);
    EXPECT_THAT(logged, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Drivers, ReactorStart, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
