#include <wring/net/int_string_receiver.hpp>

#include <wring/net/framing_errors.hpp>
#include <wring/tests/net/cuts.hpp>
#include <wring/tests/net/exchange.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <functional>

namespace wring {
namespace {

using namespace testing;
using namespace std::string_literals;

template <class Base>
class IntStrings final : public Base {
 public:
    explicit IntStrings(Strings* events, const CutCase& each = {})
        : Base(each.max), events_(events) {}
    void stringReceived(BytesView string) override {
        events_->emplace_back(asText(string));
        if (onString) onString(*this, string);
    }
    void lengthLimitExceeded(std::size_t length) override {
        events_->push_back("tooLong:" + std::to_string(length));
        if (!isTolerant) Base::lengthLimitExceeded(length);
    }
    std::function<void(IntStrings&, BytesView)> onString;
    bool isTolerant = false;

 private:
    Strings* events_;
};

using Int8s = IntStrings<Int8StringReceiver>;
using Int16s = IntStrings<Int16StringReceiver>;
using Int32s = IntStrings<Int32StringReceiver>;

// Which of the three classes a case is about is the first letter of its delimiter.
class IntStringReceiverCutTest : public ::testing::TestWithParam<CutParam> {};
TEST_P(IntStringReceiverCutTest, theStringsAreTheSameHoweverTheStreamIsCut) {
    switch (std::get<0>(GetParam()).delimiter[0]) {
        case '1':
            return expectEventsHoweverCut<Int8s>(GetParam());
        case '2':
            return expectEventsHoweverCut<Int16s>(GetParam());
        default:
            return expectEventsHoweverCut<Int32s>(GetParam());
    }
}
INSTANTIATE_TEST_SUITE_P(
    Strings, IntStringReceiverCutTest,
    ::testing::Combine(
        ::testing::Values(
            CutCase{"int8", "\3abc\0\1\n"s, {"abc", "", "\n"}, 99999, "1"},
            CutCase{"int8Unfinished", "\1a\3ab"s, {"a"}, 99999, "1"},
            CutCase{"int8Most", "\377"s + std::string(255, 'x'), {std::string(255, 'x')}, 255, "1"},
            CutCase{"int8UnderALoweredLimit", "\4abcd\1a", {"abcd", "a"}, 4, "1"},
            CutCase{"int8OverALoweredLimit",
                    "\4abcd\5abcde\1a",
                    {"abcd", "tooLong:5", "closed"},
                    4,
                    "1"},
            CutCase{"int16", "\0\3abc\0\0\0\1x"s, {"abc", "", "x"}, 99999, "2"},
            CutCase{"int16HighByte",
                    "\1\1"s + std::string(257, 'y'),
                    {std::string(257, 'y')},
                    99999,
                    "2"},
            CutCase{"int16OverALoweredLimit", "\1\0"s, {"tooLong:256", "closed"}, 255, "2"},
            CutCase{"int32", "\0\0\0\3abc\0\0\0\0\0\0\0\1x"s, {"abc", "", "x"}, 99999, "4"},
            CutCase{"int32TheLimit", "\0\0\0\5abcde"s, {"abcde"}, 5, "4"},
            CutCase{
                "int32OneMore", "\0\0\0\1z\0\0\0\6abcdef"s, {"z", "tooLong:6", "closed"}, 5, "4"},
            CutCase{"int32OverTheUsualLimit",
                    "\0\1\206\240"s,
                    {"tooLong:100000", "closed"},
                    99999,
                    "4"},
            CutCase{
                "int32HighestBit", "\200\0\0\0"s, {"tooLong:2147483648", "closed"}, 99999, "4"}),
        allCuts()),
    nameOfCut);

class IntStringReceiverTest : public ::testing::Test {
 protected:
    // The strings "a", "b" and "c".
    static constexpr std::string_view abc{"\0\1a\0\1b\0\1c", 9};
    Int16s& strings() { return *it_.protocol; }

    Strings events_;
    Connected<Int16s> it_{&events_};
};

TEST_F(IntStringReceiverTest, theLongestStringOfTwoBytesIsTaken) {
    std::string most(65535, 'm');
    it_.feed("\377\377" + most);
    EXPECT_EQ(events_, Strings{most});
}

TEST_F(IntStringReceiverTest, theUsualLimitIsTakenWithFourBytes) {
    Strings events;
    Connected<Int32s> it(&events);
    it.feed("\0\1\206\237"s + std::string(99999, 'm'));
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].size(), 99999u);
}

TEST_F(IntStringReceiverTest, aTooLongStringStaysAndIsToldWithEachChunkUntilItIsAllowed) {
    strings().isTolerant = true;
    strings().setMaxLength(2);
    it_.feed("\0\3ab"s);
    it_.feed("c");
    EXPECT_EQ(events_, (Strings{"tooLong:3", "tooLong:3"}));
    strings().setMaxLength(3);
    it_.feed("\0\1d"s);
    EXPECT_EQ(events_, (Strings{"tooLong:3", "tooLong:3", "abc", "d"}));
}

TEST_F(IntStringReceiverTest, theRestCanBeTakenForAnotherProtocol) {
    std::string rest;
    strings().onString = [&](Int16s& it, BytesView) { rest = it.takeUnparsed(); };
    it_.feed(abc);
    EXPECT_EQ(events_, Strings{"a"});
    EXPECT_EQ(rest, abc.substr(3));
}

TEST_F(IntStringReceiverTest, theRestCanBeReplacedAndParsingGoesOnWithThat) {
    strings().onString = [](Int16s& it, BytesView string) {
        if (asText(string) != "a") return;
        it.takeUnparsed();
        feed(it, "\0\2xy"s);
    };
    it_.feed(abc);
    EXPECT_EQ(events_, (Strings{"a", "xy"}));
}

TEST_F(IntStringReceiverTest, bytesGivenToItInsideACallbackFollowTheOthers) {
    strings().onString = [](Int16s& it, BytesView string) {
        if (asText(string) == "a") feed(it, "\0\1d"s);
    };
    it_.feed(abc);
    EXPECT_EQ(events_, (Strings{"a", "b", "c", "d"}));
}

TEST_F(IntStringReceiverTest, theEndOfAStringCanBeGivenBack) {
    strings().onString = [](Int16s& it, BytesView string) {
        if (string.size() > 3) it.dataReceived(string.last(3));
    };
    it_.feed("\0\6abc\0\1z"s);
    EXPECT_EQ(events_, (Strings{"abc\0\1z"s, "z"}));
}

TEST_F(IntStringReceiverTest, aPauseKeepsTheRestUntilItIsResumed) {
    strings().onString = [](Int16s& it, BytesView) { it.pauseProducing(); };
    it_.feed(abc);
    EXPECT_EQ(events_, Strings{"a"});
    strings().resumeProducing();
    EXPECT_EQ(events_, (Strings{"a", "b"}));
    EXPECT_TRUE(strings().paused());
}

TEST_F(IntStringReceiverTest, disconnectingInsideAStringDropsTheRest) {
    strings().onString = [](Int16s& it, BytesView) { it.transport().loseConnection(); };
    it_.feed(abc);
    EXPECT_EQ(events_, Strings{"a"});
}

TEST_F(IntStringReceiverTest, aStringThatCameInPartsOnlyIsCopied) {
    std::string chunk = "a\0\1b\0\1c"s;
    std::vector<const void*> places;
    strings().onString = [&](Int16s&, BytesView string) { places.push_back(string.data()); };
    it_.feed("\0\1"s);
    strings().dataReceived(asBytes(chunk));
    ASSERT_EQ(places.size(), 3u);
    EXPECT_EQ(places[1], chunk.data() + 3);
    EXPECT_EQ(places[2], chunk.data() + 6);
}

TEST_F(IntStringReceiverTest, aMebibyteByteByByteTakesLinearTimeSlow) {
    Strings events;
    Connected<Int32s> it(&events, CutCase{"", "", {}, std::size_t{1} << 20});
    it.feed("\0\20\0\0"s);
    for (int i = 0; i < (1 << 20); ++i) it.protocol->dataReceived(asBytes("x"));
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].size(), 1u << 20);
}

template <class P>
std::string sent(const std::string& string) {
    Strings events;
    Connected<P> it(&events);
    it.protocol->sendString(string);
    EXPECT_EQ(it.transport->writes(), 1);
    return it.transport->value();
}

TEST_F(IntStringReceiverTest, sendStringPutsTheLengthInNetworkOrderBeforeIt) {
    EXPECT_EQ(sent<Int8s>("abc"), "\3abc");
    EXPECT_EQ(sent<Int16s>("abc"), "\0\3abc"s);
    EXPECT_EQ(sent<Int32s>(""), "\0\0\0\0"s);
    EXPECT_EQ(sent<Int8s>(std::string(255, 'x')).front(), '\377');
    EXPECT_EQ(sent<Int16s>(std::string(65535, 'x')).substr(0, 2), "\377\377");
    EXPECT_EQ(sent<Int32s>(std::string(65536, 'x')).substr(0, 4), "\0\1\0\0"s);
}

TEST_F(IntStringReceiverTest, aStringThatDoesNotFitThePrefixIsRefusedAndNothingWritten) {
    EXPECT_THROW(strings().sendString(std::string(65536, 'x')), StringTooLongError);
    Connected<Int8s> it(&events_);
    EXPECT_THROW(it.protocol->sendString(std::string(256, 'x')), UsageError);
    EXPECT_EQ(it_.transport->writes() + it.transport->writes(), 0);
}

using IntStringReceiverSocketTest = ReactorTest;
TEST_P(IntStringReceiverSocketTest, aLengthOverTheLimitClosesARealConnection) {
    run([](Reactor& reactor) -> Task<> {
        Strings events;
        auto strings = makeRef<Int32s>(&events);
        strings->onString = [](Int32s& it, BytesView string) { it.sendString(string); };
        std::string input = "\0\0\0\2hi\177\0\0\0late"s;
        std::string got = co_await exchange(reactor, strings, input);
        EXPECT_EQ(got, "\0\0\0\2hi"s);
        EXPECT_EQ(events, (Strings{"hi", "tooLong:2130706432"}));
    });
}
INSTANTIATE_TEST_SUITE_P(Drivers, IntStringReceiverSocketTest, ::testing::ValuesIn(bothDrivers()),
                         NameOf());

}  // namespace
}  // namespace wring
