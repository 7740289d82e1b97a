#include <wring/net/line_only_receiver.hpp>

#include <wring/tests/net/cuts.hpp>
#include <wring/tests/net/exchange.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <functional>

namespace wring {
namespace {

using namespace testing;

class OnlyLines : public LineOnlyReceiver {
 public:
    explicit OnlyLines(Strings* events, const CutCase& each = {"", "", {}, 16384})
        : LineOnlyReceiver(each.delimiter, each.max), events_(events) {}
    void lineReceived(std::string_view line) override {
        events_->push_back("line:" + std::string(line));
        if (onLine) onLine(*this, line);
    }
    void lineLengthExceeded(std::string_view line) override {
        events_->push_back("tooLong:" + std::string(line));
        if (!isTolerant) LineOnlyReceiver::lineLengthExceeded(line);
    }
    std::function<void(OnlyLines&, std::string_view)> onLine;
    bool isTolerant = false;

 private:
    Strings* events_;
};

class LineOnlyReceiverCutTest : public ::testing::TestWithParam<CutParam> {};
TEST_P(LineOnlyReceiverCutTest, theLinesAreTheSameHoweverTheStreamIsCut) {
    expectEventsHoweverCut<OnlyLines>(GetParam());
}
INSTANTIATE_TEST_SUITE_P(
    Lines, LineOnlyReceiverCutTest,
    ::testing::Combine(
        ::testing::Values(
            CutCase{"emptyLines", "\r\n\r\na\r\n", {"line:", "line:", "line:a"}},
            CutCase{"loneLineFeedIsPartOfTheLine", "a\nb\r\nc", {"line:a\nb"}},
            CutCase{"delimiterThatOverlapsItself", "aaabxaab", {"line:a", "line:x"}, 10, "aab"},
            CutCase{"longLines",
                    std::string(150, 'x') + "\r\n" + std::string(40, 'y') + "\r\n",
                    {"line:" + std::string(150, 'x'), "line:" + std::string(40, 'y')}},
            CutCase{"exactlyTheLimit", "12345\n12345\n", {"line:12345", "line:12345"}, 5, "\n"}),
        allCuts()),
    nameOfCut);

struct OnlyLengthCase {
    std::string name;
    std::string input;
    Strings events;
    bool isTolerant = false;
};
void PrintTo(const OnlyLengthCase& each, std::ostream* out) { *out << each.name; }

// With a limit of five bytes: the input in one chunk, and then "fin\r\n".
class LineOnlyReceiverLengthTest : public ::testing::TestWithParam<OnlyLengthCase> {};
TEST_P(LineOnlyReceiverLengthTest, aLineOverTheLimitIsToldAloneAndTheLinesBehindItAreDropped) {
    Strings events;
    Connected<OnlyLines> it(&events, CutCase{"", "", {}, 5});
    it.protocol->isTolerant = GetParam().isTolerant;
    it.feed(GetParam().input);
    it.feed("fin\r\n");
    if (it.transport->disconnecting()) events.push_back("closed");
    EXPECT_EQ(events, GetParam().events);
}
INSTANTIATE_TEST_SUITE_P(
    Lengths, LineOnlyReceiverLengthTest,
    ::testing::Values(
        OnlyLengthCase{"oneLess", "1234\r\n", {"line:1234", "line:fin"}},
        OnlyLengthCase{"theLimit", "12345\r\n", {"line:12345", "line:fin"}},
        OnlyLengthCase{"oneMore", "a\r\n123456\r\nb\r\n", {"line:a", "tooLong:123456", "closed"}},
        OnlyLengthCase{"theLimitWithoutEnd", "fi", {"line:fifin"}},
        OnlyLengthCase{"halfADelimiterCounts", "12345\r", {"tooLong:12345\r", "closed"}},
        OnlyLengthCase{"oneMoreWithoutEnd", "a\r\n123456", {"line:a", "tooLong:123456", "closed"}},
        OnlyLengthCase{"toleratedLeavesTheUnfinishedLine",
                       "123456\r\nb\r\n1",
                       {"tooLong:123456", "line:1fin"},
                       true},
        OnlyLengthCase{
            "toleratedWithoutEndIsForgotten", "1234567", {"tooLong:1234567", "line:fin"}, true}),
    NameOf());

class LineOnlyReceiverTest : public ::testing::Test {
 protected:
    Strings events_;
    Connected<OnlyLines> it_{&events_};
};

TEST_F(LineOnlyReceiverTest, disconnectingInsideALineDropsTheRest) {
    it_.protocol->onLine = [](OnlyLines& it, std::string_view) { it.transport().loseConnection(); };
    it_.feed("one\r\ntwo\r\nthr");
    it_.feed("ee\r\n");
    EXPECT_EQ(events_, Strings{"line:one"});
}

TEST_F(LineOnlyReceiverTest, linesInsideAChunkAreNotCopied) {
    std::string chunk = "one\r\ntwo\r\n";
    std::vector<const char*> places;
    it_.protocol->onLine = [&](OnlyLines&, std::string_view line) {
        places.push_back(line.data());
    };
    it_.protocol->dataReceived(asBytes(chunk));
    EXPECT_EQ(places, (std::vector<const char*>{chunk.data(), chunk.data() + 5}));
}

TEST_F(LineOnlyReceiverTest, aMebibyteByteByByteTakesLinearTimeSlow) {
    it_.protocol->setMaxLength(std::size_t{1} << 20);
    for (int i = 0; i < (1 << 20); ++i) it_.protocol->dataReceived(asBytes("x"));
    it_.feed("\r\n");
    ASSERT_EQ(events_.size(), 1u);
    EXPECT_EQ(events_[0].size(), 5 + (1u << 20));
}

TEST_F(LineOnlyReceiverTest, aNewDelimiterIsLookedForInWhatHasCome) {
    it_.feed("one;two");
    it_.protocol->setDelimiter(";");
    it_.feed("!");
    EXPECT_EQ(events_, Strings{"line:one"});
    EXPECT_EQ(it_.protocol->takeUnparsed(), "two!");
}

TEST_F(LineOnlyReceiverTest, sendLineWritesLineAndDelimiterTogether) {
    it_.protocol->sendLine("hello");
    EXPECT_EQ(it_.transport->value(), "hello\r\n");
    EXPECT_EQ(it_.transport->writes(), 1);
}

using LineOnlyReceiverSocketTest = ReactorTest;
TEST_P(LineOnlyReceiverSocketTest, aLineOverTheLimitClosesARealConnection) {
    run([](Reactor& reactor) -> Task<> {
        Strings events;
        auto lines = makeRef<OnlyLines>(&events, CutCase{"", "", {}, 5});
        lines->onLine = [](OnlyLines& it, std::string_view line) { it.sendLine(line); };
        std::string got = co_await exchange(reactor, lines, "one\r\n123456\r\ntwo\r\n");
        EXPECT_EQ(got, "one\r\n");
        EXPECT_EQ(events, (Strings{"line:one", "tooLong:123456"}));
    });
}
INSTANTIATE_TEST_SUITE_P(Drivers, LineOnlyReceiverSocketTest, ::testing::ValuesIn(bothDrivers()),
                         NameOf());

}  // namespace
}  // namespace wring
