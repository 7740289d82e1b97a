#include <wring/net/line_receiver.hpp>

#include <wring/tests/deferred/support.hpp>
#include <wring/tests/net/cuts.hpp>
#include <wring/tests/net/exchange.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <functional>
#include <stdexcept>

namespace wring {
namespace {

using namespace testing;
using ProducerState = StringTransport::ProducerState;

class Lines : public LineReceiver {
 public:
    explicit Lines(Strings* events, const CutCase& each = {"", "", {}, 16384})
        : LineReceiver(each.delimiter, each.max), events_(events) {}
    void lineReceived(std::string_view line) override {
        nest("line:" + std::string(line), [&] {
            if (onLine) onLine(*this, line);
        });
    }
    void rawDataReceived(BytesView data) override {
        bool joins = !events_->empty() && events_->back().substr(0, 4) == "raw:";
        if (joins) events_->back() += asText(data);
        nest(joins ? "" : "raw:" + std::string(asText(data)), [&] {
            if (onRaw) onRaw(*this, data);
        });
    }
    void lineLengthExceeded(BytesView data) override {
        events_->push_back("tooLong:" + std::string(asText(data)));
        if (onTooLong) return onTooLong(*this);
        LineReceiver::lineLengthExceeded(data);
    }
    void connectionLost(const Failure& reason) override { events_->push_back(reason.className()); }

    std::function<void(Lines&, std::string_view)> onLine;
    std::function<void(Lines&, BytesView)> onRaw;
    std::function<void(Lines&)> onTooLong;

 protected:
    template <class F>
    void nest(const std::string& event, F call) {
        if (!event.empty()) events_->push_back(event);
        if (std::exchange(isInside_, true)) events_->push_back("nested");
        call();
        isInside_ = false;
    }

 private:
    Strings* events_;
    bool isInside_ = false;
};

// A line "raw N" makes the next N bytes raw.
class Switching final : public Lines {
 public:
    explicit Switching(Strings* events, const CutCase& each) : Lines(events, each) {
        onLine = [this](Lines&, std::string_view line) {
            if (line.substr(0, 4) != "raw ") return;
            left_ = static_cast<std::size_t>(std::stoi(std::string(line.substr(4))));
            setRawMode();
        };
    }
    void rawDataReceived(BytesView data) override {
        std::size_t count = std::min(left_, data.size());
        left_ -= count;
        Lines::rawDataReceived(data.first(count));
        if (left_ == 0) setLineMode(data.subspan(count));
    }

 private:
    std::size_t left_ = 0;
};

// Two bytes behind each line are raw.
struct Alternating final : LineReceiver {
    void lineReceived(std::string_view) override {
        depth.note();
        setRawMode();
    }
    void rawDataReceived(BytesView data) override {
        ++raws;
        setLineMode(data.subspan(2));
    }
    StackDepth depth;
    int raws = 0;
};

class LineReceiverCutTest : public ::testing::TestWithParam<CutParam> {};
TEST_P(LineReceiverCutTest, theLinesAreTheSameHoweverTheStreamIsCut) {
    expectEventsHoweverCut<Lines>(GetParam());
}
INSTANTIATE_TEST_SUITE_P(
    Lines, LineReceiverCutTest,
    ::testing::Combine(
        ::testing::Values(
            CutCase{"twoLines", "one\r\ntwo\r\n", {"line:one", "line:two"}},
            CutCase{"emptyLines", "\r\n\r\n", {"line:", "line:"}},
            CutCase{"loneLineFeedIsPartOfTheLine", "a\nb\r\n", {"line:a\nb"}},
            CutCase{"loneCarriageReturnIsPartOfTheLine", "a\rb\r\r\n", {"line:a\rb\r"}},
            CutCase{"unfinishedLineWaits", "one\r\ntwo\r", {"line:one"}},
            CutCase{"oneByteDelimiter", "a\n\nb\n", {"line:a", "line:", "line:b"}, 10, "\n"},
            CutCase{"longDelimiter", "a<END>b<EN<END>", {"line:a", "line:b<EN"}, 10, "<END>"},
            CutCase{"delimiterThatOverlapsItself", "aaabxaab", {"line:a", "line:x"}, 10, "aab"},
            CutCase{
                "binaryBytes", std::string("\0\xff\0\r\n", 5), {std::string("line:\0\xff\0", 8)}},
            CutCase{"longLines",
                    std::string(150, 'x') + "\r\n" + std::string(40, 'y') + "\r\nz\r\n",
                    {"line:" + std::string(150, 'x'), "line:" + std::string(40, 'y'), "line:z"}},
            CutCase{"exactlyTheLimit", "12345\r\n12345\r\n", {"line:12345", "line:12345"}, 5}),
        allCuts()),
    nameOfCut);

class LineReceiverModeTest : public ::testing::TestWithParam<CutParam> {};
TEST_P(LineReceiverModeTest, theModeChangesWhereItIsSaidHoweverTheStreamIsCut) {
    expectEventsHoweverCut<Switching>(GetParam());
}
INSTANTIATE_TEST_SUITE_P(
    Modes, LineReceiverModeTest,
    ::testing::Combine(::testing::Values(CutCase{"toRawAndBack",
                                                 "raw 4\r\na\r\nbtwo\r\n",
                                                 {"line:raw 4", "raw:a\r\nb", "line:two"}},
                                         CutCase{"manyTimes",
                                                 "raw 1\r\nxraw 2\r\nyyend\r\n",
                                                 {"line:raw 1", "raw:x", "line:raw 2", "raw:yy",
                                                  "line:end"}},
                                         CutCase{"rawLongerThanALineMayBe",
                                                 "raw 12\r\n0123456789abok\r\n",
                                                 {"line:raw 12", "raw:0123456789ab", "line:ok"},
                                                 6}),
                       allCuts()),
    nameOfCut);

struct LengthCase {
    std::string name;
    std::string input;
    Strings events;
};
void PrintTo(const LengthCase& each, std::ostream* out) { *out << each.name; }

// With a limit of five bytes, in one chunk.
class LineReceiverLengthTest : public ::testing::TestWithParam<LengthCase> {};
TEST_P(LineReceiverLengthTest, aLineOverTheLimitIsToldWithAllThatFollowsItAndForgotten) {
    Strings events;
    Connected<Lines> it(&events, CutCase{"", "", {}, 5});
    it.feed(GetParam().input);
    if (it.transport->disconnecting()) events.push_back("closed");
    EXPECT_EQ(events, GetParam().events);
    EXPECT_EQ(it.protocol->clearLineBuffer().empty(), events.back() == "closed");
}
INSTANTIATE_TEST_SUITE_P(
    Lengths, LineReceiverLengthTest,
    ::testing::Values(
        LengthCase{"oneLess", "a\r\n1234\r\n+", {"line:a", "line:1234"}},
        LengthCase{"theLimit", "a\r\n12345\r\n+", {"line:a", "line:12345"}},
        LengthCase{
            "oneMore", "a\r\n123456\r\nb\r\n", {"line:a", "tooLong:123456\r\nb\r\n", "closed"}},
        LengthCase{"theLimitWithoutEnd", "a\r\n12345", {"line:a"}},
        LengthCase{"theLimitAndHalfADelimiter", "a\r\n12345\r", {"line:a"}},
        LengthCase{"oneMoreWithoutEnd", "a\r\n123456", {"line:a"}},
        LengthCase{"twoMoreWithoutEnd", "a\r\n1234567", {"line:a", "tooLong:1234567", "closed"}},
        LengthCase{"muchWithoutEnd", "123456789abc", {"tooLong:123456789abc", "closed"}}),
    NameOf());

class LineReceiverTest : public ::testing::Test {
 protected:
    Lines& lines() { return *it_.protocol; }
    StringTransport& transport() { return *it_.transport; }

    Strings events_;
    Connected<Lines> it_{&events_};
};

TEST_F(LineReceiverTest, aLineTooLongIsToldOnceAndTheConnectionClosed) {
    for (int i = 0; i < 3; ++i) it_.feed(std::string(16384, 'x'));
    ASSERT_EQ(events_.size(), 1u);
    EXPECT_EQ(events_[0].size(), 8 + 2 * 16384u);
    EXPECT_TRUE(transport().disconnecting());
}

TEST_F(LineReceiverTest, noMoreThanTheLimitAndOneChunkIsKept) {
    std::size_t most = 0;
    int told = 0;
    lines().onTooLong = [&](Lines&) { ++told; };
    for (int i = 0; i < 10240; ++i) {
        it_.feed(std::string(1024, 'x'));
        std::string kept = i % 7 == 0 ? lines().clearLineBuffer() : "";
        most = std::max(most, kept.size());
        if (!kept.empty()) it_.feed(kept);
    }
    EXPECT_LE(most, 16384u + 1024u);
    EXPECT_GE(told, 600);
    for (const std::string& event : events_) EXPECT_LE(event.size(), 8 + 16384u + 1024u);
}

TEST_F(LineReceiverTest, afterALineTooLongThatWasToleratedTheNextChunkBeginsALine) {
    lines().onTooLong = [](Lines& it) { it.setMaxLength(100); };
    lines().setMaxLength(3);
    it_.feed("four\r\nabc\r\n");
    it_.feed("and more\r\n");
    EXPECT_EQ(events_, (Strings{"tooLong:four\r\nabc\r\n", "line:and more"}));
}

TEST_F(LineReceiverTest, aLineInsideAChunkIsNotCopied) {
    std::string chunk = "one\r\ntwo\r\nthr";
    std::vector<const char*> places;
    lines().onLine = [&](Lines&, std::string_view line) { places.push_back(line.data()); };
    lines().dataReceived(asBytes("ze"));
    lines().dataReceived(asBytes("ro\r\n"));
    lines().dataReceived(asBytes(chunk));
    ASSERT_EQ(places.size(), 3u);
    EXPECT_EQ(places[1], chunk.data());
    EXPECT_EQ(places[2], chunk.data() + 5);
}

TEST_F(LineReceiverTest, onlyTheLineThatBeganBeforeIsCopiedOfAChunk) {
    std::string chunk = "ro\r\none\r\n" + std::string(500, 'x') + "\r\n";
    std::vector<const char*> places;
    lines().onLine = [&](Lines&, std::string_view line) { places.push_back(line.data()); };
    lines().dataReceived(asBytes("ze"));
    lines().dataReceived(asBytes(chunk));
    ASSERT_EQ(places.size(), 3u);
    EXPECT_EQ(places[1], chunk.data() + 4);
    EXPECT_EQ(places[2], chunk.data() + 9);
}

TEST_F(LineReceiverTest, rawBytesGivenBackToLineModeAreNotCopied) {
    std::string chunk = "go\r\n4321one\r\n";
    const char* place = nullptr;
    lines().onLine = [&](Lines& it, std::string_view line) {
        place = line.data();
        if (line == "go") it.setRawMode();
    };
    lines().onRaw = [](Lines& it, BytesView data) { it.setLineMode(data.subspan(4)); };
    lines().dataReceived(asBytes(chunk));
    EXPECT_EQ(place, chunk.data() + 8);
    EXPECT_EQ(events_.back(), "line:one");
}

TEST_F(LineReceiverTest, aMebibyteOfShortLinesByteByByteTakesLinearTimeSlow) {
    std::size_t count = 0;
    lines().onLine = [&](Lines&, std::string_view line) { count += line.size(); };
    for (int i = 0; i < (1 << 20); ++i)
        lines().dataReceived(asBytes(i % 8 == 7 ? "\n" : i % 8 == 6 ? "\r" : "x"));
    EXPECT_EQ(count, (1u << 20) / 8 * 6);
}

TEST_F(LineReceiverTest, aLineOfAMebibyteByteByByteTakesLinearTimeSlow) {
    lines().setMaxLength(std::size_t{1} << 20);
    for (int i = 0; i < (1 << 20); ++i) lines().dataReceived(asBytes("\r"));
    EXPECT_TRUE(events_.empty());
    lines().dataReceived(asBytes("\r\n"));
    ASSERT_EQ(events_.size(), 1u);
    EXPECT_EQ(events_[0].size(), 5 + (1u << 20));
}

TEST_F(LineReceiverTest, aHundredThousandSwitchesInOneChunkUseNoStackAndLinearTimeSlow) {
    std::string chunk;
    for (int i = 0; i < 100000; ++i) chunk += "r\r\nxx";
    Alternating alternating;
    alternating.dataReceived(asBytes(chunk));
    EXPECT_EQ(alternating.raws, 100000);
    EXPECT_LT(alternating.depth.bytes(), 4096u);
}

TEST_F(LineReceiverTest, aHundredThousandKeptLinesTakenOneByOneTakeLinearTimeSlow) {
    lines().pauseProducing();
    std::string chunk;
    for (int i = 0; i < 100000; ++i) chunk += "line\r\n";
    lines().dataReceived(asBytes(chunk));
    lines().onLine = [](Lines& it, std::string_view) { it.pauseProducing(); };
    for (int i = 0; i < 100000; ++i) lines().resumeProducing();
    EXPECT_EQ(events_.size(), 100000u);
}

TEST_F(LineReceiverTest, bytesGivenToItInsideACallbackFollowTheOthers) {
    lines().onLine = [](Lines& it, std::string_view line) {
        if (line == "one") feed(it, "three\r\nfo");
        if (line == "three") feed(it, "ur\r\n");
    };
    it_.feed("one\r\ntwo\r\n");
    EXPECT_EQ(events_, (Strings{"line:one", "line:two", "line:three", "line:four"}));
}

TEST_F(LineReceiverTest, aLineStaysValidWhateverItsCallbackDoes) {
    std::string seen;
    lines().onLine = [&](Lines& it, std::string_view line) {
        it.clearLineBuffer();
        feed(it, std::string(5000, 'y'));
        it.clearLineBuffer();
        it.setDelimiter("\n");
        seen = line;
    };
    it_.feed("on");
    it_.feed("e\r\ntwo\r\n");
    EXPECT_EQ(seen, "one");
    EXPECT_EQ(events_, Strings{"line:one"});
}

TEST_F(LineReceiverTest, setLineModeOutsideACallbackDeliversAtOnce) {
    lines().setRawMode();
    it_.feed("raw");
    lines().setLineMode(asBytes("one\r\ntw"));
    EXPECT_EQ(events_, (Strings{"raw:raw", "line:one"}));
    EXPECT_TRUE(lines().lineMode());
    it_.feed("o\r\n");
    EXPECT_EQ(events_.back(), "line:two");
}

TEST_F(LineReceiverTest, whatIsGivenBackInAnotherOrderIsTakenAsItIs) {
    lines().onLine = [](Lines& it, std::string_view) { it.setRawMode(); };
    lines().onRaw = [](Lines& it, BytesView data) {
        std::string text(asText(data));
        it.setLineMode(asBytes("new " + text.substr(2)));
        it.onLine = nullptr;
    };
    it_.feed("go\r\nxxline\r\n");
    EXPECT_EQ(events_, (Strings{"line:go", "raw:xxline\r\n", "line:new line"}));
}

TEST_F(LineReceiverTest, theEndOfWhatWasTakenIsGivenBackOnceOnly) {
    lines().onLine = [](Lines& it, std::string_view line) {
        if (line == "go") it.setRawMode();
    };
    lines().onRaw = [](Lines& it, BytesView data) {
        it.setLineMode(data.last(3));
        it.setLineMode(data.last(3));
    };
    it_.feed("g");
    it_.feed("o\r\n--a\r\n");
    EXPECT_EQ(events_, (Strings{"line:go", "raw:--a\r\n", "line:a", "line:a"}));
}

TEST_F(LineReceiverTest, aNewDelimiterHoldsFromTheNextLineOn) {
    lines().onLine = [](Lines& it, std::string_view) { it.setDelimiter(";"); };
    it_.feed("one\r\ntwo;thr");
    it_.feed("ee;");
    EXPECT_EQ(events_, (Strings{"line:one", "line:two", "line:three"}));
    EXPECT_EQ(lines().delimiter(), ";");
}

TEST_F(LineReceiverTest, aNewDelimiterIsLookedForInWhatHasCome) {
    it_.feed("one;two");
    lines().setDelimiter(";");
    it_.feed("!");
    EXPECT_EQ(events_, Strings{"line:one"});
}

TEST_F(LineReceiverTest, aPauseInsideAChunkKeepsTheRestUntilItIsResumed) {
    lines().onLine = [](Lines& it, std::string_view line) {
        if (line == "two") it.pauseProducing();
    };
    it_.feed("one\r\ntwo\r\nthree\r\nfo");
    EXPECT_TRUE(lines().paused());
    EXPECT_EQ(transport().producerState(), ProducerState::paused);
    it_.feed("ur\r\n");
    EXPECT_EQ(events_, (Strings{"line:one", "line:two"}));
    lines().resumeProducing();
    EXPECT_EQ(transport().producerState(), ProducerState::producing);
    EXPECT_EQ(events_, (Strings{"line:one", "line:two", "line:three", "line:four"}));
}

TEST_F(LineReceiverTest, aResumeInsideACallbackGoesOnAfterIt) {
    lines().onLine = [](Lines& it, std::string_view) {
        it.pauseProducing();
        it.resumeProducing();
    };
    it_.feed("one\r\ntwo\r\n");
    EXPECT_EQ(events_, (Strings{"line:one", "line:two"}));
}

TEST_F(LineReceiverTest, whatCameWhilePausedIsRawIfTheModeHasChanged) {
    lines().pauseProducing();
    it_.feed("one\r\ntwo\r\n");
    lines().setRawMode();
    lines().resumeProducing();
    EXPECT_EQ(events_, Strings{"raw:one\r\ntwo\r\n"});
}

TEST_F(LineReceiverTest, stopProducingClosesAndDeliversNothingMore) {
    lines().onLine = [](Lines& it, std::string_view) { it.stopProducing(); };
    it_.feed("one\r\ntwo\r\n");
    it_.feed("three\r\n");
    lines().resumeProducing();
    EXPECT_EQ(events_, Strings{"line:one"});
    EXPECT_TRUE(transport().disconnecting());
}

TEST_F(LineReceiverTest, disconnectingInsideALineDropsTheRest) {
    lines().onLine = [](Lines& it, std::string_view) { it.transport().loseConnection(); };
    it_.feed("one\r\ntwo\r\nthr");
    it_.feed("ee\r\n");
    EXPECT_EQ(events_, Strings{"line:one"});
    EXPECT_EQ(lines().clearLineBuffer(), "");
}

TEST_F(LineReceiverTest, disconnectingWhilePausedDropsTheRest) {
    lines().onLine = [](Lines& it, std::string_view) { it.pauseProducing(); };
    it_.feed("one\r\ntwo\r\n");
    transport().loseConnection();
    lines().resumeProducing();
    EXPECT_EQ(events_, Strings{"line:one"});
}

TEST_F(LineReceiverTest, nothingIsDeliveredOnceTheConnectionIsLost) {
    lines().onLine = [](Lines& it, std::string_view) { it.pauseProducing(); };
    it_.feed("one\r\ntwo\r\n");
    transport().disconnect();
    lines().resumeProducing();
    EXPECT_EQ(events_, Strings{"line:one"});
}

TEST_F(LineReceiverTest, whatACallbackThrowsTravelsAndTheRestStays) {
    lines().onLine = [](Lines&, std::string_view line) {
        if (line == "bad") throw std::runtime_error("no");
    };
    EXPECT_THROW(it_.feed("bad\r\ngood\r\n"), std::runtime_error);
    events_.clear();
    EXPECT_EQ(lines().clearLineBuffer(), "good\r\n");
}

TEST_F(LineReceiverTest, clearLineBufferTakesWhatHasNoEndYet) {
    it_.feed("one\r\nunfi");
    EXPECT_EQ(lines().clearLineBuffer(), "unfi");
    it_.feed("two\r\n");
    EXPECT_EQ(events_, (Strings{"line:one", "line:two"}));
}

TEST_F(LineReceiverTest, sendLineWritesLineAndDelimiterTogether) {
    lines().sendLine("hello");
    lines().setDelimiter(";");
    lines().sendLine("");
    EXPECT_EQ(transport().value(), "hello\r\n;");
    EXPECT_EQ(transport().writes(), 2);
}

TEST_F(LineReceiverTest, theLastHandleMayGoInsideACallback) {
    lines().onLine = [&](Lines&, std::string_view) { it_.protocol = nullptr; };
    lines().dataReceived(asBytes("one\r\ntwo\r\n"));
    EXPECT_EQ(events_, (Strings{"line:one", "line:two"}));
}

TEST(LineReceiverAloneTest, itNeedsNoTransportToTakeLinesApart) {
    Strings events;
    Lines lines(&events);
    lines.dataReceived(asBytes("one\r\ntwo\r\n"));
    lines.pauseProducing();
    lines.dataReceived(asBytes("three\r\n"));
    lines.resumeProducing();
    EXPECT_EQ(events, (Strings{"line:one", "line:two", "line:three"}));
}

TEST(LineReceiverAloneTest, rawModeWithoutAnOverrideIsAnError) {
    struct OnlyLine final : LineReceiver {
        void lineReceived(std::string_view) override { setRawMode(); }
    } lines;
    EXPECT_THROW(lines.dataReceived(asBytes("go\r\nraw")), UsageError);
}

using LineReceiverDeathTest = LineReceiverTest;
TEST_F(LineReceiverDeathTest, anEmptyDelimiterIsRefused) {
    EXPECT_DEATH(lines().setDelimiter(""), "not empty");
}

using LineReceiverSocketTest = ReactorTest;

// What lines that do that tell of a connection, and what its peer gets.
Task<Strings> converse(Reactor& reactor, std::string sent,
                       std::function<void(Lines&, std::string_view)> onLine) {
    Strings events;
    auto lines = makeRef<Lines>(&events);
    lines->onLine = std::move(onLine);
    std::string got = co_await exchange(reactor, lines, std::move(sent));
    events.push_back("got:" + got);
    co_return events;
}

TEST_P(LineReceiverSocketTest, linesAreAnsweredAndTheConnectionClosedByOneOfThem) {
    run([](Reactor& reactor) -> Task<> {
        Strings events = co_await converse(reactor, "one\r\nquit\r\nlate\r\n",
                                           [](Lines& it, std::string_view line) {
                                               it.sendLine("<" + std::string(line) + ">");
                                               if (line == "quit") it.transport().loseConnection();
                                           });
        EXPECT_EQ(events,
                  (Strings{"line:one", "line:quit", "ConnectionDone", "got:<one>\r\n<quit>\r\n"}));
    });
}

TEST_P(LineReceiverSocketTest, pausedAndClosedThenNothingIsDeliveredButEverythingFlushed) {
    run([](Reactor& reactor) -> Task<> {
        Strings events =
            co_await converse(reactor, "one\r\ntwo\r\n", [](Lines& it, std::string_view) {
                it.sendLine("bye");
                it.pauseProducing();
                it.transport().loseConnection();
            });
        EXPECT_EQ(events, (Strings{"line:one", "ConnectionDone", "got:bye\r\n"}));
    });
}

TEST_P(LineReceiverSocketTest, aPausedChunkIsDeliveredBeforeWhatCameLater) {
    run([](Reactor& reactor) -> Task<> {
        Strings events = co_await converse(
            reactor, "one\r\ntwo\r\nquit\r\n", [&](Lines& it, std::string_view line) {
                if (line == "quit") return it.transport().loseConnection();
                it.pauseProducing();
                reactor.callLater(Duration::zero(),
                                  [alive = Ref<Lines>(&it)] { alive->resumeProducing(); });
            });
        EXPECT_EQ(events, (Strings{"line:one", "line:two", "line:quit", "ConnectionDone", "got:"}));
    });
}

TEST_P(LineReceiverSocketTest, whatLineReceivedThrowsIsLoggedOnceAndEndsTheConnection) {
    CapturedLog log;
    run([](Reactor& reactor) -> Task<> {
        Strings events = co_await converse(
            reactor, "bad\r\nlate\r\n",
            [](Lines&, std::string_view) { throw UsageError(0, "test", "bad line"); });
        EXPECT_EQ(events, (Strings{"line:bad", "UsageError", "got:"}));
    });
    EXPECT_EQ(log.lines().size(), 1u);
    EXPECT_TRUE(log.has("bad line"));
}

INSTANTIATE_TEST_SUITE_P(Drivers, LineReceiverSocketTest, ::testing::ValuesIn(bothDrivers()),
                         NameOf());

}  // namespace
}  // namespace wring
