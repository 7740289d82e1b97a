#include <wring/net/stream.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

// Short writes one after the other in one turn, which leave together where sends leave in batches.

namespace wring {
namespace {

using namespace testing;
using StreamShortWriteTest = ReactorTest;

Task<> writeOwned(Stream* stream, std::string text) {
    Bytes owned = Bytes::copyOf(text);
    co_await stream->write(std::move(owned));
}

/// Once the driver runs: before that nothing is kept.
Task<> warmUp() {
    for (int turn = 0; turn < 2; ++turn) co_await sleepFor(Duration::zero());
}

/// Writes `count` lines; gives them as one text.
Task<std::string> writeLines(Stream* stream, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) {
        std::string line = "line " + std::to_string(i) + "\n";
        all += line;
        co_await writeOwned(stream, line);
    }
    co_return all;
}

/// Waits for all of `sent`, and then for the end of the stream.
Task<> receiveAllAndTheEnd(Reactor* reactor, Peer* far, std::string sent) {
    EXPECT_EQ(co_await receiveText(*reactor, far, sent.size()), sent);
    co_await until(*reactor, [&] { return far->receive().empty() && far->sawEnd(); });
}

bool sendsInBatches(Driver& driver) {
    return driver.features().inlineSend || std::string_view(driver.name()) == "epoll";
}

TEST_P(StreamShortWriteTest, thoseOfOneTurnLeaveTogether) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        co_await warmUp();
        std::uint64_t before = reactor.driver().stats().submitted;
        std::string sent = co_await writeLines(&ends.near, 20);
        std::uint64_t submitted = reactor.driver().stats().submitted - before;
        if (sendsInBatches(reactor.driver())) {
            EXPECT_EQ(submitted, 1u);
        }
        EXPECT_EQ(co_await receiveText(reactor, &ends.far, sent.size()), sent);
        // Behind what has left nothing is put.
        sent = co_await writeLines(&ends.near, 3);
        EXPECT_EQ(co_await receiveText(reactor, &ends.far, sent.size()), sent);
    });
}

TEST_P(StreamShortWriteTest, shortAndLongOnesOfSeveralStreamsKeepTheirOrder) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer one(reactor);
        StreamAndPeer two(reactor);
        std::string sentOne, sentTwo;
        co_await warmUp();
        for (std::size_t i = 0; i < 60; ++i) {
            bool isFirst = i / 3 % 2 == 0;
            std::string text(1 + i * i * 7 % 2500, static_cast<char>('a' + i % 26));
            (isFirst ? sentOne : sentTwo) += text;
            co_await writeOwned(isFirst ? &one.near : &two.near, text);
        }
        EXPECT_TRUE(co_await receiveText(reactor, &one.far, sentOne.size()) == sentOne);
        EXPECT_TRUE(co_await receiveText(reactor, &two.far, sentTwo.size()) == sentTwo);
    });
}

TEST_P(StreamShortWriteTest, allOfThemGoOutBeforeSendingIsShut) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        co_await warmUp();
        std::string sent = co_await writeLines(&ends.near, 4);
        co_await ends.near.shutdownSend();
        co_await receiveAllAndTheEnd(&reactor, &ends.far, sent);
    });
}

TEST_P(StreamShortWriteTest, allOfThemGoOutBeforeTheStreamIsClosed) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        co_await warmUp();
        std::string sent = co_await writeLines(&ends.near, 4);
        co_await ends.near.close();
        co_await receiveAllAndTheEnd(&reactor, &ends.far, sent);
    });
}

TEST_P(StreamShortWriteTest, cancellingWhoHasWrittenTakesNothingBack) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        if (!sendsInBatches(reactor.driver())) co_return;  // they are waited for there
        co_await warmUp();
        auto writing = start([](Stream* stream) -> Task<> {
            co_await writeLines(stream, 4);
            co_await sleepFor(std::chrono::hours(1));
        }(&ends.near));
        writing.cancel();
        EXPECT_FALSE(co_await outcome(std::move(writing)));
        const std::string sent = "line 0\nline 1\nline 2\nline 3\n";
        EXPECT_EQ(co_await receiveText(reactor, &ends.far, sent.size()), sent);
    });
}

// Whoever lends its bytes is told what has become of them.
TEST_P(StreamShortWriteTest, aLentOneBehindThemIsWaitedFor) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        co_await warmUp();
        std::string sent = co_await writeLines(&ends.near, 2);
        std::uint64_t before = reactor.driver().stats().submitted;
        co_await ends.near.write("lent");
        EXPECT_GT(reactor.driver().stats().submitted, before);
        EXPECT_EQ(co_await receiveText(reactor, &ends.far, sent.size() + 4), sent + "lent");
        ends.far.reset();
        auto written = co_await outcome(writeLines(&ends.near, 2));
        auto lent = co_await outcome([](Stream* stream) -> Task<> {
            const std::string_view text = "lent";
            co_await stream->write(text);
        }(&ends.near));
        EXPECT_FALSE(lent);
    });
}

TEST_P(StreamShortWriteTest, aConnectionThatBreaksIsToldToALaterWrite) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        co_await warmUp();
        ends.far.reset();
        auto first = co_await outcome(writeLines(&ends.near, 4));
        co_await turns(reactor);
        auto later = co_await outcome(writeOwned(&ends.near, "later"));
        EXPECT_FALSE(later);
        if (!later) {
            EXPECT_TRUE(later.error().check<ConnectionLost>()) << later.error().className();
        }
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, StreamShortWriteTest, ::testing::ValuesIn(allDrivers()), nameOf);

}  // namespace
}  // namespace wring
