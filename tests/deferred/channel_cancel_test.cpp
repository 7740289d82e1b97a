#include <wring/deferred/channel.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/runtime/clock.hpp>
#include <wring/tests/deferred/channels.hpp>
#include <wring/tests/deferred/ending.hpp>
#include <wring/tests/deferred/support.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::drain;
using ::testing::ElementsAre;
using testing::Ending;
using ::testing::IsEmpty;
using testing::Numbers;
using testing::Pointer;
using testing::receiveAll;
using testing::receiveThenCall;
using testing::sendAll;
using testing::sendOne;
using testing::sendPointer;

using CancelledSend = testing::QuietTest;
using CancelledReceive = testing::QuietTest;

TEST_F(CancelledSend, theValueStaysTheCallersAndIsNeverReceived) {
    Channel<Pointer> channel(0);
    auto value = std::make_unique<int>(7);
    std::string end;
    Ending<void> sending(sendPointer(channel, value, end));
    sending.cancel();
    EXPECT_EQ(end, "CancelledError");
    ASSERT_NE(value, nullptr);
    EXPECT_EQ(*value, 7);
    EXPECT_EQ(channel.tryReceive(), std::nullopt);
}

TEST_F(CancelledSend, theOthersKeepTheirPlaces) {
    for (std::size_t victim : {0u, 1u, 2u}) {
        Channel<int> channel(0);
        Numbers expected = {0, 1, 2};
        expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(victim));
        std::vector<Ending<void>> ends;
        for (int i = 0; i < 3; ++i) ends.emplace_back(sendOne(channel, i));
        ends[victim].cancel();
        EXPECT_EQ(ends[victim].text(), "CancelledError");
        EXPECT_EQ(drain(channel), expected);
    }
}

TEST_F(CancelledSend, afterTheValueWasTakenItComesTooLate) {
    Channel<int> channel(0);
    Ending<void> end(sendOne(channel, 1));
    EXPECT_EQ(channel.tryReceive(), 1);
    end.cancel();
    EXPECT_EQ(end.text(), "value");
}

TEST_F(CancelledSend, aTimeoutTakesTheValueBack) {
    Channel<int> channel(1);
    Clock clock;
    sendOne(channel, 1);
    Ending<void> end(start(withTimeout(5s, testing::sendOneTask(channel, 2), clock)));
    clock.advance(5s);
    EXPECT_EQ(end.text(), "TimeoutError");
    EXPECT_THAT(drain(channel), ElementsAre(1));
}

TEST_F(CancelledReceive, noValueIsLostAndTheOthersKeepTheirPlaces) {
    for (std::size_t victim : {0u, 1u, 2u}) {
        Channel<int> channel(0);
        std::vector<Numbers> got(3);
        std::vector<Ending<void>> ends;
        for (Numbers& each : got) ends.emplace_back(receiveAll(channel, each, 1));
        ends[victim].cancel();
        EXPECT_EQ(ends[victim].text(), "CancelledError");
        sendAll(channel, 1, 2);
        EXPECT_THAT(got[victim], IsEmpty());
        EXPECT_THAT(got[victim == 0 ? 1 : 0], ElementsAre(1));
        EXPECT_THAT(got[victim == 2 ? 1 : 2], ElementsAre(2));
    }
}

TEST_F(CancelledReceive, withNobodyElseTheValueStaysInTheChannel) {
    Channel<int> channel(1);
    Numbers got;
    Ending<void> end(receiveAll(channel, got));
    end.cancel();
    EXPECT_TRUE(channel.trySend(1));
    EXPECT_THAT(got, IsEmpty());
    EXPECT_THAT(drain(channel), ElementsAre(1));
}

TEST_F(CancelledReceive, aTimeoutLeavesTheLine) {
    Channel<int> channel(0);
    Clock clock;
    Ending<std::optional<int>> end(start(withTimeout(5s, testing::receiveOneTask(channel), clock)));
    clock.advance(5s);
    EXPECT_EQ(end.text(), "TimeoutError");
    EXPECT_FALSE(channel.trySend(1));
}

TEST_F(CancelledReceive, aTimeoutAfterTheValueCameHasNoEffect) {
    Channel<int> channel(0);
    Clock clock;
    Ending<std::optional<int>> end(start(withTimeout(5s, testing::receiveOneTask(channel), clock)));
    EXPECT_TRUE(channel.trySend(1));
    clock.advance(5s);
    EXPECT_EQ(end.value(), 1);
}

TEST_F(CancelledReceive, oneThatGotItsValueBeforeIsGivenIt) {
    Channel<int> channel(0);
    Numbers got;
    std::optional<Ending<void>> victim;
    receiveThenCall(channel, got, [&] {
        // Served now, it goes on when this one has.
        EXPECT_TRUE(channel.trySend(2));
        victim->cancel();
    });
    victim.emplace(receiveAll(channel, got));
    EXPECT_TRUE(channel.trySend(1));
    EXPECT_EQ(victim->text(), "CancelledError");
    EXPECT_THAT(got, ElementsAre(1, 2));
}

TEST_F(CancelledReceive, oneThatIsCancelledByTheOneBeforeLeavesItsValueToTheNext) {
    Channel<int> channel(0);
    Numbers got;
    Numbers victims;
    std::optional<Ending<void>> victim;
    receiveThenCall(channel, got, [&] { victim->cancel(); });
    victim.emplace(receiveAll(channel, victims));
    receiveAll(channel, got, 1);
    sendAll(channel, 1, 2);
    EXPECT_THAT(victims, IsEmpty());
    EXPECT_THAT(got, ElementsAre(1, 2));
}

TEST_F(CancelledReceive, aCoroutineThatIsCancelledAlreadyStillGetsWhatIsThere) {
    Channel<int> channel(1);
    Channel<int> other(0);
    Numbers got;
    auto body = [](Channel<int>& first, Channel<int>& second, Numbers& out) -> Deferred<> {
        static_cast<void>(co_await outcome(first.receive()));
        out.push_back((co_await second.receive()).value_or(-1));
        co_await second.receive();
    };
    EXPECT_TRUE(channel.trySend(1));
    Ending<void> end(body(other, channel, got));
    end.cancel();
    EXPECT_EQ(end.text(), "CancelledError");
    EXPECT_THAT(got, ElementsAre(1));
}

}  // namespace
}  // namespace wring
