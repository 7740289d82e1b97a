#include <wring/runtime/detail/message_layout.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace wring::detail {

std::optional<MessageView> MessageView::read(BytesView buffer, std::size_t nameRoom,
                                             std::size_t controlRoom) noexcept {
    MessageHead head;
    if (buffer.size() < sizeof head || buffer.size() - sizeof head < nameRoom ||
        buffer.size() - sizeof head - nameRoom < controlRoom) {
        return std::nullopt;
    }
    std::memcpy(&head, buffer.data(), sizeof head);
    if (head.controlBytes > controlRoom) return std::nullopt;
    buffer = buffer.subspan(sizeof head);
    MessageView view;
    view.name = buffer.first(std::min<std::size_t>(head.nameBytes, nameRoom));
    view.control = buffer.subspan(nameRoom, head.controlBytes);
    buffer = buffer.subspan(nameRoom + controlRoom);
    view.payload = buffer.first(std::min<std::size_t>(head.payloadBytes, buffer.size()));
    view.isCut = (head.flags & MSG_TRUNC) != 0 || head.payloadBytes > buffer.size();
    return view;
}

std::size_t messageOverhead(const ::msghdr& rooms) noexcept {
    return sizeof(MessageHead) + rooms.msg_namelen + rooms.msg_controllen;
}

int receiveMessageInto(std::span<std::byte> buffer, const ::msghdr& rooms,
                       int (*receive)(void* socket, ::msghdr& message) noexcept,
                       void* socket) noexcept {
    const std::size_t overhead = messageOverhead(rooms);
    if (buffer.size() < overhead) return -EINVAL;
    ::iovec part{buffer.data() + overhead, buffer.size() - overhead};
    ::msghdr message{};
    message.msg_name = buffer.data() + sizeof(MessageHead);
    message.msg_namelen = rooms.msg_namelen;
    message.msg_control = buffer.data() + sizeof(MessageHead) + rooms.msg_namelen;
    message.msg_controllen = rooms.msg_controllen;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    int size = receive(socket, message);
    if (size < 0) return size;
    MessageHead head{};
    head.nameBytes = message.msg_namelen;
    head.controlBytes = static_cast<std::uint32_t>(message.msg_controllen);
    head.payloadBytes = static_cast<std::uint32_t>(size);
    head.flags = static_cast<std::uint32_t>(message.msg_flags);
    std::memcpy(buffer.data(), &head, sizeof head);
    return static_cast<int>(overhead) + size;
}

}  // namespace wring::detail
