#include <wring/runtime/bytes.hpp>

#include <gtest/gtest.h>
#include <string>

namespace wring {
namespace {

TEST(BytesTest, emptyOnesAreFalse) {
    Bytes none;
    EXPECT_FALSE(none);
    EXPECT_TRUE(none.empty());
    EXPECT_EQ(none.size(), 0u);
    EXPECT_EQ(none.text(), "");
    EXPECT_FALSE(Bytes::copyOf(""));
    EXPECT_FALSE(none.isLent());
}

TEST(BytesTest, aCopyIsItsOwn) {
    std::string text = "hello";
    Bytes bytes = Bytes::copyOf(text);
    text[0] = 'j';
    EXPECT_TRUE(bytes);
    EXPECT_EQ(bytes.text(), "hello");
    EXPECT_EQ(bytes.size(), 5u);
    EXPECT_FALSE(bytes.isLent());
    BytesView view = bytes;
    EXPECT_EQ(view.data(), bytes.data());
}

TEST(BytesTest, movingEmptiesTheSource) {
    Bytes first = Bytes::copyOf("hello");
    const std::byte* place = first.data();
    Bytes second = std::move(first);
    EXPECT_FALSE(first);  // NOLINT: the state after a move is promised
    EXPECT_EQ(second.data(), place);
    Bytes third = Bytes::copyOf("other");
    third = std::move(second);
    EXPECT_EQ(third.text(), "hello");
    EXPECT_FALSE(second);  // NOLINT
    Bytes& self = third;
    third = std::move(self);
    EXPECT_EQ(third.text(), "hello");
    static_assert(!std::is_copy_constructible_v<Bytes>);
}

TEST(BytesTest, bothEndsCanBeForgotten) {
    Bytes bytes = Bytes::copyOf("header: value");
    bytes.removePrefix(8);
    EXPECT_EQ(bytes.text(), "value");
    bytes.truncate(3);
    EXPECT_EQ(bytes.text(), "val");
    bytes.removePrefix(0);
    EXPECT_EQ(bytes.text(), "val");
    Bytes moved = std::move(bytes);
    EXPECT_EQ(moved.text(), "val");
    moved.removePrefix(3);
    EXPECT_FALSE(moved);
}

TEST(BytesTest, aMovedFromObjectCanBeUsedAgain) {
    Bytes bytes = Bytes::copyOf("abc");
    bytes.removePrefix(2);
    Bytes taken = std::move(bytes);
    bytes = Bytes::copyOf("new");  // NOLINT
    EXPECT_EQ(bytes.text(), "new");
    EXPECT_EQ(taken.text(), "c");
}

TEST(BytesTest, textAndBytesAreTwoViewsOfTheSame) {
    const std::string_view text("a\0b", 3);
    EXPECT_EQ(asBytes(text).size(), 3u);
    EXPECT_EQ(asText(asBytes(text)), text);
    EXPECT_EQ(asText(asBytes(text)).data(), text.data());
}

TEST(BytesDeathTest, moreThanThereIsCannotBeForgotten) {
    Bytes bytes = Bytes::copyOf("abc");
    EXPECT_DEATH(bytes.removePrefix(4), "removePrefix of more than there is");
    EXPECT_DEATH(bytes.truncate(4), "truncate to more than there is");
}

}  // namespace
}  // namespace wring
