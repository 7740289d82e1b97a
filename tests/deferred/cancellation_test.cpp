#include <wring/deferred/gather.hpp>
#include <wring/deferred/scope.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/runtime/detail/operation_awaiter.hpp>
#include <wring/tests/deferred/support.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <array>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

namespace wring {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;

using Levels = testing::QuietTest;
using CancellationTest = testing::ReactorTest;

using Notes = std::vector<std::string>;

Task<> waitThrice(Event& never, Notes& notes) {
    for (int i = 0; i < 3; ++i) {
        auto result = co_await outcome(never.wait());
        notes.push_back(result ? "value" : result.error().className());
    }
}

Task<> waitWithin(Event& never, Notes& notes) {
    co_await waitThrice(never, notes);
    auto result = co_await outcome(never.wait());
    notes.push_back(result ? "value" : result.error().className());
}

TEST_F(Levels, everySuspensionPointThrowsUntilTheEndInTasksWithinTasks) {
    Event never;
    Notes notes;
    Deferred<> running = start(waitWithin(never, notes));
    running.cancel();
    EXPECT_TRUE(running.isReady());
    EXPECT_EQ(notes.size(), 4u);
    EXPECT_THAT(notes, Each("CancelledError"));
}

Task<> swallowAndGiveUp(Event& never, int& caught) {
    for (;;) {
        try {
            co_await never.wait();
        } catch (const CancelledError&) {
            if (++caught == 5) co_return;
        }
    }
}

TEST_F(Levels, catchingItDoesNotMakeItGoAway) {
    Event never;
    int caught = 0;
    Deferred<> running = start(swallowAndGiveUp(never, caught));
    running.cancel();
    EXPECT_EQ(caught, 5);
    EXPECT_TRUE(running.isReady());
}

Deferred<> waitAsDeferred(Event& never, Notes& notes) { co_await waitThrice(never, notes); }

Task<> spawnAndJoin(Event& never, Notes& notes) {
    Scope scope;
    scope.spawn(waitThrice, std::ref(never), std::ref(notes));
    Deferred<> other = waitAsDeferred(never, notes);
    auto joined = co_await outcome(scope.join());
    notes.push_back(joined ? "joined" : joined.error().className());
    auto result = co_await outcome(other);
    notes.push_back(result ? "value" : result.error().className());
    co_await never.wait();
}

TEST_F(Levels, awaitingADeferredOfACancelledCoroutineCancelsThatToo) {
    Event never;
    Notes notes;
    auto body = [](Event& event, Notes& noted) -> Task<> {
        co_await waitAsDeferred(event, noted);
        co_await event.wait();
    };
    Deferred<> running = start(body(never, notes));
    running.cancel();
    EXPECT_TRUE(running.isReady());
    EXPECT_EQ(notes.size(), 3u);
    EXPECT_THAT(notes, Each("CancelledError"));
}

TEST_P(CancellationTest, isInheritedByScopesAndByDeferredsThatAreAwaited) {
    run([](Reactor&) -> Task<> {
        Event never;
        Notes notes;
        Deferred<> running = start(spawnAndJoin(never, notes));
        running.cancel();
        auto result = co_await outcome(running);
        EXPECT_TRUE(result.error().check<CancelledError>());
        EXPECT_EQ(notes.size(), 8u);
        EXPECT_EQ(std::count(notes.begin(), notes.end(), "CancelledError"), 7);
        EXPECT_EQ(notes.back(), "value");  // it ended, having swallowed the cancellation
    });
}

TEST_F(Levels, cancellingACoroutineFromWithinItselfIsFeltAtItsNextSuspension) {
    Event never;
    Event go;
    Notes notes;
    auto body = [](Event& gate, Event& forever, Deferred<>& self, Notes& noted) -> Task<> {
        co_await gate.wait();
        self.cancel();
        noted.push_back("asked");
        co_await forever.wait();
        noted.push_back("not reached");
    };
    Deferred<> running;
    running = start(body(go, never, running, notes));
    go.set();
    EXPECT_TRUE(running.isReady());
    EXPECT_THAT(notes, ElementsAre("asked"));
}

/// A pipe that closes itself.
class Pipe {
 public:
    Pipe() { EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0); }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    int reader() const { return ends_[0]; }
    void put(char byte) const { EXPECT_EQ(::write(ends_[1], &byte, 1), 1); }
    /// How many bytes are in it; takes them.
    int drain() const {
        ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
        std::array<char, 16> into{};
        return std::max(0, static_cast<int>(::read(ends_[0], into.data(), into.size())));
    }

 private:
    std::array<int, 2> ends_{-1, -1};
};

Task<int> readByte(Reactor& reactor, const Pipe& pipe) {
    std::byte into{};
    detail::OperationAwaiter read(reactor.driver());
    read.operation().prepareRead(pipe.reader(), std::span(&into, 1));
    co_return co_await read;
}

Task<> readThenCancel(Reactor& reactor, const Pipe& pipe, Deferred<int>& other) {
    EXPECT_EQ(co_await readByte(reactor, pipe), 1);
    other.cancel();
}

TEST_P(CancellationTest, aReadThatIsCancelledWhileWaitingTakesNothing) {
    run([](Reactor& reactor) -> Task<> {
        Pipe pipe;
        Deferred<int> reading = start(readByte(reactor, pipe));
        co_await sleepFor(1ms);
        reading.cancel();
        EXPECT_EQ(co_await reading, -ECANCELED);
        pipe.put('x');
        EXPECT_EQ(pipe.drain(), 1);
    });
}

TEST_P(CancellationTest, aReadThatHadMovedDataDeliversItAndNoByteIsLost) {
    run([](Reactor& reactor) -> Task<> {
        Pipe first;
        Pipe second;
        Deferred<int> victim;
        Deferred<> cancels = start(readThenCancel(reactor, first, victim));
        victim = start(readByte(reactor, second));
        co_await sleepFor(0ms);
        first.put('a');
        second.put('b');
        int got = co_await victim;
        co_await cancels;
        EXPECT_TRUE(got == 1 || got == -ECANCELED) << got;
        EXPECT_EQ(second.drain(), got == 1 ? 0 : 1);
    });
}

TEST_P(CancellationTest, aReadOfWhatIsThereAlreadyEndsOnceWhenItIsCancelledAtOnce) {
    run([](Reactor& reactor) -> Task<> {
        Pipe pipe;
        pipe.put('x');
        Deferred<int> reading = start(readByte(reactor, pipe));
        reading.cancel();
        int got = co_await reading;
        EXPECT_TRUE(got == 1 || got == -ECANCELED) << got;
        EXPECT_EQ(pipe.drain(), got == 1 ? 0 : 1);
    });
}

/// What a program of many parts has begun and ended.
struct Balance {
    int begun = 0;
    int ended = 0;
};

/// One part of it.
class Part {
 public:
    explicit Part(Balance& balance) : balance_(balance) { ++balance_.begun; }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    ~Part() { ++balance_.ended; }

 private:
    Balance& balance_;
};

Task<> turns(Balance& balance, int count) {
    Part part(balance);
    for (int i = 0; i < count; ++i) co_await sleepFor(0ms);
}

Deferred<int> turnsAsDeferred(Balance& balance, int count) {
    Part part(balance);
    co_await turns(balance, count);
    co_return count;
}

Task<> readOne(Balance& balance, Reactor& reactor, const Pipe& pipe) {
    Part part(balance);
    int got = co_await readByte(reactor, pipe);
    if (got < 0) throw CancelledError();
}

Task<> children(Scope& scope, Balance& balance, Reactor& reactor, const Pipe& pipe) {
    Part part(balance);
    scope.spawn(turns, std::ref(balance), 2);
    scope.spawn(readOne, std::ref(balance), std::ref(reactor), std::ref(pipe));
    co_await turns(balance, 1);
    scope.spawn(turns, std::ref(balance), 3);
    pipe.put('x');
}

Task<> program(Balance& balance, Reactor& reactor, const Pipe& pipe) {
    Part part(balance);
    co_await turns(balance, 1);
    co_await withScope(children, std::ref(balance), std::ref(reactor), std::ref(pipe));
    std::vector<Deferred<int>> all{turnsAsDeferred(balance, 1), turnsAsDeferred(balance, 2)};
    auto gathered = co_await gatherResults(std::move(all));
    std::vector<Deferred<int>> racers{turnsAsDeferred(balance, 9), turnsAsDeferred(balance, 1)};
    auto winner = co_await race(std::move(racers));
    EXPECT_EQ(winner.index, 1u);
    co_await withTimeout(10s, turns(balance, 1));
    co_await shield(10s, turns(balance, 2));
    static_cast<void>(co_await outcome(withTimeout(0ms, turns(balance, 1000))));
}

Task<> programCancelledAt(Reactor& reactor, int step, bool& completed) {
    Balance balance;
    Pipe pipe;
    Deferred<> running = start(program(balance, reactor, pipe));
    for (int i = 0; i < step; ++i) co_await sleepFor(0ms);
    completed = running.called();
    running.cancel();
    auto result = co_await outcome(running);
    EXPECT_TRUE(result || !completed);
    if (!result) {
        bool isTold = result.error().check<CancelledError>() ||
                      result.error().check<FirstError>() || result.error().check<FailureGroup>();
        EXPECT_TRUE(isTold) << result.error().getErrorMessage();
    }
    EXPECT_GT(balance.begun, 0);
    EXPECT_EQ(balance.begun, balance.ended);
}

TEST_P(CancellationTest, atAnyStepOfANestedProgramLeavesNothingBehind) {
    bool completed = false;
    int step = 0;
    for (; !completed && step < 200; ++step) {
        run(
            [](Reactor& reactor, int at, bool* done) -> Task<> {
                co_await programCancelledAt(reactor, at, *done);
            },
            step, &completed);
    }
    EXPECT_TRUE(completed);
    EXPECT_GT(step, 10);
}

INSTANTIATE_TEST_SUITE_P(Drivers, CancellationTest, ::testing::ValuesIn(testing::allDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
