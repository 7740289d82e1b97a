#include <wring/net/standard_io.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <fcntl.h>
#include <cstdlib>
#include <stdexcept>

namespace wring {
namespace {

using namespace testing;
using StandardIOTest = ReactorTest;

std::string readAll(int fd, int flags = O_NONBLOCK) {
    ::fcntl(fd, F_SETFL, flags);
    std::string all;
    std::vector<char> block(65536);
    for (;;) {
        ssize_t count = ::read(fd, block.data(), block.size());
        if (count <= 0) return all;
        all.append(block.data(), static_cast<std::size_t>(count));
    }
}

/// The two pipes of a process, and their other ends.
struct Pipes {
    Pipes() {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        input = Peer(ends[0]);
        feed = Peer(ends[1]);
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        drain = Peer(ends[0]);
        output = Peer(ends[1]);
    }
    void say(std::string_view text) {
        EXPECT_EQ(::write(feed.fd(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    Peer input, feed, drain, output;
};

template <class P>
Ref<ITransport> connectTo(Reactor& reactor, Record* record, const Pipes& pipes) {
    return standardIO(reactor, makeRef<P>(record), pipes.input.fd(), pipes.output.fd());
}

Task<> untilLost(Reactor* reactor, const Record* record) {
    co_await until(*reactor, [=] { return record->lost > 0; });
}

TEST_P(StandardIOTest, whatComesIsAnsweredAndTheEndOfTheInputIsTheEnd) {
    run([](Reactor& reactor) -> Task<> {
        Pipes pipes;
        Record record;
        record.onData = [](Recorder& it, std::string_view data) { it.transport().write(data); };
        connectTo<Recorder>(reactor, &record, pipes);
        EXPECT_EQ(record.made, 1);
        pipes.say("first ");
        co_await until(reactor, [&] { return record.received == "first "; });
        pipes.say("last");
        pipes.feed.close();
        co_await untilLost(&reactor, &record);
        EXPECT_EQ(record.events, (Strings{"made", "data", "lost"}));
        EXPECT_EQ(record.reason, "ConnectionDone: Connection was closed cleanly.");
        EXPECT_EQ(readAll(pipes.drain.fd()), "first last");
    });
}

TEST_P(StandardIOTest, losingTheConnectionSendsWhatWasWrittenAndLeavesTheDescriptorsOpen) {
    run([](Reactor& reactor) -> Task<> {
        Pipes pipes;
        Record record;
        auto transport = connectTo<Recorder>(reactor, &record, pipes);
        std::string text = pattern(300000), got;
        transport->write(text);
        transport->loseConnection();
        transport->write("too late");
        EXPECT_EQ(record.lost, 0);
        ::fcntl(pipes.drain.fd(), F_SETFL, O_NONBLOCK);
        while (record.lost == 0) {
            co_await turns(reactor, 1);
            got += readAll(pipes.drain.fd());
        }
        got += readAll(pipes.drain.fd());
        EXPECT_TRUE(got == text) << got.size();
        EXPECT_EQ(::fcntl(pipes.output.fd(), F_GETFL) & O_NONBLOCK, 0);
        EXPECT_EQ(::write(pipes.output.fd(), "x", 1), 1);
        EXPECT_FALSE(transport->connected());
    });
}

TEST_P(StandardIOTest, anAbortDropsWhatIsQueued) {
    run([](Reactor& reactor) -> Task<> {
        Pipes pipes;
        Record record;
        auto transport = connectTo<Recorder>(reactor, &record, pipes);
        transport->write("never sent");
        transport->abortConnection();
        co_await untilLost(&reactor, &record);
        EXPECT_EQ(record.reason.rfind("ConnectionAborted", 0), 0u) << record.reason;
        EXPECT_EQ(readAll(pipes.drain.fd()), "");
    });
}

TEST_P(StandardIOTest, aHalfCloseableProtocolGoesOnAfterTheEndOfTheInput) {
    run([](Reactor& reactor) -> Task<> {
        Pipes pipes;
        Record record;
        auto transport = connectTo<HalfCloseRecorder>(reactor, &record, pipes);
        pipes.feed.close();
        co_await until(reactor, [&] { return record.events.back() == "readLost"; });
        transport->write("still there");
        transport->loseWriteConnection();
        co_await untilLost(&reactor, &record);
        EXPECT_EQ(record.events, (Strings{"made", "readLost", "writeLost", "lost"}));
        EXPECT_EQ(readAll(pipes.drain.fd()), "still there");
    });
}

TEST_P(StandardIOTest, whereNobodyReadsTheConnectionIsLost) {
    run([](Reactor& reactor) -> Task<> {
        Pipes pipes;
        Record record;
        auto transport = connectTo<Recorder>(reactor, &record, pipes);
        pipes.drain.close();
        transport->write("anybody?");
        co_await untilLost(&reactor, &record);
        EXPECT_EQ(record.reason.rfind("ConnectionLost", 0), 0u) << record.reason;
    });
}

TEST_P(StandardIOTest, whereNobodyReadsAHalfCloseableProtocolIsToldAndReadsOn) {
    run([](Reactor& reactor) -> Task<> {
        Pipes pipes;
        Record record;
        auto transport = connectTo<HalfCloseRecorder>(reactor, &record, pipes);
        pipes.drain.close();
        transport->write("anybody?");
        co_await until(reactor, [&] { return record.events.back() == "writeLost"; });
        pipes.say("more");
        co_await until(reactor, [&] { return record.received == "more"; });
        transport->loseConnection();
        co_await untilLost(&reactor, &record);
        EXPECT_EQ(record.reason.rfind("ConnectionDone", 0), 0u) << record.reason;
    });
}

TEST_P(StandardIOTest, whilePausedNothingIsDelivered) {
    run([](Reactor& reactor) -> Task<> {
        Pipes pipes;
        Record record;
        auto transport = connectTo<Recorder>(reactor, &record, pipes);
        transport->pauseProducing();
        pipes.say("kept");
        co_await turns(reactor);
        EXPECT_EQ(record.received, "");
        transport->resumeProducing();
        EXPECT_EQ(record.received, "");
        co_await until(reactor, [&] { return record.received == "kept"; });
        transport->loseConnection();
        co_await untilLost(&reactor, &record);
    });
}

TEST_P(StandardIOTest, aProducerIsPausedAboveTheHighWaterMarkAndResumed) {
    struct Source final : IProducer {
        void pauseProducing() override { ++pauses; }
        void resumeProducing() override { ++resumes; }
        void stopProducing() override { ++stops; }
        int pauses = 0, resumes = 0, stops = 0;
    };
    run([](Reactor& reactor) -> Task<> {
        Pipes pipes;
        Record record;
        Source source;
        auto transport = connectTo<Recorder>(reactor, &record, pipes);
        transport->registerProducer(source, true);
        transport->write(pattern(200000));
        EXPECT_EQ(source.pauses, 1);
        while (source.resumes == 0) {
            co_await turns(reactor, 1);
            readAll(pipes.drain.fd());
        }
        pipes.feed.close();
        co_await untilLost(&reactor, &record);
        EXPECT_EQ(source.stops, 1);
    });
}

TEST_P(StandardIOTest, filesWorkOnEitherSide) {
    run([](Reactor& reactor) -> Task<> {
        char from[] = "/tmp/wring-stdio-XXXXXX", to[] = "/tmp/wring-stdio-XXXXXX";
        Peer input(::mkostemp(from, O_CLOEXEC)), output(::mkostemp(to, O_CLOEXEC));
        ::unlink(from);
        ::unlink(to);
        std::string text = pattern(50000);
        EXPECT_EQ(::write(input.fd(), text.data(), text.size()), 50000);
        ::lseek(input.fd(), 0, SEEK_SET);
        Record record;
        record.onData = [](Recorder& it, std::string_view data) {
            EXPECT_LE(data.size(), 8192u);
            it.transport().write(data);
        };
        standardIO(reactor, makeRef<Recorder>(&record), input.fd(), output.fd());
        co_await untilLost(&reactor, &record);
        ::lseek(output.fd(), 0, SEEK_SET);
        EXPECT_TRUE(readAll(output.fd(), 0) == text);
    });
}

TEST_P(StandardIOTest, whatCallbacksThrowEndsTheConnectionWithIt) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        Pipes pipes;
        Record record;
        record.onData = [](Recorder&, std::string_view) { throw std::runtime_error("bad data"); };
        connectTo<Recorder>(reactor, &record, pipes);
        pipes.say("x");
        co_await untilLost(&reactor, &record);
        EXPECT_NE(record.reason.find("bad data"), std::string::npos);
        Record other;
        other.onMade = [](Recorder&) { throw std::runtime_error("bad start"); };
        std::string thrown;
        try {
            connectTo<Recorder>(reactor, &other, pipes);
        } catch (const std::runtime_error& error) {
            thrown = error.what();
        }
        EXPECT_EQ(thrown, "bad start");
        co_await untilLost(&reactor, &other);
    });
}

TEST_P(StandardIOTest, aStoppingReactorLosesTheConnection) {
    Pipes pipes;
    Record record;
    Reactor reactor(options());
    reactor.callWhenRunning([&] {
        connectTo<Recorder>(reactor, &record, pipes);
        reactor.callLater(Duration::zero(), [&] { reactor.stop(); });
    });
    reactor.run(false);
    EXPECT_EQ(record.events, (Strings{"made", "lost"}));
    EXPECT_EQ(record.reason.rfind("ConnectionLost: ", 0), 0u) << record.reason;
}

INSTANTIATE_TEST_SUITE_P(Drivers, StandardIOTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
