#include <wring/deferred/deferred_queue.hpp>
#include <wring/deferred/start.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/runtime/clock.hpp>
#include <wring/tests/deferred/ending.hpp>
#include <wring/tests/deferred/support.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <gmock/gmock.h>

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::Boom;
using ::testing::ElementsAre;
using testing::Ending;
using ::testing::IsEmpty;

using Put = testing::QuietTest;
using Get = testing::QuietTest;
using Limits = testing::QuietTest;
using CancelledGet = testing::QuietTest;
using EndOfQueue = testing::QuietTest;
using DeferredQueueTest = testing::ReactorTest;

constexpr std::size_t unlimited = DeferredQueue<int>::unlimited;

TEST_F(Get, valuesComeInTheOrderInWhichTheyWerePut) {
    DeferredQueue<int> queue;
    for (int i = 0; i < 3; ++i) queue.put(i);
    EXPECT_EQ(queue.size(), 3u);
    std::vector<int> got;
    for (int i = 0; i < 3; ++i) got.push_back(Ending<int>(queue.get()).value());
    EXPECT_THAT(got, ElementsAre(0, 1, 2));
    EXPECT_EQ(queue.size(), 0u);
}

TEST_F(Get, fromAnEmptyQueueItWaits) {
    DeferredQueue<int> queue;
    Ending<int> end(queue.get());
    EXPECT_EQ(end.text(), "waiting");
    EXPECT_EQ(queue.backlog(), 1u);
    queue.put(7);
    EXPECT_EQ(end.value(), 7);
    EXPECT_EQ(queue.backlog(), 0u);
}

TEST_F(Put, thoseWhoWaitGetTheValuesInOrderBeforeItReturns) {
    DeferredQueue<int> queue;
    std::vector<int> got;
    for (int i = 0; i < 3; ++i) {
        queue.get().addCallback([&got, i](int value) { got.push_back(10 * i + value); });
    }
    for (int i = 0; i < 3; ++i) queue.put(i);
    EXPECT_THAT(got, ElementsAre(0, 11, 22));
    EXPECT_EQ(queue.size(), 0u);
}

TEST_F(Put, valuesThatCannotBeCopiedAreMovedThrough) {
    DeferredQueue<std::unique_ptr<int>> queue;
    queue.put(std::make_unique<int>(1));
    Ending<std::unique_ptr<int>> first(queue.get());
    Ending<std::unique_ptr<int>> second(queue.get());
    queue.put(std::make_unique<int>(2));
    EXPECT_EQ(*first.value(), 1);
    EXPECT_EQ(*second.value(), 2);
}

TEST_F(Put, aCopyLeavesTheOriginal) {
    DeferredQueue<std::string> queue;
    const std::string original = "a text that does not fit into the string itself";
    queue.put(original);
    EXPECT_EQ(Ending<std::string>(queue.get()).value(), original);
}

Deferred<> forward(DeferredQueue<int>& queue, std::vector<int>& got) {
    int value = co_await queue.get();
    got.push_back(value);
    if (value < 3) queue.put(value + 1);
}

TEST_F(Put, whoIsGivenAValueMayPutTheNextOne) {
    DeferredQueue<int> queue;
    std::vector<int> got;
    for (int i = 0; i < 3; ++i) forward(queue, got);
    queue.put(1);
    EXPECT_THAT(got, ElementsAre(1, 2, 3));
}

Deferred<> getTwice(DeferredQueue<int>& queue, std::vector<int>& got) {
    for (int i = 0; i < 2; ++i) got.push_back(co_await queue.get());
}

TEST_F(Put, whoIsGivenAValueAndComesAgainStandsBehindTheOthers) {
    DeferredQueue<int> queue;
    std::vector<int> twice;
    getTwice(queue, twice);
    Ending<int> other(queue.get());
    for (int i = 0; i < 3; ++i) queue.put(i);
    EXPECT_THAT(twice, ElementsAre(0, 2));
    EXPECT_EQ(other.value(), 1);
}

TEST_F(Put, aGetThatIsFiredByHandIsNotWaitingAnyMore) {
    DeferredQueue<int> queue;
    Deferred<int> odd = queue.get();
    odd.addErrback([](const Failure&) { return 0; });
    odd.errback(Boom());
    EXPECT_EQ(queue.backlog(), 0u);
    queue.put(1);
    EXPECT_EQ(queue.size(), 1u);
}

TEST_F(Put, aValueThatNobodyTakesFromItsDeferredEndsWithThat) {
    DeferredQueue<std::shared_ptr<int>> queue;
    auto value = std::make_shared<int>(1);
    static_cast<void>(queue.get());
    queue.put(value);
    EXPECT_EQ(queue.size(), 0u);
    EXPECT_EQ(value.use_count(), 1);
}

/// How many puts, and how many gets, a queue takes before it refuses.
template <class Error, class Call>
int acceptedCalls(Call call) {
    for (int count = 0; count < 5; ++count) {
        try {
            call();
        } catch (const Error&) {
            return count;
        }
    }
    return 5;
}

TEST_F(Limits, sizeIsHowManyValuesAreHeldBeforeQueueOverflow) {
    for (int size : {0, 1, 3}) {
        DeferredQueue<int> queue(static_cast<std::size_t>(size));
        EXPECT_EQ(acceptedCalls<QueueOverflow>([&] { queue.put(1); }), size);
        EXPECT_EQ(queue.size(), static_cast<std::size_t>(size));
    }
    DeferredQueue<int> queue;
    EXPECT_EQ(acceptedCalls<QueueOverflow>([&] { queue.put(1); }), 5);
}

TEST_F(Limits, backlogIsHowManyMayWaitBeforeQueueUnderflow) {
    for (int backlog : {0, 1, 3}) {
        DeferredQueue<int> queue(unlimited, static_cast<std::size_t>(backlog));
        EXPECT_EQ(acceptedCalls<QueueUnderflow>([&] { static_cast<void>(queue.get()); }), backlog);
        EXPECT_EQ(queue.backlog(), static_cast<std::size_t>(backlog));
    }
}

TEST_F(Limits, whoWaitsIsServedThoughThereIsNoRoom) {
    DeferredQueue<int> queue(0);
    Ending<int> end(queue.get());
    queue.put(1);
    EXPECT_EQ(end.value(), 1);
    EXPECT_THROW(queue.put(2), QueueOverflow);
}

TEST_F(Limits, aValueIsThereThoughNobodyMayWait) {
    DeferredQueue<int> queue(unlimited, 0);
    queue.put(1);
    EXPECT_EQ(Ending<int>(queue.get()).value(), 1);
    EXPECT_THROW(static_cast<void>(queue.get()), QueueUnderflow);
}

TEST_F(Limits, aValueThatIsRefusedStaysTheCallers) {
    DeferredQueue<std::unique_ptr<int>> queue(0);
    auto value = std::make_unique<int>(1);
    EXPECT_THROW(queue.put(std::move(value)), QueueOverflow);
    ASSERT_NE(value, nullptr);
    EXPECT_EQ(*value, 1);
}

TEST_F(CancelledGet, theNextValueGoesToTheNextWhoWaits) {
    DeferredQueue<int> queue;
    Ending<int> first(queue.get());
    Ending<int> second(queue.get());
    first.cancel();
    EXPECT_EQ(first.text(), "CancelledError");
    queue.put(1);
    EXPECT_EQ(second.value(), 1);
}

TEST_F(CancelledGet, itsPlaceInTheBacklogIsFree) {
    DeferredQueue<int> queue(unlimited, 1);
    Ending<int> first(queue.get());
    first.cancel();
    Ending<int> second(queue.get());
    EXPECT_EQ(second.text(), "waiting");
}

TEST_F(CancelledGet, withNobodyElseTheValueIsKept) {
    DeferredQueue<int> queue;
    Ending<int> end(queue.get());
    end.cancel();
    queue.put(1);
    EXPECT_EQ(queue.size(), 1u);
}

TEST_F(CancelledGet, afterItGotItsValueNothingHappens) {
    DeferredQueue<int> queue;
    Ending<int> end(queue.get());
    queue.put(1);
    end.cancel();
    EXPECT_EQ(end.value(), 1);
}

TEST_F(CancelledGet, whoIsGivenAValueMayCancelTheNextOne) {
    DeferredQueue<int> queue;
    std::optional<Ending<int>> victim;
    queue.get().addCallback([&](int) { victim->cancel(); });
    victim.emplace(queue.get());
    Ending<int> last(queue.get());
    queue.put(1);
    queue.put(2);
    EXPECT_EQ(victim->text(), "CancelledError");
    EXPECT_EQ(last.value(), 2);
}

Deferred<int> getWithin(DeferredQueue<int>& queue, Clock& clock) {
    co_return co_await withTimeout(5s, queue.get(), clock);
}

TEST_F(CancelledGet, aTimeoutTakesNoValueWithIt) {
    DeferredQueue<int> queue;
    Clock clock;
    Ending<int> late(getWithin(queue, clock));
    Ending<int> early(getWithin(queue, clock));
    queue.put(1);
    clock.advance(5s);
    EXPECT_EQ(late.value(), 1);
    EXPECT_EQ(early.text(), "TimeoutError");
    EXPECT_EQ(queue.backlog(), 0u);
}

TEST_F(EndOfQueue, whoStillWaitsFailsQuietlyWithCancelledError) {
    auto queue = std::make_unique<DeferredQueue<int>>();
    Ending<int> end(queue->get());
    static_cast<void>(queue->get());
    queue.reset();
    EXPECT_EQ(end.text(), "CancelledError");
    EXPECT_THAT(messages(), IsEmpty());
}

TEST_F(EndOfQueue, whoIsGivenAValueMayDestroyIt) {
    auto queue = std::make_unique<DeferredQueue<int>>();
    queue->get().addCallback([&](int) { queue.reset(); });
    Ending<int> other(queue->get());
    queue->put(1);
    EXPECT_EQ(queue, nullptr);
    EXPECT_EQ(other.text(), "CancelledError");
}

Deferred<> putAll(DeferredQueue<int>& queue, int count) {
    for (int i = 1; i <= count; ++i) {
        co_await sleepFor(0ms);
        queue.put(i);
    }
}

TEST_P(DeferredQueueTest, itCarriesValuesBetweenTurnsOfTheReactor) {
    run([](Reactor&) -> Task<> {
        DeferredQueue<int> queue;
        Deferred<> producer = putAll(queue, 10);
        int total = 0;
        for (int i = 0; i < 10; ++i) total += co_await queue.get();
        co_await producer;
        EXPECT_EQ(total, 55);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, DeferredQueueTest, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
