#include <wring/net/framing.hpp>

#include <wring/tests/net/cuts.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <array>

namespace wring {
namespace {

using namespace testing;
using namespace std::string_literals;
using FramingTest = ReactorTest;

enum class Kind { line, netstring, int8, int16, int32 };
constexpr std::array<Kind, 5> kinds{Kind::line, Kind::netstring, Kind::int8, Kind::int16,
                                    Kind::int32};

Task<std::optional<Bytes>> readMessage(Stream* stream, Kind kind, std::size_t limit = 9999) {
    switch (kind) {
        case Kind::line:
            return readLine(*stream, limit);
        case Kind::netstring:
            return readNetstring(*stream, limit);
        case Kind::int8:
            return readInt8String(*stream, limit);
        case Kind::int16:
            return readInt16String(*stream, limit);
        default:
            return readInt32String(*stream, limit);
    }
}

detail::WriteAwaiter writeMessage(Stream* stream, Kind kind, std::string_view text) {
    switch (kind) {
        case Kind::line:
            return writeLine(*stream, text);
        case Kind::netstring:
            return writeNetstring(*stream, text);
        case Kind::int8:
            return writeInt8String(*stream, text);
        case Kind::int16:
            return writeInt16String(*stream, text);
        default:
            return writeInt32String(*stream, text);
    }
}

// How a message that says so looks on the wire.
std::string wire(Kind kind, const std::string& text) {
    char low = static_cast<char>(text.size());
    char high = static_cast<char>(text.size() >> 8);
    switch (kind) {
        case Kind::line:
            return text + "\r\n";
        case Kind::netstring:
            return std::to_string(text.size()) + ":" + text + ",";
        case Kind::int8:
            return low + text;
        case Kind::int16:
            return std::string{high, low} + text;
        default:
            return std::string{0, 0, high, low} + text;
    }
}

// The text of the next message, "-" for the end of the stream, or the error's class.
Task<std::string> told(Stream* stream, Kind kind, std::size_t limit = 9999) {
    auto got = co_await outcome(readMessage(stream, kind, limit));
    if (!got) co_return got.error().className();
    if (!*got) co_return std::string("-");
    co_return std::string((*got)->text());
}

Task<Strings> toldUntilTheEnd(Stream* stream, Kind kind) {
    Strings all;
    do {
        all.push_back(co_await told(stream, kind));
    } while (all.back() != "-");
    co_return all;
}

// Sends the pieces so that each is a chunk of its own.
Task<> sendPieces(Reactor* reactor, Peer* peer, Strings pieces) {
    for (const std::string& piece : pieces) {
        peer->send(piece);
        co_await turns(*reactor, 2);
    }
    peer->finishSending();
}

Task<> expectMessagesHoweverCut(Reactor* reactor, Kind kind, Cut cut) {
    Strings wanted{"one", "", "three:,\r", "-"};
    std::string sent = wire(kind, "one") + wire(kind, "") + wire(kind, "three:,\r");
    std::vector<Strings> cuts = cutsOf(sent, cut);
    if (cuts.size() > 40) cuts.resize(40);
    for (const Strings& pieces : cuts) {
        StreamAndPeer ends(*reactor);
        auto reading = start(toldUntilTheEnd(&ends.near, kind));
        co_await sendPieces(reactor, &ends.far, pieces);
        Strings got = co_await reading;
        EXPECT_EQ(got, wanted) << static_cast<int>(kind);
    }
}

TEST_P(FramingTest, theMessagesAreTheSameHoweverTheStreamIsCutSlow) {
    run([](Reactor& reactor) -> Task<> {
        for (Cut cut : {Cut::whole, Cut::byteByByte, Cut::everyPosition, Cut::random}) {
            for (Kind kind : kinds) co_await expectMessagesHoweverCut(&reactor, kind, cut);
        }
    });
}

TEST_P(FramingTest, theLimitIsTakenAndOneMoreIsRefusedAndStaysUnread) {
    run([](Reactor& reactor) -> Task<> {
        for (Kind kind : kinds) {
            for (const char* text : {"1234", "12345", "123456"}) {
                StreamAndPeer ends(reactor);
                std::string sent = wire(kind, text);
                ends.far.send(sent);
                bool fits = std::string(text).size() <= 5;
                std::string first = co_await told(&ends.near, kind, 5);
                EXPECT_EQ(first, fits ? text : "MessageLengthError");
                if (fits) continue;
                std::string left = co_await readText(&ends.near);
                EXPECT_EQ(left, sent);
            }
        }
    });
}

TEST_P(FramingTest, aMessageTooLongIsSeenBeforeItHasCome) {
    run([](Reactor& reactor) -> Task<> {
        for (Kind kind : kinds) {
            StreamAndPeer ends(reactor);
            std::string part = wire(kind, std::string(200, 'x')).substr(0, 9);
            ends.far.send(part);
            std::string first = co_await told(&ends.near, kind, 7);
            EXPECT_EQ(first, "MessageLengthError");
            std::string left = co_await readText(&ends.near);
            EXPECT_EQ(left, part);
        }
    });
}

TEST_P(FramingTest, anEndWithinAMessageIsAnErrorAndLosesNothing) {
    run([](Reactor& reactor) -> Task<> {
        for (Kind kind : kinds) {
            StreamAndPeer ends(reactor);
            std::string sent = wire(kind, "one") + wire(kind, "two");
            sent.pop_back();
            Task<> sending = sendPieces(&reactor, &ends.far, piecesOf(sent, {sent.size() - 2}));
            auto running = start(std::move(sending));
            Strings got;
            for (int i = 0; i < 3; ++i) got.push_back(co_await told(&ends.near, kind));
            EXPECT_EQ(got, (Strings{"one", "EndOfStreamError", "EndOfStreamError"}));
            std::string left = co_await readText(&ends.near);
            EXPECT_EQ(left, sent.substr(wire(kind, "one").size()));
            co_await running;
        }
    });
}

TEST_P(FramingTest, theEndBetweenMessagesIsAValueAgainAndAgain) {
    run([](Reactor& reactor) -> Task<> {
        for (Kind kind : kinds) {
            StreamAndPeer ends(reactor);
            ends.far.finishSending();
            for (int i = 0; i < 2; ++i) {
                std::string got = co_await told(&ends.near, kind);
                EXPECT_EQ(got, "-");
            }
        }
    });
}

TEST_P(FramingTest, aCancelledReadLosesNothing) {
    run([](Reactor& reactor) -> Task<> {
        for (Kind kind : kinds) {
            StreamAndPeer ends(reactor);
            std::string sent = wire(kind, "message");
            for (char each : sent) {
                auto reading = start(told(&ends.near, kind));
                co_await turns(reactor, 2);
                EXPECT_FALSE(reading.called());
                reading.cancel();
                std::string end = co_await reading;
                EXPECT_EQ(end, "CancelledError");
                ends.far.send({&each, 1});
                co_await turns(reactor, 2);
            }
            auto reading = start(told(&ends.near, kind));
            std::string got = co_await reading;
            reading.cancel();
            EXPECT_EQ(got, "message");
        }
    });
}

TEST_P(FramingTest, aResetWithinAMessageIsToldAsSuch) {
    run([](Reactor& reactor) -> Task<> {
        for (Kind kind : kinds) {
            StreamAndPeer ends(reactor);
            auto reading = start(told(&ends.near, kind));
            ends.far.send(wire(kind, "message").substr(0, 5));
            co_await turns(reactor);
            ends.far.reset();
            std::string end = co_await reading;
            EXPECT_EQ(end, "ConnectionLost");
        }
    });
}

TEST_P(FramingTest, whatIsWrittenIsReadAtTheOtherEnd) {
    run([](Reactor& reactor) -> Task<> {
        for (Kind kind : kinds) {
            StreamPair pair(reactor);
            for (std::size_t size : {0, 1, 255}) {
                std::string text(size, 'm');
                co_await writeMessage(&pair.far, kind, text);
                std::string got = co_await told(&pair.near, kind);
                EXPECT_EQ(got, text);
            }
            co_await writeMessage(&pair.near, kind, "wire");
            std::string raw = co_await readText(&pair.far);
            EXPECT_EQ(raw, wire(kind, "wire"));
        }
    });
}

TEST_P(FramingTest, aStringThatDoesNotFitThePrefixIsRefusedAndNothingSent) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        std::string text(65536, 'x');
        EXPECT_THROW(static_cast<void>(writeInt8String(ends.near, text.substr(0, 256))),
                     StringTooLongError);
        EXPECT_THROW(static_cast<void>(writeInt16String(ends.near, text)), StringTooLongError);
        co_await turns(reactor);
        EXPECT_EQ(ends.far.receive(), "");
    });
}

struct Malformed {
    const char* sent;
    char byte;
    std::size_t position;
};

TEST_P(FramingTest, theFirstWrongByteOfANetstringIsNamedAndAllOfItStaysUnread) {
    run([](Reactor& reactor) -> Task<> {
        for (const Malformed& each :
             {Malformed{"3:abcX", 'X', 5}, Malformed{"03:abc,", '3', 1}, Malformed{":,", ':', 0},
              Malformed{"-1:,", '-', 0}, Malformed{"3aaa", 'a', 1}, Malformed{"12 :", ' ', 2}}) {
            StreamAndPeer ends(reactor);
            ends.far.send(each.sent);
            bool isCaught = false;
            try {
                co_await readNetstring(ends.near);
            } catch (const NetstringParseError& error) {
                isCaught = true;
                EXPECT_EQ(error.byte, std::byte(each.byte));
                EXPECT_EQ(error.position, each.position);
            }
            EXPECT_TRUE(isCaught) << each.sent;
            std::string left = co_await readText(&ends.near);
            EXPECT_EQ(left, each.sent);
        }
    });
}

TEST_P(FramingTest, aMessageThatIsAWholeChunkIsNotCopiedAndOthersHoldNoBuffer) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        ends.far.send("whole\r\n");
        std::optional<Bytes> line = co_await readLine(ends.near);
        EXPECT_TRUE(line && line->isLent() && line->text() == "whole");
        ends.far.send("\r\none\r\ntwo\r\n");
        for (const char* text : {"", "one"}) {
            line = co_await readLine(ends.near);
            EXPECT_TRUE(line && !line->isLent() && line->text() == text);
        }
        line = co_await readLine(ends.near);
        EXPECT_TRUE(line && line->text() == "two");
    });
}

TEST_P(FramingTest, linesAndStringsAndBytesMayBeMixed) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor);
        ends.far.send("line;3:abc,\2de\0\1f\0\0\0\1grest"s);
        std::optional<Bytes> line = co_await readLine(ends.near, 10, ";");
        std::string got(line->text());
        for (Kind kind : {Kind::netstring, Kind::int8, Kind::int16, Kind::int32}) {
            got += "|" + co_await told(&ends.near, kind);
        }
        got += "|" + co_await readText(&ends.near);
        EXPECT_EQ(got, "line|abc|de|f|g|rest");
    });
}

TEST_P(FramingTest, aMessageOfManyChunksIsReadWholeSlow) {
    run([](Reactor& reactor) -> Task<> {
        StreamPair pair(reactor);
        std::string text = pattern(4 << 20);
        auto writing = start(writeText(&pair.far, "4194304:" + text + ","));
        std::optional<Bytes> got = co_await readNetstring(pair.near, text.size());
        EXPECT_TRUE(got && got->text() == text);
        co_await writing;
    });
}

TEST_P(FramingTest, aMebibyteOfShortLinesIsReadInLinearTimeSlow) {
    run([](Reactor& reactor) -> Task<> {
        StreamPair pair(reactor);
        std::string text;
        while (text.size() < (1 << 20)) text += "short\r\n";
        std::size_t count = 0;
        auto writing = start(writeText(&pair.far, text));
        for (; count < text.size() / 7; ++count) {
            std::optional<Bytes> line = co_await readLine(pair.near);
            if (!line || line->text() != "short") break;
        }
        EXPECT_EQ(count, text.size() / 7);
        co_await writing;
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, FramingTest, ::testing::ValuesIn(bothDrivers()), NameOf());

}  // namespace
}  // namespace wring
