#pragma once

#include <wring/runtime/bytes.hpp>

#include <optional>

struct msghdr;

namespace wring::detail {

/// What begins a message in a receive buffer. Behind it lie the room for the sender's name, the
/// room for the control part, and the bytes.
///
/// Source    io_uring_recvmsg_out of io_uring_prep_recvmsg_multishot(3).
struct MessageHead {
    std::uint32_t nameBytes;     ///< it may have had more than there was room for
    std::uint32_t controlBytes;  //
    std::uint32_t payloadBytes;  //
    std::uint32_t flags;         ///< of recvmsg(2)
};

/// A message in a receive buffer, as it lies there.
struct MessageView {
    BytesView name;
    BytesView control;
    BytesView payload;
    bool isCut = false;  ///< the end of the payload is lost

    /// Nothing if the buffer is not of a message with such rooms.
    static std::optional<MessageView> read(BytesView buffer, std::size_t nameRoom,
                                           std::size_t controlRoom) noexcept;
};

/// How many bytes of a buffer are not for the payload, when the message has the rooms of `rooms`.
std::size_t messageOverhead(const ::msghdr& rooms) noexcept;

/// Fills a buffer with a message: `receive(message)` is a recvmsg(2). How much of the buffer that
/// took, or what `receive` gave if that was an error.
int receiveMessageInto(std::span<std::byte> buffer, const ::msghdr& rooms,
                       int (*receive)(void* socket, ::msghdr& message) noexcept,
                       void* socket) noexcept;

}  // namespace wring::detail
