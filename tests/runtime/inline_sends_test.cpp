#include <wring/runtime/detail/inline_sends.hpp>

#include <gtest/gtest.h>
#include <string>

namespace wring::detail {
namespace {

struct Send : Operation {
    explicit Send(BytesView bytes) : Operation([](Operation&, Completion&) noexcept {}) {
        prepareSend(1, bytes);
    }
};

// A short text is copied, a long one kept with its owner.
struct InlineSendsTest : ::testing::TestWithParam<std::size_t> {
    std::string text = std::string(GetParam(), 'x');
    Bytes owner = Bytes::copyOf(text);
    Send send{owner.view()};
    InlineSends sends;
};

TEST_P(InlineSendsTest, whatWasAddedIsFoundAndTakenOnce) {
    ASSERT_TRUE(sends.add(send, owner));
    InlineSends::Entry& entry = sends.find(sends.lastNumber());
    EXPECT_EQ(entry.operation, &send);
    EXPECT_EQ(asText(entry.bytes()), text);
    Bytes taken = sends.take(entry);
    EXPECT_EQ(taken.text(), text);
}

TEST_P(InlineSendsTest, takingTheLastOneOffLeavesTheBytesWithTheirOwner) {
    ASSERT_TRUE(sends.add(send, owner));
    sends.removeLast(owner);
    EXPECT_TRUE(sends.empty());
    EXPECT_EQ(owner.text(), text);
    EXPECT_EQ(owner.data(), send.bytes().data());
}

TEST_P(InlineSendsTest, whatHasNoOwnerIsNotKept) {
    Bytes none;
    EXPECT_FALSE(sends.add(send, none));
    EXPECT_TRUE(sends.empty());
}

TEST_P(InlineSendsTest, oneBatchIsFilledWhileTheOtherIsWithTheKernel) {
    EXPECT_FALSE(sends.handOver()) << "there is nothing";
    sends.add(send, owner);
    ASSERT_TRUE(sends.handOver());
    Bytes second = Bytes::copyOf(text);
    Send other{second.view()};
    sends.add(other, second);
    EXPECT_FALSE(sends.handOver()) << "the older batch is not done with";
    InlineSends::Entry* entry = sends.next();
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->operation, &send);
    EXPECT_FALSE(sends.next());
    EXPECT_FALSE(sends.isWaiting());
    ASSERT_TRUE(sends.handOver());
    EXPECT_EQ(sends.next()->operation, &other);
}

TEST_P(InlineSendsTest, shortBytesAreJoinedToTheLastOneIfItIsACopy) {
    bool isCopy = text.size() <= 1024;
    ASSERT_TRUE(sends.add(send, owner));
    InlineSends::Entry* joined = sends.join(send, asBytes("more"));
    EXPECT_EQ(joined != nullptr, isCopy);
    EXPECT_EQ(asText(sends.find(sends.lastNumber()).bytes()), isCopy ? text + "more" : text);
    EXPECT_EQ(sends.take(sends.find(sends.lastNumber())).text(), isCopy ? text + "more" : text);
}

TEST_P(InlineSendsTest, nothingIsJoinedToAnothersOrBehindAnothersOrToWhatWasHandedOver) {
    Bytes second = Bytes::copyOf("y");
    Send other{second.view()};
    EXPECT_FALSE(sends.join(send, asBytes("more"))) << "there is nothing";
    ASSERT_TRUE(sends.add(send, owner));
    EXPECT_FALSE(sends.join(other, asBytes("more")));
    ASSERT_TRUE(sends.add(other, second));
    EXPECT_FALSE(sends.join(send, asBytes("more")));
    ASSERT_TRUE(sends.handOver());
    EXPECT_FALSE(sends.join(other, asBytes("more")));
}

TEST(InlineSendsJoinTest, bytesOfOneThatWasTakenOffAreInNobodysWay) {
    Bytes first = Bytes::copyOf("first"), second = Bytes::copyOf("second");
    Send send{first.view()}, other{second.view()};
    InlineSends sends;
    ASSERT_TRUE(sends.add(send, first));
    ASSERT_TRUE(sends.add(other, second));
    sends.removeLast(second);
    ASSERT_TRUE(sends.join(send, asBytes(" more")));
    EXPECT_EQ(asText(sends.find(sends.lastNumber()).bytes()), "first more");
}

TEST(InlineSendsJoinTest, whatIsJoinedStaysShort) {
    Bytes owner = Bytes::copyOf("first");
    Send send{owner.view()};
    InlineSends sends;
    ASSERT_TRUE(sends.add(send, owner));
    std::string expected = "first";
    const std::string more(700, 'm');
    while (sends.join(send, asBytes(more))) expected += more;
    EXPECT_EQ(expected.size(), 5 + 5 * more.size());
    EXPECT_FALSE(sends.join(send, asBytes(std::string(1025, 'm'))));
    EXPECT_EQ(asText(sends.find(sends.lastNumber()).bytes()), expected);
}

INSTANTIATE_TEST_SUITE_P(Sizes, InlineSendsTest, ::testing::Values(1, 1024, 1025, 100000));

}  // namespace
}  // namespace wring::detail
