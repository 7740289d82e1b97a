#pragma once

#include <wring/net/address.hpp>
#include <wring/net/detail/stream_awaiters.hpp>
#include <wring/runtime/task.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace wring {

class Socket;
class Certificate;
class TLSContext;
class TLSInfo;
enum class TLSRole : std::uint8_t;

namespace detail {
struct StreamAccess;
}

/// A connected stream of bytes in coroutine style: a handle that owns the connection. Destroying
/// it closes the connection as close() does, without telling when that is done.
///
/// Thread    its reactor's. One read and one write may overlap; two reads or two writes may not.
/// Errors    of everything that moves bytes: ConnectionLost once it is broken, and from then on;
///           CancelledError. The end of the stream is a value.
/// Source    Twisted has the callbacks of IProtocol in its place.
class WRING_API Stream {
 public:
    explicit Stream(Socket socket);
    Stream(Stream&&) noexcept;
    Stream& operator=(Stream) noexcept;
    ~Stream();

    /// Lends what has come, waiting until there is something; false at the end of the stream.
    ///
    /// Shape     1 byte to one receive buffer (8 KiB unless configured); chunk boundaries mean
    ///           nothing.
    /// Cancel    nothing that had come is lost: the next read gives it.
    /// Lifetime  the bytes belong to the caller; give them back (destroy them) soon.
    [[nodiscard]] detail::ReadAwaiter read() noexcept;

    /// Copies what has come, waiting until there is something; 0 at the end of the stream.
    ///
    /// Shape     `into` is not empty; gives 1 .. into.size().
    [[nodiscard]] Task<std::size_t> readInto(std::span<std::byte> into);

    /// Fills `into`. Errors: EndOfStreamError when the stream ends before that.
    [[nodiscard]] Task<> readExactly(std::span<std::byte> into);

    /// What has come up to and including `delimiter`, in memory of its own; what lies behind stays
    /// for the next read.
    ///
    /// Errors    MessageLengthError when the delimiter is not within the first `limit` bytes (they
    ///           stay unread); EndOfStreamError when the stream ends before it came (nothing is
    ///           lost: read() gives the rest).
    [[nodiscard]] Task<Bytes> readUntil(std::string delimiter, std::size_t limit);

    /// Gives bytes back to the front of what read() will give next.
    void unread(Bytes bytes);

    /// Sends all of it, without a copy; goes on when the kernel has it.
    ///
    /// Cancel    part of it may have been sent.
    /// Lifetime  what `bytes` refers to stays until the await returns.
    [[nodiscard]] detail::WriteAwaiter write(BytesView bytes) noexcept;
    [[nodiscard]] detail::WriteAwaiter write(std::string_view text) noexcept;
    /// Likewise, and keeps the bytes until they are sent: up to 64 KiB need not be waited for, they
    /// go out before the reactor sleeps and the next write waits until the kernel has them, unless
    /// both are short: then they go out as one. A later write, or a read, tells of a connection
    /// that broke meanwhile; close() sends them first.
    [[nodiscard]] detail::WriteAwaiter write(Bytes&& bytes) noexcept;
    [[nodiscard]] detail::WriteAwaiter write(const Bytes& bytes) noexcept;
    [[nodiscard]] detail::WriteAwaiter write(const char* text) noexcept;

    /// Sends the parts in order, together: without a copy if they are long.
    [[nodiscard]] Task<> writeSequence(std::span<const BytesView> parts);

    /// Tells the peer that nothing more will be sent; reading goes on. Errors: ConnectionLost.
    [[nodiscard]] Task<> shutdownSend();

    /// Secures the connection in place, and goes on when the handshake is done. What is read and
    /// written from then on is so through TLS: shutdownSend() and close() say to the peer that it
    /// was all, and a read fails with TLSTruncated where the peer did not. Needs that nobody
    /// writes. On a stream that is secured already, TLS goes through TLS.
    ///
    /// Errors    SSLError, CertificateVerifyError; TimeoutError, after the context's time;
    ///           ClearBytesError when bytes have come that nobody has read, as these would be
    ///           believed to be secured ones. The connection is of no use after any of them.
    /// Cancel    ends the connection.
    /// Source    Twisted: ITLSTransport.startTLS.
    [[nodiscard]] Task<> startTLS(Ref<TLSContext> context, TLSRole role);
    /// What was agreed on; empty for a connection that is not secured.
    [[nodiscard]] TLSInfo tlsInfo() const;
    /// Null if the peer has shown none. Twisted: ISSLTransport.getPeerCertificate.
    [[nodiscard]] Ref<Certificate> getPeerCertificate() const;
    /// By ALPN; empty: none. Twisted: INegotiated.negotiatedProtocol.
    [[nodiscard]] std::string negotiatedProtocol() const;

    /// Ends the connection in order and waits until the descriptor is closed. A read or write that
    /// waits meanwhile fails with ConnectionLost. A peer that does not take what was given away
    /// within ReactorOptions::closeLimit gets a reset.
    [[nodiscard]] Task<> close();

    /// Ends the connection at once; the peer sees a reset.
    void abort() noexcept;

    /// This end and the other; of no family once the connection is closed.
    [[nodiscard]] Address getHost() const noexcept;
    [[nodiscard]] Address getPeer() const noexcept;

    /// Nagle's algorithm off (true) or on, see tcp(7) TCP_NODELAY. Twisted: setTcpNoDelay.
    void setTcpNoDelay(bool on) noexcept;
    [[nodiscard]] bool getTcpNoDelay() const noexcept;
    /// Keep-alive probes, see socket(7) SO_KEEPALIVE. Twisted: setTcpKeepAlive.
    void setTcpKeepAlive(bool on) noexcept;
    [[nodiscard]] bool getTcpKeepAlive() const noexcept;

    /// Whether neither end nor error was met and nobody closed it.
    [[nodiscard]] bool isOpen() const noexcept;

    /// Gives up a secured connection for one in the other style, or of another owner, with all
    /// that came and was not read. The stream is of no use any more.
    ///
    /// Errors    ConnectionLost if it has ended.
    /// Cancel    ends the connection.
    [[nodiscard]] static Task<Socket> releaseSecured(Stream stream);

 private:
    friend struct detail::StreamAccess;
    detail::StreamConnection& connection() const noexcept;
    Ref<detail::StreamConnection> connection_;
};

}  // namespace wring
