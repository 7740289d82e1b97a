#include <wring/deferred/timeout.hpp>
#include <wring/net/stream.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using StreamCancelTest = ReactorTest;

TEST_P(StreamCancelTest, aReadThatWaitsEndsAndTheNextOneGetsTheBytes) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto reading = start(readOnce(&ends.near));
        co_await turns(reactor);
        reading.cancel();
        auto got = co_await outcome(reading);
        EXPECT_TRUE(!got && got.error().check<CancelledError>());
        ends.far.send("not lost");
        EXPECT_EQ(co_await readText(&ends.near), "not lost");
        EXPECT_TRUE(ends.near.isOpen());
    });
}

TEST_P(StreamCancelTest, bytesThatComeInTheSameTurnAreNotLost) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto reading = start(readText(&ends.near));
        co_await turns(reactor);
        ends.far.send("just in time");
        reading.cancel();
        auto got = co_await outcome(reading);
        std::string text;
        if (got) {
            text = *got;
        } else {
            text = co_await readText(&ends.near);
        }
        EXPECT_EQ(text, "just in time");
    });
}

TEST_P(StreamCancelTest, cancellingAFinishedReadHasNoEffect) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto reading = start(readText(&ends.near));
        ends.far.send("done");
        co_await until(reactor, [&] { return reading.called(); });
        reading.cancel();
        EXPECT_EQ(co_await reading, "done");
        ends.far.send("more");
        EXPECT_EQ(co_await readText(&ends.near), "more");
    });
}

TEST_P(StreamCancelTest, aTimeOutEndsAReadAndTheStreamGoesOn) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto got = co_await outcome(withTimeout(1ms, readText(&ends.near), reactor));
        EXPECT_TRUE(!got && got.error().check<TimeoutError>());
        ends.far.send("later");
        EXPECT_EQ(co_await readText(&ends.near), "later");
    });
}

TEST_P(StreamCancelTest, readUntilGivesBackWhatItHadTaken) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto reading = start(ends.near.readUntil("\n", 100));
        ends.far.send("half a ");
        co_await turns(reactor);
        reading.cancel();
        auto got = co_await outcome(reading);
        EXPECT_TRUE(!got && got.error().check<CancelledError>());
        ends.far.send("line\n");
        Bytes line = co_await ends.near.readUntil("\n", 100);
        EXPECT_EQ(line.text(), "half a line\n");
    });
}

TEST_P(StreamCancelTest, readExactlyEndsWhileItWaits) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto reading = start(readExactText(&ends.near, 100));
        ends.far.send("few");
        co_await turns(reactor);
        reading.cancel();
        auto got = co_await outcome(reading);
        EXPECT_TRUE(!got && got.error().check<CancelledError>());
    });
}

TEST_P(StreamCancelTest, aWriteThatWaitsEndsAndTheStreamGoesOn) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, 16384);
        std::string sent = pattern(4 << 20);
        auto writing = start(writeText(&ends.near, sent));
        co_await turns(reactor);
        EXPECT_FALSE(writing.called());
        writing.cancel();
        auto written = co_await outcome(writing);
        EXPECT_TRUE(!written && written.error().check<CancelledError>());
        std::string got = co_await receiveText(reactor, &ends.far, 1);
        co_await turns(reactor);
        got += ends.far.receive();
        EXPECT_LT(got.size(), sent.size());
        EXPECT_TRUE(sent.compare(0, got.size(), got) == 0);
        co_await ends.near.write("after");
        EXPECT_EQ(co_await receiveText(reactor, &ends.far, 5), "after");
    });
}

TEST_P(StreamCancelTest, cancellingAFinishedWriteHasNoEffect) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto writing = start(writeText(&ends.near, "done"));
        co_await until(reactor, [&] { return writing.called(); });
        writing.cancel();
        auto written = co_await outcome(writing);
        EXPECT_TRUE(written.has_value());
        EXPECT_EQ(ends.far.receive(), "done");
    });
}

TEST_P(StreamCancelTest, aCancelledTaskNeitherReadsNorWritesAnyMore) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto body = [](Stream* stream) -> Task<int> {
            int refusals = 0;
            auto waited = co_await outcome(stream->read());
            refusals += !waited && waited.error().check<CancelledError>();
            auto read = co_await outcome(stream->read());
            refusals += !read && read.error().check<CancelledError>();
            auto written = co_await outcome(stream->write("x"));
            refusals += !written && written.error().check<CancelledError>();
            co_return refusals;
        };
        auto working = startCall(body, &ends.near);
        co_await turns(reactor);
        working.cancel();
        EXPECT_EQ(co_await working, 3);
        EXPECT_EQ(ends.far.receive(), "");
    });
}

TEST_P(StreamCancelTest, aCancelledCloseClosesAllTheSame) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        auto reading = start(readOnce(&ends.near));
        co_await turns(reactor);
        auto closing = start(ends.near.close());
        closing.cancel();
        auto closed = co_await outcome(closing);
        EXPECT_TRUE(closed || closed.error().check<CancelledError>());
        auto got = co_await outcome(reading);
        EXPECT_TRUE(!got && got.error().check<ConnectionLost>());
        co_await turns(reactor);
        ends.far.receive();
        EXPECT_TRUE(ends.far.sawEnd());
        EXPECT_EQ(reactor.resources(), 0u);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, StreamCancelTest, ::testing::ValuesIn(allDrivers()), nameOf);

}  // namespace
}  // namespace wring
