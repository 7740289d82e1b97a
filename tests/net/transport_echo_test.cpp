#include <wring/net/transport.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

// Writing what dataReceived() was just given, which is not copied: as it is, a part of it, with
// other things before and behind, to somebody else, and when nobody reads.

namespace wring {
namespace {

using namespace testing;

using TransportEchoTest = ReactorTest;
using Answer = std::function<void(ITransport&, std::string_view)>;

/// Sends `text` to a protocol that answers by `answer`, and gives what came back.
Task<std::string> answered(Reactor& reactor, std::string text, Answer answer, std::size_t bytes) {
    Record record;
    Peer far = serveOne<Recorder>(reactor, record);
    record.onData = [&](Recorder& it, std::string_view data) { answer(it.transport(), data); };
    far.send(text);
    std::string got = co_await receiveText(reactor, &far, bytes);
    co_await finish(reactor, &record);
    co_return got;
}

TEST_P(TransportEchoTest, theWholeOrAPartComesBack) {
    run([](Reactor& reactor) -> Task<> {
        for (std::size_t size : {3u, 100u, 2000u, 8000u}) {
            const std::string text = pattern(size);
            std::string all = co_await answered(
                reactor, text,
                [](ITransport& to, std::string_view data) { to.write(asBytes(data)); }, size);
            EXPECT_EQ(all, text);
            std::string middle = co_await answered(
                reactor, text,
                [](ITransport& to, std::string_view data) {
                    to.write(asBytes(data.substr(1, data.size() - 2)));
                },
                size - 2);
            EXPECT_EQ(middle, text.substr(1, size - 2));
        }
    });
}

TEST_P(TransportEchoTest, piecesComeInTheOrderInWhichTheyWereWritten) {
    run([](Reactor& reactor) -> Task<> {
        std::string oneAfterTheOther = co_await answered(
            reactor, "abcdef",
            [](ITransport& to, std::string_view data) {
                to.write(asBytes(data.substr(0, 2)));
                to.write(asBytes(data.substr(2, 3)));
                to.write(asBytes(data.substr(5)));
            },
            6);
        EXPECT_EQ(oneAfterTheOther, "abcdef");
        std::string backwards = co_await answered(
            reactor, "abcdef",
            [](ITransport& to, std::string_view data) {
                to.write(asBytes(data.substr(3)));
                to.write(asBytes(data.substr(0, 3)));
            },
            6);
        EXPECT_EQ(backwards, "defabc");
        std::string twice = co_await answered(
            reactor, "abc",
            [](ITransport& to, std::string_view data) {
                to.write(asBytes(data));
                to.write(asBytes(data));
            },
            6);
        EXPECT_EQ(twice, "abcabc");
        std::string between = co_await answered(
            reactor, "abc",
            [](ITransport& to, std::string_view data) {
                to.write(asBytes("<"));
                to.write(asBytes(data));
                to.write(asBytes(">"));
            },
            5);
        EXPECT_EQ(between, "<abc>");
        std::string behind = co_await answered(
            reactor, "abc",
            [](ITransport& to, std::string_view data) {
                to.write(asBytes(data));
                std::string other = "other";
                BytesView parts[] = {asBytes(other), asBytes(data)};
                to.writeSequence(parts);
                other = "?????";
            },
            11);
        EXPECT_EQ(behind, "abcotherabc");
    });
}

TEST_P(TransportEchoTest, queuedBytesCountsIt) {
    run([](Reactor& reactor) -> Task<> {
        std::vector<std::size_t> queued;
        std::string got = co_await answered(
            reactor, "abcdef",
            [&](ITransport& to, std::string_view data) {
                to.write(asBytes(data.substr(0, 4)));
                queued.push_back(to.queuedBytes());
                to.write(asBytes("!"));
                queued.push_back(to.queuedBytes());
            },
            5);
        EXPECT_EQ(got, "abcd!");
        EXPECT_EQ(queued, (std::vector<std::size_t>{4, 5}));
    });
}

TEST_P(TransportEchoTest, whatFollowsInTheSameTurnGoesOutAsWell) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        record.onData = [&](Recorder& it, std::string_view data) {
            it.transport().setTcpNoDelay(true);
            it.transport().write(asBytes(data));
            reactor.callLater(Duration::zero(), [&it] { it.transport().write(asBytes("later")); });
        };
        far.send("now ");
        EXPECT_EQ(co_await receiveText(reactor, &far, 9), "now later");
        for (int i = 0; i < 50; ++i) {
            far.send("now ");
            EXPECT_EQ(co_await receiveText(reactor, &far, 9), "now later") << i;
        }
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportEchoTest, itGoesOutBeforeTheConnectionIsLost) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        record.onData = [](Recorder& it, std::string_view data) {
            it.transport().write(asBytes(data));
            it.transport().loseConnection();
        };
        const std::string text = pattern(5000);
        far.send(text);
        EXPECT_EQ(co_await receiveText(reactor, &far, text.size()), text);
        co_await until(reactor, [&] { return record.lost == 1; });
        EXPECT_TRUE(record.reason.starts_with("ConnectionDone")) << record.reason;
    });
}

TEST_P(TransportEchoTest, anAbortDropsIt) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        record.onData = [](Recorder& it, std::string_view data) {
            it.transport().write(asBytes(data));
            it.transport().abortConnection();
        };
        far.send("dropped");
        co_await until(reactor, [&] { return record.lost == 1; });
        EXPECT_TRUE(record.reason.starts_with("ConnectionAborted")) << record.reason;
        EXPECT_EQ(reactor.driver().stats().buffersLent, 0u);
    });
}

TEST_P(TransportEchoTest, anExceptionBehindItEndsTheConnection) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        record.onData = [](Recorder& it, std::string_view data) {
            it.transport().write(asBytes(data));
            throw std::runtime_error("broken");
        };
        CapturedLog log;
        far.send("dropped");
        co_await until(reactor, [&] { return record.lost == 1; });
        EXPECT_NE(record.reason.find("broken"), std::string::npos) << record.reason;
        EXPECT_EQ(reactor.driver().stats().buffersLent, 0u);
    });
}

TEST_P(TransportEchoTest, toAPeerThatDoesNotReadNothingIsLost) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record, 8192);
        record.onData = [](Recorder& it, std::string_view data) {
            it.transport().write(asBytes(data));
        };
        const std::string text = pattern(400'000);
        std::size_t sent = 0;
        std::string got;
        while (got.size() < text.size()) {
            std::size_t chunk = std::min<std::size_t>(3000, text.size() - sent);
            if (chunk > 0 && sent - got.size() < 60'000) {
                far.send(text.substr(sent, chunk));
                sent += chunk;
                co_await turns(reactor);
                continue;
            }
            got += co_await receiveText(reactor, &far,
                                        std::min<std::size_t>(20'000, sent - got.size()));
        }
        EXPECT_TRUE(got == text);
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportEchoTest, aTurnWithinKeepsTheOrder) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        int depth = 0;
        record.onData = [&](Recorder& it, std::string_view data) {
            it.transport().write(asBytes(data));
            if (depth++ > 0) return;
            far.send("second ");
            for (int i = 0; i < 20; ++i) reactor.driver().wait(Duration::zero());
            it.transport().write(asBytes("third"));
        };
        far.send("first ");
        EXPECT_EQ(co_await receiveText(reactor, &far, 18), "first second third");
        co_await finish(reactor, &record);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, TransportEchoTest, ::testing::ValuesIn(allDrivers()), nameOf);

}  // namespace
}  // namespace wring
