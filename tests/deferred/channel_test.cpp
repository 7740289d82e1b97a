#include <wring/deferred/channel.hpp>
#include <wring/deferred/scope.hpp>
#include <wring/deferred/start.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/tests/deferred/channels.hpp>
#include <wring/tests/deferred/ending.hpp>
#include <wring/tests/deferred/support.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <gmock/gmock.h>
#include <numeric>

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::drain;
using ::testing::ElementsAre;
using testing::Ending;
using testing::Numbers;
using testing::Pointer;
using testing::receiveAll;
using testing::receiveThenCall;
using testing::sendAll;
using testing::sendOne;
using testing::sendPointer;
using ::testing::SizeIs;

using Channels = testing::QuietTest;
using Send = testing::QuietTest;
using Receive = testing::QuietTest;
using Try = testing::QuietTest;
using Close = testing::QuietTest;
using Reentry = testing::QuietTest;
using ChannelDeathTest = testing::QuietTest;
using ChannelTest = testing::ReactorTest;

TEST_F(Channels, everyValueArrivesOnceAndInOrderWhateverTheCapacity) {
    Numbers all(100);
    std::iota(all.begin(), all.end(), 0);
    all.push_back(-1);
    for (std::size_t capacity : {0u, 1u, 2u, 7u, 200u}) {
        for (bool isReceiverFirst : {false, true}) {
            Channel<int> channel(capacity);
            Numbers got;
            if (isReceiverFirst) receiveAll(channel, got);
            Deferred<> sent = sendAll(channel, 0, 99);
            if (!isReceiverFirst) receiveAll(channel, got);
            EXPECT_TRUE(sent.isReady());
            channel.close();
            EXPECT_EQ(got, all);
        }
    }
}

TEST_F(Channels, sizeAndCapacitySayHowFullItIs) {
    Channel<int> channel(2);
    EXPECT_EQ(channel.capacity(), 2u);
    for (std::size_t expected : {1u, 2u, 2u}) {
        sendOne(channel, 0);
        EXPECT_EQ(channel.size(), expected);
    }
    EXPECT_THAT(drain(channel), SizeIs(3));
    EXPECT_EQ(channel.size(), 0u);
}

TEST_F(Send, waitsOnceThereIsNoRoomUntilSomebodyReceives) {
    for (int capacity : {0, 1, 3}) {
        Channel<int> channel(static_cast<std::size_t>(capacity));
        for (int i = 0; i < capacity; ++i) EXPECT_TRUE(sendOne(channel, i).isReady());
        Deferred<> waiting = sendOne(channel, capacity);
        EXPECT_FALSE(waiting.isReady());
        EXPECT_EQ(channel.tryReceive(), 0);
        EXPECT_TRUE(waiting.isReady());
    }
}

TEST_F(Send, thoseWhoWaitAreServedInOrder) {
    for (std::size_t capacity : {0u, 1u, 2u}) {
        Channel<int> channel(capacity);
        Numbers sent;
        for (int i = 0; i < 4; ++i) {
            sendOne(channel, i).addCallback([&sent, i] { sent.push_back(i); });
        }
        EXPECT_THAT(sent, SizeIs(capacity));
        EXPECT_THAT(drain(channel), ElementsAre(0, 1, 2, 3));
        EXPECT_THAT(sent, ElementsAre(0, 1, 2, 3));
    }
}

TEST_F(Receive, thoseWhoWaitAreServedInOrder) {
    for (std::size_t capacity : {0u, 2u}) {
        Channel<int> channel(capacity);
        std::vector<Numbers> got(3);
        for (Numbers& each : got) receiveAll(channel, each, 1);
        sendAll(channel, 1, 3);
        EXPECT_THAT(got, ElementsAre(ElementsAre(1), ElementsAre(2), ElementsAre(3)));
        EXPECT_EQ(channel.size(), 0u);
    }
}

TEST_F(Receive, whoComesAgainStandsBehindTheOthers) {
    Channel<int> channel(0);
    Numbers twice;
    Numbers once;
    receiveAll(channel, twice, 2);
    receiveAll(channel, once, 1);
    sendAll(channel, 1, 3);
    EXPECT_THAT(twice, ElementsAre(1, 3));
    EXPECT_THAT(once, ElementsAre(2));
}

TEST_F(Send, valuesThatCannotBeCopiedAreMovedWhenTheyAreTaken) {
    Channel<Pointer> channel(0);
    auto value = std::make_unique<int>(7);
    std::string end;
    sendPointer(channel, value, end);
    EXPECT_NE(value, nullptr);
    Pointer got = *channel.tryReceive();
    EXPECT_EQ(*got, 7);
    EXPECT_EQ(value, nullptr);
    EXPECT_EQ(end, "sent");
}

Deferred<> sendText(Channel<std::string>& channel, const std::string& text) {
    co_await channel.send(text);
}

TEST_F(Send, aCopyLeavesTheOriginalWhetherItWaitsOrNot) {
    const std::string text = "a text that does not fit into the string itself";
    for (std::size_t capacity : {0u, 1u}) {
        Channel<std::string> channel(capacity);
        sendText(channel, text);
        EXPECT_EQ(channel.tryReceive(), text);
        EXPECT_EQ(text.front(), 'a');
    }
}

TEST_F(Try, sendIsAcceptedWhileThereIsRoomOrSomebodyWhoReceives) {
    Channel<int> channel(1);
    EXPECT_TRUE(channel.trySend(1));
    EXPECT_FALSE(channel.trySend(2));
    Numbers got;
    receiveAll(channel, got, 2);
    EXPECT_TRUE(channel.trySend(3));
    EXPECT_TRUE(channel.trySend(4));
    EXPECT_FALSE(channel.trySend(5));
    EXPECT_THAT(got, ElementsAre(1, 3));
    EXPECT_THAT(drain(channel), ElementsAre(4));
}

TEST_F(Try, withoutRoomSendNeedsSomebodyWhoWaits) {
    Channel<int> channel(0);
    EXPECT_FALSE(channel.trySend(1));
    Numbers got;
    receiveAll(channel, got, 1);
    EXPECT_TRUE(channel.trySend(2));
    EXPECT_THAT(got, ElementsAre(2));
}

TEST_F(Try, whatIsNotAcceptedStaysTheCallers) {
    Channel<Pointer> channel(0);
    auto value = std::make_unique<int>(7);
    EXPECT_FALSE(channel.trySend(std::move(value)));
    EXPECT_NE(value, nullptr);
    channel.close();
    EXPECT_THROW(static_cast<void>(channel.trySend(std::move(value))), ChannelClosed);
    EXPECT_NE(value, nullptr);
}

TEST_F(Try, receiveGivesNothingFromAnEmptyChannel) {
    Channel<int> channel(1);
    EXPECT_EQ(channel.tryReceive(), std::nullopt);
    sendAll(channel, 1, 2);
    EXPECT_EQ(channel.tryReceive(), 1);
    EXPECT_EQ(channel.tryReceive(), 2);
    EXPECT_EQ(channel.tryReceive(), std::nullopt);
}

TEST_F(Close, whatIsInTheChannelIsReceivedThenTheEndForGood) {
    Channel<int> channel(3);
    sendAll(channel, 1, 2);
    channel.close();
    EXPECT_TRUE(channel.isClosed());
    Numbers got;
    receiveAll(channel, got);
    receiveAll(channel, got);
    EXPECT_THAT(got, ElementsAre(1, 2, -1, -1));
}

TEST_F(Close, whoWaitsToReceiveGetsTheEnd) {
    Channel<int> channel(1);
    std::vector<Numbers> got(3);
    for (Numbers& each : got) receiveAll(channel, each);
    channel.close();
    EXPECT_THAT(got, ElementsAre(ElementsAre(-1), ElementsAre(-1), ElementsAre(-1)));
}

TEST_F(Close, whoSendsGetsChannelClosedBeforeOrInItsWaitAndKeepsTheValue) {
    Channel<Pointer> channel(0);
    auto early = std::make_unique<int>(1);
    auto late = std::make_unique<int>(2);
    std::string endOfEarly;
    std::string endOfLate;
    sendPointer(channel, early, endOfEarly);
    channel.close();
    sendPointer(channel, late, endOfLate);
    EXPECT_EQ(endOfEarly, "ChannelClosed");
    EXPECT_EQ(endOfLate, "ChannelClosed");
    EXPECT_NE(early, nullptr);
    EXPECT_NE(late, nullptr);
}

TEST_F(Close, theValuesOfThoseWhoWaitedToSendAreNotInTheChannel) {
    Channel<int> channel(1);
    Ending<void> end(sendAll(channel, 1, 2));
    channel.close();
    EXPECT_EQ(end.text(), "ChannelClosed");
    EXPECT_THAT(drain(channel), ElementsAre(1));
}

TEST_F(Close, theSecondTimeNothingHappens) {
    Channel<int> channel(1);
    sendOne(channel, 1);
    channel.close();
    channel.close();
    EXPECT_EQ(channel.size(), 1u);
}

TEST_F(Reentry, whoIsServedGoesOnBeforeTheCallThatServesReturns) {
    Channel<int> channel(0);
    Numbers got;
    receiveAll(channel, got, 1);
    EXPECT_TRUE(channel.trySend(1));
    EXPECT_THAT(got, ElementsAre(1));
}

Deferred<> passOn(Channel<int>& channel, testing::StackDepth& depth) {
    std::optional<int> value = co_await channel.receive();
    depth.note();
    if (*value > 1) co_await channel.send(*value - 1);
}

TEST_F(Reentry, tenThousandWhoServeTheNextUseNoMoreStackThanOne) {
    Channel<int> channel(0);
    testing::StackDepth depth;
    Deferred<> last;
    for (int i = 0; i < 10'000; ++i) last = passOn(channel, depth);
    EXPECT_TRUE(channel.trySend(10'000));
    EXPECT_TRUE(last.isReady());
    EXPECT_LT(depth.bytes(), 4096u);
}

TEST_F(Reentry, whoReceivesMayCloseIt) {
    Channel<int> channel(1);
    Numbers got;
    receiveThenCall(channel, got, [&] { channel.close(); });
    receiveAll(channel, got);
    EXPECT_TRUE(channel.trySend(1));
    EXPECT_THAT(got, ElementsAre(1, -1));
}

TEST_F(Reentry, whoReceivesMayDestroyItWithTheValuesInIt) {
    auto channel = std::make_unique<Channel<int>>(3);
    Numbers got;
    receiveThenCall(*channel, got, [&] {
        EXPECT_TRUE(channel->trySend(2));
        channel.reset();
    });
    EXPECT_TRUE(channel->trySend(1));
    EXPECT_EQ(channel, nullptr);
    EXPECT_THAT(got, ElementsAre(1));
}

TEST_F(Reentry, whoGetsTheEndMayDestroyItAndTheOthersGetItAllTheSame) {
    auto channel = std::make_unique<Channel<int>>(0);
    Numbers got;
    receiveThenCall(*channel, got, [&] { channel.reset(); });
    receiveAll(*channel, got);
    channel->close();
    EXPECT_EQ(channel, nullptr);
    EXPECT_THAT(got, ElementsAre(-1, -1));
}

TEST_F(Reentry, whoSentMayDestroyItThoughOthersHaveBeenServed) {
    auto channel = std::make_unique<Channel<int>>(0);
    sendOne(*channel, 1).addCallback([&] { channel.reset(); });
    std::optional<int> got = channel->tryReceive();
    EXPECT_EQ(got, 1);
    EXPECT_EQ(channel, nullptr);
}

Deferred<> echo(Channel<int>& in, Channel<int>& out) {
    while (std::optional<int> value = co_await in.receive()) co_await out.send(*value + 1);
    out.close();
}

TEST_F(Reentry, channelsInALineCarryEachOthersValues) {
    std::vector<std::unique_ptr<Channel<int>>> line;
    for (int i = 0; i < 5; ++i) line.push_back(std::make_unique<Channel<int>>(i % 2));
    for (std::size_t i = 0; i + 1 < line.size(); ++i) echo(*line[i], *line[i + 1]);
    Numbers got;
    receiveAll(*line.back(), got);
    sendAll(*line.front(), 1, 3);
    line.front()->close();
    EXPECT_THAT(got, ElementsAre(5, 6, 7, -1));
}

Task<> produce(Channel<int>& channel, int count) {
    for (int i = 1; i <= count; ++i) {
        co_await channel.send(i);
        co_await sleepFor(0ms);
    }
}

Task<> consume(Channel<int>& channel, int& total) {
    while (std::optional<int> value = co_await channel.receive()) {
        total += *value;
        co_await sleepFor(0ms);
    }
}

Task<> produceTwice(Scope& producers, Channel<int>& channel) {
    producers.spawn(produce, std::ref(channel), 10);
    producers.spawn(produce, std::ref(channel), 10);
    co_return;
}

TEST_P(ChannelTest, producersAndConsumersMeetAcrossTurnsOfTheReactor) {
    run([](Reactor&) -> Task<> {
        Channel<int> channel(2);
        int total = 0;
        Deferred<> first = start(consume(channel, total));
        Deferred<> second = start(consume(channel, total));
        co_await withScope(produceTwice, std::ref(channel));
        channel.close();
        co_await first;
        co_await second;
        EXPECT_EQ(total, 110);
    });
}

TEST_P(ChannelTest, aTimeoutOfTheReactorEndsTheWait) {
    run([](Reactor&) -> Task<> {
        Channel<int> channel(0);
        auto sent = co_await outcome(withTimeout(1ms, testing::sendOneTask(channel, 1)));
        EXPECT_TRUE(sent.error().check<TimeoutError>());
        auto got = co_await outcome(withTimeout(1ms, testing::receiveOneTask(channel)));
        EXPECT_TRUE(got.error().check<TimeoutError>());
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, ChannelTest, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

TEST_F(ChannelDeathTest, destroyingOneThatIsWaitedForEndsTheProcess) {
    for (bool sends : {false, true}) {
        EXPECT_DEATH(
            {
                auto channel = std::make_unique<Channel<int>>(0);
                Numbers got;
                sends ? sendOne(*channel, 1) : receiveAll(*channel, got);
                channel.reset();
            },
            "a Channel was destroyed while");
    }
}

}  // namespace
}  // namespace wring
