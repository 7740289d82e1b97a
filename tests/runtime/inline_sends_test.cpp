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

INSTANTIATE_TEST_SUITE_P(Sizes, InlineSendsTest, ::testing::Values(1, 1024, 1025, 100000));

}  // namespace
}  // namespace wring::detail
