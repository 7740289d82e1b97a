#pragma once

#include <wring/net/detail/frame.hpp>
#include <wring/net/framing_errors.hpp>
#include <wring/net/stream.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace wring {

/// The next line of a stream without its delimiter; nothing at the end of the stream.
///
///     while (std::optional<Bytes> line = co_await readLine(peer, 512)) …
///
/// A line that makes up a whole chunk is lent as read() lends it, others are copied; what lies
/// behind it stays for the next read, of whatever kind.
///
/// Errors    MessageLengthError when the line has more than `limit` bytes, as soon as there are as
///           many and a delimiter's more; EndOfStreamError when the stream ends within it; those of
///           read(). Nothing is lost by any of them: the next read begins where this one began.
/// Cancel    nothing is lost.
/// Lifetime  the stream stays where it is until the await returns; give the bytes back soon.
/// Source    Twisted: LineReceiver, in coroutine style.
[[nodiscard]] WRING_API Task<std::optional<Bytes>> readLine(
    Stream& stream, std::size_t limit = detail::lineBytesMax, std::string delimiter = "\r\n");

/// The next netstring, `LENGTH:BYTES,`, perhaps empty; nothing at the end of the stream. All as
/// with readLine().
///
/// Errors    NetstringParseError, which names the first wrong byte, as soon as it is there;
///           MessageLengthError for a length over `limit`; and as readLine().
/// Source    Twisted: NetstringReceiver.
[[nodiscard]] WRING_API Task<std::optional<Bytes>> readNetstring(
    Stream& stream, std::size_t limit = detail::stringBytesMax);

/// The next string behind its length, a number of 1, 2 or 4 bytes in network byte order; perhaps
/// empty; nothing at the end of the stream. All as with readLine().
///
/// Errors    MessageLengthError for a length over `limit`; and as readLine().
/// Source    Twisted: Int8StringReceiver, Int16StringReceiver, Int32StringReceiver.
[[nodiscard]] WRING_API Task<std::optional<Bytes>> readInt8String(
    Stream& stream, std::size_t limit = detail::stringBytesMax);
[[nodiscard]] WRING_API Task<std::optional<Bytes>> readInt16String(
    Stream& stream, std::size_t limit = detail::stringBytesMax);
[[nodiscard]] WRING_API Task<std::optional<Bytes>> readInt32String(
    Stream& stream, std::size_t limit = detail::stringBytesMax);

/// Sends the line and the delimiter, which it had better not contain, as `write(Bytes&&)` does.
///
/// Lifetime  the text is copied before this returns.
[[nodiscard]] WRING_API detail::WriteAwaiter writeLine(Stream& stream, std::string_view line,
                                                       std::string_view delimiter = "\r\n");

/// Sends a netstring. Likewise.
[[nodiscard]] WRING_API detail::WriteAwaiter writeNetstring(Stream& stream, BytesView string);
[[nodiscard]] WRING_API detail::WriteAwaiter writeNetstring(Stream& stream, std::string_view text);

/// Sends a string behind its length. Likewise.
///
/// Errors    throws StringTooLongError, without sending anything, when the length does not fit.
[[nodiscard]] WRING_API detail::WriteAwaiter writeInt8String(Stream& stream, BytesView string);
[[nodiscard]] WRING_API detail::WriteAwaiter writeInt8String(Stream& stream, std::string_view text);
[[nodiscard]] WRING_API detail::WriteAwaiter writeInt16String(Stream& stream, BytesView string);
[[nodiscard]] WRING_API detail::WriteAwaiter writeInt16String(Stream& stream,
                                                              std::string_view text);
[[nodiscard]] WRING_API detail::WriteAwaiter writeInt32String(Stream& stream, BytesView string);
[[nodiscard]] WRING_API detail::WriteAwaiter writeInt32String(Stream& stream,
                                                              std::string_view text);

}  // namespace wring
