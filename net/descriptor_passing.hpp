#pragma once

#include <wring/runtime/bytes.hpp>
#include <wring/runtime/file_descriptor.hpp>
#include <wring/runtime/task.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace wring {

class Stream;

/// Bytes that came over a UNIX connection, and the descriptors that came with them.
class WRING_API DescriptorMessage {
 public:
    DescriptorMessage() noexcept = default;
    DescriptorMessage(DescriptorMessage&&) noexcept = default;
    DescriptorMessage& operator=(DescriptorMessage&&) noexcept = default;
    ~DescriptorMessage() = default;

    Bytes bytes;                              ///< empty at the end of the stream
    std::vector<FileDescriptor> descriptors;  ///< in the order of sending; they close in a child
};

/// How many descriptors one message carries at most. Source: SCM_RIGHTS of unix(7).
inline constexpr std::size_t descriptorsMax = 253;

/// Sends all bytes over a UNIX connection, and copies of the descriptors with the first of them.
///
/// Shape     at least one byte, which carries them all; nothing else is being written.
/// Errors    FileDescriptorOverrun for descriptors without a byte; Error(EINVAL) for more than
///           `descriptorsMax`, and UsageError for a secured stream, and then nothing is sent;
///           ConnectionLost; CancelledError.
/// Cancel    part of it may have been sent, the descriptors with the first byte.
/// Source    Twisted: IUNIXTransport.sendFileDescriptor, of which each takes a byte of its own.
[[nodiscard]] WRING_API Task<> sendDescriptors(Stream& stream, BytesView bytes,
                                               std::span<const int> descriptors);

/// Takes what has come over a UNIX connection, with the descriptors that came with it, waiting
/// until there is something. A stream on which descriptors are awaited is read by nothing else:
/// read() takes the bytes, and the kernel closes the descriptors.
///
/// Shape     at most `bytesMax` bytes; never beyond the ones that carry the next descriptors.
/// Errors    ConnectionLost, after it aborted the connection, when the kernel had to drop
///           descriptors because this process may have no more (EMFILE); CancelledError; UsageError
///           for a secured stream. Once the stream is closed ConnectionLost; one that waits then is
///           ended by cancelling it.
/// Cancel    nothing that had come is lost.
/// Source    Twisted: IFileDescriptorReceiver.fileDescriptorReceived.
[[nodiscard]] WRING_API Task<DescriptorMessage> receiveDescriptors(Stream& stream,
                                                                   std::size_t bytesMax = 4096);

}  // namespace wring
