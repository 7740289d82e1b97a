#include <wring/runtime/detail/message_layout.hpp>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <cerrno>
#include <cstring>
#include <string>

namespace wring::detail {
namespace {

constexpr std::size_t nameRoom = 8;
constexpr std::size_t controlRoom = 16;

/// A buffer with a message that has those numbers in its head.
std::string message(MessageHead head, std::string_view payload) {
    std::string text(reinterpret_cast<const char*>(&head), sizeof head);
    text += "sender..";
    text += "control.........";
    return text.append(payload);
}

std::optional<MessageView> read(const std::string& buffer) {
    return MessageView::read(asBytes(buffer), nameRoom, controlRoom);
}

TEST(MessageLayoutTest, eachPartIsFoundInItsRoom) {
    std::string whole = message({6, 7, 5, 0}, "hello");
    auto view = read(whole);
    ASSERT_TRUE(view);
    EXPECT_EQ(asText(view->name), "sender");
    EXPECT_EQ(asText(view->control), "control");
    EXPECT_EQ(asText(view->payload), "hello");
    EXPECT_FALSE(view->isCut);
    EXPECT_TRUE(read(message({0, 0, 0, 0}, ""))->payload.empty());
}

TEST(MessageLayoutTest, whatIsTooShortForItsRoomsIsNone) {
    const std::string whole = message({6, 7, 0, 0}, "");
    EXPECT_TRUE(read(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(read(whole.substr(0, size))) << size;
    }
    EXPECT_FALSE(MessageView::read(asBytes(whole), ~std::size_t{0}, controlRoom));
    EXPECT_FALSE(MessageView::read(asBytes(whole), nameRoom, ~std::size_t{0}));
}

TEST(MessageLayoutTest, lengthsBeyondWhatIsThereAreNotBelieved) {
    EXPECT_FALSE(read(message({6, 17, 0, 0}, "")));
    EXPECT_FALSE(read(message({6, ~0u, 0, 0}, "")));
    std::string longName = message({~0u, 0, 5, 0}, "hello");
    EXPECT_EQ(asText(read(longName)->name), "sender..");
    std::string longPayload = message({6, 7, ~0u, 0}, "hello");
    EXPECT_EQ(asText(read(longPayload)->payload), "hello");
    EXPECT_TRUE(read(longPayload)->isCut);
    std::string shortPayload = message({6, 7, 2, MSG_TRUNC}, "hello");
    EXPECT_EQ(asText(read(shortPayload)->payload), "he");
    EXPECT_TRUE(read(shortPayload)->isCut);
}

int receiveHello(void*, ::msghdr& into) noexcept {
    EXPECT_EQ(into.msg_namelen, nameRoom);
    EXPECT_EQ(into.msg_controllen, controlRoom);
    EXPECT_EQ(into.msg_iov[0].iov_len, 4u);
    std::memcpy(into.msg_name, "me", 2);
    std::memcpy(into.msg_iov[0].iov_base, "hell", 4);
    into.msg_namelen = 2;
    into.msg_controllen = 0;
    into.msg_flags = MSG_TRUNC;
    return 4;
}

int failToReceive(void*, ::msghdr&) noexcept { return -EAGAIN; }

TEST(MessageLayoutTest, aMessageIsReceivedToBeRead) {
    ::msghdr rooms{};
    rooms.msg_namelen = nameRoom;
    rooms.msg_controllen = controlRoom;
    std::string buffer(messageOverhead(rooms) + 4, '\0');
    auto bytes = std::as_writable_bytes(std::span(buffer));
    EXPECT_EQ(receiveMessageInto(bytes, rooms, receiveHello, nullptr),
              static_cast<int>(buffer.size()));
    auto view = read(buffer);
    ASSERT_TRUE(view);
    EXPECT_EQ(asText(view->name), "me");
    EXPECT_TRUE(view->control.empty());
    EXPECT_EQ(asText(view->payload), "hell");
    EXPECT_TRUE(view->isCut);
    EXPECT_EQ(receiveMessageInto(bytes, rooms, failToReceive, nullptr), -EAGAIN);
    EXPECT_EQ(receiveMessageInto(bytes.first(10), rooms, receiveHello, nullptr), -EINVAL);
}

}  // namespace
}  // namespace wring::detail
