#pragma once

#include <wring/deferred/sleep.hpp>
#include <wring/net/errors.hpp>
#include <wring/net/factory.hpp>
#include <wring/net/socket.hpp>
#include <wring/net/stream.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>
#include <wring/runtime/task.hpp>

#include <cerrno>
#include <functional>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace wring::testing {

/// A plain descriptor of a socket, used without wring: a peer whose every step the test decides.
class Peer {
 public:
    explicit Peer(int fd = -1) noexcept : fd_(fd) {}
    Peer(Peer&& other) noexcept : fd_(other.release()) {}
    Peer& operator=(Peer other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Peer() { close(); }

    int fd() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }

    /// Sends as much as the kernel takes now; gives how much that was.
    std::size_t send(std::string_view text) {
        std::size_t done = 0;
        while (done < text.size()) {
            ssize_t count = ::send(fd_, text.data() + done, text.size() - done,
                                   MSG_DONTWAIT | MSG_NOSIGNAL);
            if (count <= 0) break;
            done += static_cast<std::size_t>(count);
        }
        return done;
    }
    /// Takes what has come, without waiting.
    std::string receive() {
        std::string all;
        std::vector<char> block(65536);
        for (;;) {
            ssize_t count = ::recv(fd_, block.data(), block.size(), MSG_DONTWAIT);
            if (count == 0) sawEnd_ = true;
            if (count < 0 && errno != EAGAIN) error_ = errno;
            if (count <= 0) return all;
            all.append(block.data(), static_cast<std::size_t>(count));
        }
    }
    /// Whether receive() met the end of the stream, and the errno it met, or 0.
    bool sawEnd() const noexcept { return sawEnd_; }
    int error() const noexcept { return error_; }

    void finishSending() { ::shutdown(fd_, SHUT_WR); }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    /// Closes so that the other end sees a reset.
    void reset() {
        linger immediately{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &immediately, sizeof immediately);
        close();
    }

 private:
    int fd_;
    int error_ = 0;
    bool sawEnd_ = false;
};

/// A listening socket on the loopback, without wring.
class PlainListener {
 public:
    explicit PlainListener(int backlog = 16, int bufferBytes = 0)
        : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (bufferBytes) limitBuffers(listener_.fd(), bufferBytes);
        Address any = Address::loopback4(0);
        EXPECT_EQ(::bind(listener_.fd(), any.sockaddrData(), any.sockaddrSize()), 0);
        EXPECT_EQ(::listen(listener_.fd(), backlog), 0);
        sockaddr_storage storage{};
        socklen_t bytes = sizeof storage;
        ::getsockname(listener_.fd(), reinterpret_cast<sockaddr*>(&storage), &bytes);
        address_ = Address::fromSockaddr(&storage, bytes);
    }
    int fd() const noexcept { return listener_.fd(); }
    Address address() const noexcept { return address_; }
    Peer accept() { return Peer(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC)); }
    void close() { listener_.close(); }

    static void limitBuffers(int fd, int bytes) {
        ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
        ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    }

 private:
    Peer listener_;
    Address address_;
};

/// A connection to a listening address, made by plain calls; blocks no longer than the loopback.
inline Peer connectPeer(const Address& address, int bufferBytes = 0, int flags = 0) {
    int family = address.family() == AddressFamily::ipv6 ? AF_INET6 : AF_INET;
    Peer peer(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    if (bufferBytes) PlainListener::limitBuffers(peer.fd(), bufferBytes);
    int result = ::connect(peer.fd(), address.sockaddrData(), address.sockaddrSize());
    if (result < 0 && errno != EINPROGRESS) peer.close();
    return peer;
}

/// The two ends of a TCP connection as plain descriptors.
struct PeerPair {
    explicit PeerPair(int bufferBytes = 0) {
        PlainListener listener(1, bufferBytes);
        far = connectPeer(listener.address(), bufferBytes);
        near = listener.accept();
    }
    Peer near;
    Peer far;
};

/// A stream, and its peer as a plain descriptor.
struct StreamAndPeer {
    explicit StreamAndPeer(Reactor& reactor, int bufferBytes = 0)
        : StreamAndPeer(reactor, PeerPair(bufferBytes)) {}
    StreamAndPeer(Reactor& reactor, PeerPair ends)
        : near(Socket(reactor, ends.near.release())), far(std::move(ends.far)) {}
    Stream near;
    Peer far;
};

/// Two streams connected with each other.
struct StreamPair {
    explicit StreamPair(Reactor& reactor) : StreamPair(reactor, PeerPair()) {}
    StreamPair(Reactor& reactor, PeerPair ends)
        : near(Socket(reactor, ends.near.release())), far(Socket(reactor, ends.far.release())) {}
    Stream near;
    Stream far;
};

/// Lets the reactor take so many turns: what could happen has happened then.
inline Task<> turns(Reactor& reactor, int count = 25) {
    for (int i = 0; i < count; ++i) co_await sleepFor(Duration::zero(), reactor);
}

/// Takes turns until the condition holds; what waits in vain is ended by the fixture's limit.
template <class F>
Task<> until(Reactor& reactor, F condition) {
    while (!condition()) co_await sleepFor(Duration::zero(), reactor);
}

/// Text of which no two stretches are easily taken for each other.
inline std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 1;
    for (char& each : text) {
        state = state * 1664525 + 1013904223;
        each = static_cast<char>(state >> 24);
    }
    return text;
}

inline Task<Bytes> readOnce(Stream* stream) { co_return co_await stream->read(); }
inline Task<std::string> readText(Stream* stream) {
    Bytes chunk = co_await stream->read();
    co_return std::string(chunk.text());
}
inline Task<std::string> readExactText(Stream* stream, std::size_t size) {
    std::string text(size, '\0');
    co_await stream->readExactly(std::as_writable_bytes(std::span<char>(text)));
    co_return text;
}
inline Task<> writeText(Stream* stream, std::string text) { co_await stream->write(text); }

/// What the peer gets while the reactor runs, until there are that many bytes.
inline Task<std::string> receiveText(Reactor& reactor, Peer* peer, std::size_t size) {
    std::string text = peer->receive();
    while (text.size() < size && !peer->sawEnd() && !peer->error()) {
        co_await sleepFor(Duration::zero(), reactor);
        text += peer->receive();
    }
    co_return text;
}

/// Keeps what is logged while it lives. One at a time.
class CapturedLog {
 public:
    CapturedLog() : before_(setLogSink(&CapturedLog::take)) { lines().clear(); }
    CapturedLog(const CapturedLog&) = delete;
    CapturedLog& operator=(const CapturedLog&) = delete;
    ~CapturedLog() { setLogSink(before_); }
    static std::vector<std::string>& lines() {
        static std::vector<std::string> kept;
        return kept;
    }
    bool has(std::string_view part) const {
        for (const std::string& line : lines()) {
            if (line.find(part) != std::string::npos) return true;
        }
        return false;
    }

 private:
    static void take(LogLevel, std::string_view message) { lines().emplace_back(message); }
    LogSink before_;
};

class Recorder;

/// What happened to the protocols of one test, and what they shall do about it.
struct Record {
    std::vector<std::string> events;
    std::string received;
    Recorder* protocol = nullptr;  ///< the latest, while it lives
    std::string reason;            ///< class and text of the latest connectionLost()
    int error = 0;                 ///< its errno
    int made = 0;
    int lost = 0;
    std::function<void(Recorder&)> onMade;
    std::function<void(Recorder&, std::string_view)> onData;
    std::function<void(Recorder&)> onLost;
};

/// A protocol that writes down what happens to it.
class Recorder : public Protocol {
 public:
    explicit Recorder(Record* record) : record_(record) {}
    ~Recorder() override {
        if (isMade_ && record_->protocol == this) record_->protocol = nullptr;
    }
    void connectionMade() override {
        isMade_ = true;
        ++record_->made;
        record_->events.push_back("made");
        record_->protocol = this;
        if (record_->onMade) record_->onMade(*this);
    }
    void dataReceived(BytesView data) override {
        if (std::exchange(isInside_, true)) record_->events.push_back("re-entered");
        record_->received += asText(data);
        if (record_->events.back() != "data") record_->events.push_back("data");
        if (record_->onData) record_->onData(*this, asText(data));
        isInside_ = false;
    }
    // The record may be gone once its owner knows of the loss.
    void connectionLost(const Failure& reason) override {
        isMade_ = false;
        if (record_->protocol == this) record_->protocol = nullptr;
        ++record_->lost;
        record_->reason = reason.className() + ": " + reason.getErrorMessage();
        record_->error = reason.number();
        record_->events.push_back("lost");
        if (record_->onLost) record_->onLost(*this);
    }
    Record& record() const noexcept { return *record_; }

 private:
    Record* record_;
    bool isMade_ = false;
    bool isInside_ = false;
};

/// Likewise, and it lives with one direction shut.
class HalfCloseRecorder final : public Recorder, public IHalfCloseableProtocol {
 public:
    using Recorder::Recorder;
    void readConnectionLost() override {
        record().events.push_back("readLost");
        if (onReadLost) onReadLost(*this);
    }
    void writeConnectionLost() override { record().events.push_back("writeLost"); }
    std::function<void(HalfCloseRecorder&)> onReadLost;
};

/// Connects a P to the near end and gives the far one.
template <class P>
Peer serveOne(Reactor& reactor, Record& record, int bufferBytes = 0) {
    PeerPair ends(bufferBytes);
    Socket socket(reactor, ends.near.release());
    factory<P>(&record)->connectionAccepted(std::move(socket));
    return std::move(ends.far);
}

/// Ends the connection of a record's protocol, which refers to the record, and waits for it.
inline Task<> finish(Reactor& reactor, Record* record) {
    if (record->made == record->lost) co_return;
    record->protocol->transport().abortConnection();
    while (record->made != record->lost) co_await sleepFor(Duration::zero(), reactor);
}

using Strings = std::vector<std::string>;

}  // namespace wring::testing
