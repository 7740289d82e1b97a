#include <wring/deferred/event.hpp>
#include <wring/deferred/start.hpp>
#include <wring/tests/deferred/support.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using EventTest = testing::QuietTest;
using EventDeathTest = testing::QuietTest;

Deferred<> note(Event& event, std::vector<int>& order, int name) {
    co_await event.wait();
    order.push_back(name);
}

TEST_F(EventTest, isDownAtFirst) {
    Event event;
    EXPECT_FALSE(event.isSet());
    event.set();
    EXPECT_TRUE(event.isSet());
    event.clear();
    EXPECT_FALSE(event.isSet());
}

TEST_F(EventTest, setWakesAllWhoWaitInOrderBeforeItReturns) {
    Event event;
    std::vector<int> order;
    for (int i = 0; i < 3; ++i) note(event, order, i);
    EXPECT_THAT(order, IsEmpty());
    event.set();
    EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST_F(EventTest, waitingForARaisedFlagDoesNotSuspend) {
    Event event;
    event.set();
    std::vector<int> order;
    EXPECT_TRUE(note(event, order, 1).isReady());
}

TEST_F(EventTest, setTwiceWakesOnce) {
    Event event;
    std::vector<int> order;
    note(event, order, 1);
    event.set();
    event.set();
    EXPECT_THAT(order, ElementsAre(1));
}

Deferred<> cancelThenNote(Event& event, Deferred<>& victim, std::vector<int>& order, int name) {
    co_await event.wait();
    victim.cancel();
    order.push_back(name);
}

TEST_F(EventTest, aCancelledWaiterIsLeftOutAndTheOthersKeepTheirPlaces) {
    Event event;
    std::vector<int> order;
    note(event, order, 0);
    Deferred<> middle = note(event, order, 1);
    note(event, order, 2);
    middle.cancel();
    EXPECT_TRUE(middle.isReady());
    event.set();
    EXPECT_THAT(order, ElementsAre(0, 2));
}

TEST_F(EventTest, aWaiterMayCancelTheNextOneWhileTheyAreWoken) {
    Event event;
    std::vector<int> order;
    Deferred<> victim;
    cancelThenNote(event, victim, order, 0);
    victim = note(event, order, 1);
    note(event, order, 2);
    event.set();
    EXPECT_THAT(order, ElementsAre(0, 2));
}

Deferred<> waitAgain(Event& event, std::vector<int>& order, int name) {
    co_await event.wait();
    order.push_back(name);
    event.clear();
    co_await event.wait();
    order.push_back(name + 10);
}

TEST_F(EventTest, aWaiterThatLowersTheFlagLeavesNobodyBehindAndWaitsForTheNextOne) {
    Event event;
    std::vector<int> order;
    waitAgain(event, order, 0);
    waitAgain(event, order, 1);
    event.set();
    EXPECT_THAT(order, ElementsAre(0, 1));
    event.set();
    EXPECT_THAT(order, ElementsAre(0, 1, 10, 11));
}

Deferred<> destroyAfter(std::unique_ptr<Event>& event) {
    co_await event->wait();
    event.reset();
}

TEST_F(EventTest, whoIsWokenLastMayDestroyIt) {
    auto event = std::make_unique<Event>();
    std::vector<int> order;
    note(*event, order, 0);
    destroyAfter(event);
    event->set();
    EXPECT_EQ(event, nullptr);
    EXPECT_THAT(order, ElementsAre(0));
}

Deferred<> setThenNote(Event& first, Event& second, std::vector<int>& order) {
    co_await first.wait();
    second.set();
    order.push_back(0);
}

TEST_F(EventTest, whoIsWokenMaySetItAgain) {
    Event event;
    std::vector<int> order;
    setThenNote(event, event, order);
    note(event, order, 1);
    event.set();
    EXPECT_THAT(order, ElementsAre(1, 0));
}

TEST_F(EventTest, aTenThousandWaitersAreWokenOneAfterTheOther) {
    Event event;
    std::vector<int> order;
    for (int i = 0; i < 10'000; ++i) note(event, order, i);
    event.set();
    EXPECT_EQ(order.size(), 10'000u);
    EXPECT_EQ(order.back(), 9'999);
}

Deferred<std::string> endOf(Event& event) {
    auto result = co_await outcome(event.wait());
    co_return result ? "set" : result.error().className();
}

TEST_F(EventTest, outcomeGivesCancelledError) {
    Event event;
    std::string end;
    Deferred<std::string> waiting = endOf(event);
    waiting.addCallback([&](const std::string& text) { return end = text; });
    waiting.cancel();
    EXPECT_EQ(end, "CancelledError");
}

TEST_F(EventDeathTest, destroyingOneThatIsWaitedForEndsTheProcess) {
    EXPECT_DEATH(
        {
            auto event = std::make_unique<Event>();
            std::vector<int> order;
            note(*event, order, 0);
            event.reset();
        },
        "a coroutine waited for it");
}

}  // namespace
}  // namespace wring
