#include <wring/net/netstring_receiver.hpp>

#include <wring/tests/net/cuts.hpp>
#include <wring/tests/net/exchange.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <functional>

namespace wring {
namespace {

using namespace testing;

class Netstrings final : public NetstringReceiver {
 public:
    explicit Netstrings(Strings* events, const CutCase& each = {})
        : NetstringReceiver(each.max), events_(events) {}
    void stringReceived(BytesView string) override {
        events_->emplace_back(asText(string));
        if (onString) onString(*this, string);
    }
    std::function<void(Netstrings&, BytesView)> onString;

 private:
    Strings* events_;
};

class NetstringReceiverCutTest : public ::testing::TestWithParam<CutParam> {};
TEST_P(NetstringReceiverCutTest, theStringsAreTheSameHoweverTheStreamIsCut) {
    expectEventsHoweverCut<Netstrings>(GetParam());
}
INSTANTIATE_TEST_SUITE_P(
    Strings, NetstringReceiverCutTest,
    ::testing::Combine(
        ::testing::Values(
            CutCase{"three", "3:abc,0:,1:,,", {"abc", "", ","}},
            CutCase{"colonsAndDigitsInside", "5:3:ab,,2:1:,", {"3:ab,", "1:"}},
            CutCase{"unfinished", "3:abc,4:abc,", {"abc"}},
            CutCase{"twoDigits", "12:hello world!,", {"hello world!"}},
            CutCase{"longStrings",
                    "150:" + std::string(150, 'x') + ",70:" + std::string(70, 'y') + ",",
                    {std::string(150, 'x'), std::string(70, 'y')}},
            CutCase{"oneLessThanTheLimit", "4:1234,", {"1234"}, 5},
            CutCase{"theLimit", "5:12345,", {"12345"}, 5},
            CutCase{"oneMoreThanTheLimit", "1:a,6:123456,", {"a", "closed"}, 5},
            CutCase{"noCommaAtTheEnd", "1:a,3:abcX1:b,", {"a", "closed"}},
            CutCase{"leadingZero", "1:a,03:abc,", {"a", "closed"}},
            CutCase{"twoZeros", "00:,", {"closed"}}, CutCase{"noLength", ":,", {"closed"}},
            CutCase{"negativeLength", "-1:,", {"closed"}},
            CutCase{"lettersBehindTheLength", "3aaa", {"closed"}},
            CutCase{"letter", "x", {"closed"}},
            CutCase{"overTheLimitBeforeTheColon", "99999999999", {"closed"}},
            CutCase{"overAnyNumber", "99999999999999999999999999", {"closed"}, ~std::size_t{0}}),
        allCuts()),
    nameOfCut);

class NetstringReceiverTest : public ::testing::Test {
 protected:
    Strings events_;
    Connected<Netstrings> it_{&events_};
};

TEST_F(NetstringReceiverTest, aLengthIsRefusedWithTheDigitThatMakesItTooLong) {
    it_.feed("9999");
    EXPECT_FALSE(it_.protocol->brokenPeer());
    it_.feed("9");
    EXPECT_FALSE(it_.protocol->brokenPeer());
    it_.feed("9");
    EXPECT_TRUE(it_.protocol->brokenPeer());
    EXPECT_TRUE(it_.transport->disconnecting());
}

TEST_F(NetstringReceiverTest, aBrokenPeerIsNotListenedToEvenIfNobodyCloses) {
    Strings events;
    Netstrings alone(&events);
    feed(alone, "1:a,x1:b,");
    feed(alone, "1:c,");
    EXPECT_TRUE(alone.brokenPeer());
    EXPECT_EQ(events, Strings{"a"});
    EXPECT_EQ(alone.takeUnparsed(), "");
}

TEST_F(NetstringReceiverTest, aStringInsideAChunkIsNotCopied) {
    std::string chunk = "3:abc,4:defg,";
    std::vector<const void*> places;
    it_.protocol->onString = [&](Netstrings&, BytesView string) {
        places.push_back(string.data());
    };
    it_.protocol->dataReceived(asBytes(chunk));
    EXPECT_EQ(places, (std::vector<const void*>{chunk.data() + 2, chunk.data() + 8}));
}

TEST_F(NetstringReceiverTest, aMebibyteByteByByteTakesLinearTimeSlow) {
    it_.protocol->setMaxLength(std::size_t{1} << 20);
    it_.feed("1048576:");
    for (int i = 0; i < (1 << 20); ++i) it_.protocol->dataReceived(asBytes("x"));
    EXPECT_TRUE(events_.empty());
    it_.feed(",");
    ASSERT_EQ(events_.size(), 1u);
    EXPECT_EQ(events_[0].size(), 1u << 20);
}

TEST_F(NetstringReceiverTest, aPauseKeepsTheRestUntilItIsResumed) {
    it_.protocol->onString = [](Netstrings& it, BytesView) { it.pauseProducing(); };
    it_.feed("1:a,1:b,");
    EXPECT_EQ(events_, Strings{"a"});
    it_.protocol->resumeProducing();
    EXPECT_EQ(events_, (Strings{"a", "b"}));
}

TEST_F(NetstringReceiverTest, disconnectingInsideAStringDropsTheRest) {
    it_.protocol->onString = [](Netstrings& it, BytesView) { it.transport().loseConnection(); };
    it_.feed("1:a,1:b,1:");
    EXPECT_EQ(events_, Strings{"a"});
    EXPECT_FALSE(it_.protocol->brokenPeer());
    EXPECT_EQ(it_.protocol->takeUnparsed(), "");
}

TEST_F(NetstringReceiverTest, sendStringHasNoLimit) {
    it_.protocol->setMaxLength(3);
    it_.protocol->sendString("");
    it_.protocol->sendString("hello, world");
    EXPECT_EQ(it_.transport->value(), "0:,12:hello, world,");
    EXPECT_EQ(it_.transport->writes(), 2);
}

using NetstringReceiverSocketTest = ReactorTest;
TEST_P(NetstringReceiverSocketTest, whatIsNotANetstringClosesARealConnection) {
    run([](Reactor& reactor) -> Task<> {
        Strings events;
        auto strings = makeRef<Netstrings>(&events);
        strings->onString = [](Netstrings& it, BytesView string) { it.sendString(string); };
        std::string got = co_await exchange(reactor, strings, "3:abc,0:,GET / HTTP/1.1\r\n");
        EXPECT_EQ(got, "3:abc,0:,");
        EXPECT_TRUE(strings->brokenPeer());
    });
}
INSTANTIATE_TEST_SUITE_P(Drivers, NetstringReceiverSocketTest, ::testing::ValuesIn(bothDrivers()),
                         NameOf());

}  // namespace
}  // namespace wring
