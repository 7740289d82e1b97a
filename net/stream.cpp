#include <wring/net/stream.hpp>

#include <wring/net/detail/byte_queue.hpp>
#include <wring/net/detail/stream_connection.hpp>
#include <wring/net/detail/tls_layer.hpp>
#include <wring/net/tls_errors.hpp>
#include <wring/runtime/assert.hpp>
#include <wring/runtime/outcome.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace wring {

namespace {

// Parts of so much together are copied into one block, which need not be waited for.
constexpr std::size_t joinedBytesMax = 16384;
constexpr std::size_t partsAtOnce = 64;

/// Waits until the kernel has taken all of `partsAtOnce` parts at most, from where they are.
class SequenceAwaiter final : public detail::Writer {
 public:
    SequenceAwaiter(detail::StreamConnection& connection, std::span<const BytesView> parts) noexcept
        : Writer(connection, firstOf(parts)) {
        for (BytesView part : parts) {
            rooms_[message_.msg_iovlen++] = {const_cast<std::byte*>(part.data()), part.size()};
        }
        message_.msg_iov = rooms_;
    }

 private:
    static BytesView firstOf(std::span<const BytesView> parts) noexcept {
        auto found =
            std::find_if(parts.begin(), parts.end(), [](BytesView part) { return !part.empty(); });
        return found == parts.end() ? BytesView() : *found;
    }
    bool start() noexcept override {
        connection().startSequence(message_);
        return false;
    }

    ::msghdr message_{};
    ::iovec rooms_[partsAtOnce];
};

}  // namespace

Stream::Stream(Socket socket) : connection_(makeRef<detail::StreamConnection>(std::move(socket))) {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream other) noexcept {
    std::swap(connection_, other.connection_);
    return *this;
}
Stream::~Stream() {
    if (connection_) connection_->close();
}

detail::StreamConnection& Stream::connection() const noexcept {
    WRING_ASSERT(connection_, "a Stream was used after it had been moved from");
    return *connection_;
}

detail::ReadAwaiter Stream::read() noexcept { return detail::ReadAwaiter(connection()); }

Task<std::size_t> Stream::readInto(std::span<std::byte> into) {
    WRING_ASSERT(!into.empty(), "readInto of no bytes");
    Bytes chunk = co_await read();
    std::size_t count = std::min(chunk.size(), into.size());
    if (count == 0) co_return 0;
    std::memcpy(into.data(), chunk.data(), count);
    chunk.removePrefix(count);
    if (chunk) unread(std::move(chunk));
    co_return count;
}

Task<> Stream::readExactly(std::span<std::byte> into) {
    while (!into.empty()) {
        std::size_t count = co_await readInto(into);
        if (count == 0) throw EndOfStreamError();
        into = into.subspan(count);
    }
}

Task<Bytes> Stream::readUntil(std::string delimiter, std::size_t limit) {
    WRING_ASSERT(!delimiter.empty(), "readUntil of an empty delimiter");
    std::string line;
    for (;;) {
        // Whatever ends this early gives back what it has taken.
        auto chunk = co_await outcome(read());
        bool isEnd = chunk && !*chunk;
        if (!chunk || isEnd) {
            if (!line.empty()) unread(Bytes::copyOf(line));
            if (isEnd) throw EndOfStreamError();
            chunk.error().raise();
        }
        std::size_t from = line.size() - std::min(line.size(), delimiter.size() - 1);
        line += chunk->text();
        std::size_t at = line.find(delimiter, from);
        std::size_t end = at + delimiter.size();
        if (at != std::string::npos && end <= limit) {
            if (end < line.size()) unread(Bytes::copyOf(std::string_view(line).substr(end)));
            co_return Bytes::copyOf(std::string_view(line).substr(0, end));
        }
        if (line.size() < limit) continue;
        unread(Bytes::copyOf(line));
        throw MessageLengthError(0, "readUntil",
                                 "no delimiter within " + std::to_string(limit) + " bytes");
    }
}

void Stream::unread(Bytes bytes) {
    if (bytes) connection().unread(std::move(bytes));
}

detail::WriteAwaiter Stream::write(BytesView bytes) noexcept {
    return detail::WriteAwaiter(connection(), bytes);
}
detail::WriteAwaiter Stream::write(std::string_view text) noexcept { return write(asBytes(text)); }
detail::WriteAwaiter Stream::write(const char* text) noexcept {
    return write(std::string_view(text));
}
detail::WriteAwaiter Stream::write(Bytes&& bytes) noexcept {
    return detail::WriteAwaiter(connection(), std::move(bytes));
}
detail::WriteAwaiter Stream::write(const Bytes& bytes) noexcept { return write(bytes.view()); }

Task<> Stream::writeSequence(std::span<const BytesView> parts) {
    std::size_t bytes = 0;
    for (BytesView part : parts) bytes += part.size();
    if (bytes <= joinedBytesMax || connection().layer()) {
        detail::ByteQueue joined;
        joined.reserve(bytes);
        for (BytesView part : parts) joined.append(part);
        co_await write(joined.take());
        co_return;
    }
    while (!parts.empty()) {
        std::span<const BytesView> now = parts.first(std::min(parts.size(), partsAtOnce));
        parts = parts.subspan(now.size());
        SequenceAwaiter sequence(connection(), now);
        co_await sequence;
    }
}

Task<> Stream::shutdownSend() {
    int result = connection().shutdownSend();
    if (result < 0) detail::lostFailure(-result).raise();
    co_return;
}

Task<> Stream::startTLS(Ref<TLSContext> context, TLSRole role) {
    Ref<detail::StreamConnection> securing(&connection());
    Ref<detail::TlsLayer> layer = securing->startTLS(context, role);
    auto waited = co_await outcome(layer->settled().wait());
    if (!waited) {
        securing->abortNow();
        waited.error().raise();
    }
    if (layer->session().failure()) layer->session().failure()->raise();
    if (!layer->isSecured()) Failure::of<ConnectionLost>(0, "startTLS").raise();
}

TLSInfo Stream::tlsInfo() const {
    detail::TlsLayer* layer = connection().layer();
    return layer ? layer->session().info() : TLSInfo();
}

Ref<Certificate> Stream::getPeerCertificate() const {
    detail::TlsLayer* layer = connection().layer();
    return layer ? layer->session().peerCertificate() : nullptr;
}

std::string Stream::negotiatedProtocol() const { return tlsInfo().negotiatedProtocol; }

Task<Socket> Stream::releaseSecured(Stream stream) {
    Ref<detail::StreamConnection> leaving(&stream.connection());
    while (leaving->isOpen() && !leaving->mayLeave()) co_await leaving->news();
    if (!leaving->isOpen()) co_return Failure::of<ConnectionLost>(0, "release");
    co_return leaving->leave();
}

Task<> Stream::close() {
    Ref<detail::StreamConnection> closing = connection_;
    if (!closing) co_return;
    closing->close();
    while (!closing->isClosed()) co_await closing->news();
}

void Stream::abort() noexcept {
    if (connection_) connection_->abortNow();
}

Address Stream::getHost() const noexcept { return connection().getHost(); }
Address Stream::getPeer() const noexcept { return connection().getPeer(); }
void Stream::setTcpNoDelay(bool on) noexcept { connection().setFlag(IPPROTO_TCP, TCP_NODELAY, on); }
bool Stream::getTcpNoDelay() const noexcept {
    return connection().getFlag(IPPROTO_TCP, TCP_NODELAY);
}
void Stream::setTcpKeepAlive(bool on) noexcept {
    connection().setFlag(SOL_SOCKET, SO_KEEPALIVE, on);
}
bool Stream::getTcpKeepAlive() const noexcept {
    return connection().getFlag(SOL_SOCKET, SO_KEEPALIVE);
}
bool Stream::isOpen() const noexcept { return connection_ && connection_->isUsable(); }

}  // namespace wring
