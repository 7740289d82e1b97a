#include <wring/net/detail/transport_connection.hpp>

#include <wring/net/detail/descriptor_queues.hpp>
#include <wring/net/detail/tls_layer.hpp>
#include <wring/net/tls_errors.hpp>
#include <wring/net/unix_errors.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <algorithm>
#include <array>
#include <cerrno>

namespace wring::detail {

namespace {
constexpr std::size_t longBytes = 16384;  // from here on a copy costs more than a system call
constexpr std::size_t lastBytes = 256;    // of a producer's write, whose end is to be told

Failure doneFailure(bool afterWriteShut) {
    if (!afterWriteShut) return Failure::of<ConnectionDone>();
    return Failure(ConnectionDone(0, "close", "Connection done"));
}
}  // namespace

void connectTransport(Socket socket, const Address& peer, Ref<IProtocol> protocol,
                      Ref<IFactory> client) {
    auto transport = makeRef<TransportConnection>(std::move(socket), peer, std::move(protocol),
                                                  std::move(client));
    transport->begin();
}

TransportConnection::TransportConnection(Socket socket, const Address& peer,
                                         Ref<IProtocol> protocol, Ref<IFactory> client)
    : Connection(std::move(socket)),
      self_(this),
      protocol_(std::move(protocol)),
      client_(std::move(client)),
      peer_(peer) {}

TransportConnection::~TransportConnection() = default;

void TransportConnection::begin() {
    if (isUnix()) {
        if (auto* receiver = DescriptorQueues::receiverOf(*protocol_)) {
            descriptors_ = std::make_unique<DescriptorQueues>(*this, receiver);
        }
    }
    startReading();
    Ref<IProtocol> protocol = protocol_;
    try {
        protocol->makeConnection(Ref<ITransport>(this));
    } catch (...) {
        log(LogLevel::error,
            "protocol: connectionMade threw: " + Failure::current().getErrorMessage());
        if (!client_) return;
        lose(Failure::current(), Ending::reset);
        throw;
    }
    if (layer() && layer()->isSecured()) secured();
}

void TransportConnection::write(BytesView bytes) {
    if (bytes.empty() || !mayWrite()) return;
    // Encrypted from where they are, unless something has to be done when they are out.
    bool goesAtOnce = layer() && queue_.hasNothingNew() && !queue_.hasProducer();
    if (goesAtOnce && layer()->take(bytes)) [[unlikely]]
        return;
    if (bytes.size() >= longBytes && queue_.copies(bytes)) return writeSequence({&bytes, 1});
    queue_.append(bytes);
    endOfTurn();
    if (queue_.hasProducer()) queue_.holdBack(keptBytes());
}

void TransportConnection::writeSequence(std::span<const BytesView> parts) {
    if (!mayWrite()) return;
    std::size_t bytes = 0;
    for (BytesView part : parts) bytes += part.size();
    std::size_t taken = bytes >= longBytes ? sendAtOnce(parts, bytes) : 0;
    try {
        queue_.append(parts, taken);
    } catch (...) {
        if (taken > 0) abortConnection();  // the peer must not take a part for all
        throw;
    }
    endOfTurn();
    if (queue_.hasProducer()) queue_.holdBack(keptBytes());
}

// What the kernel takes of a long write is not copied. An error comes again, as that of what is
// left. A push producer is paused by what is queued; a pull producer is told to go on when its last
// bytes were sent, never in here.
std::size_t TransportConnection::sendAtOnce(std::span<const BytesView> parts,
                                            std::size_t bytes) noexcept {
    bool isIdle = queue_.empty() && !isSending() && !descriptors_ && !layer();
    if (!isIdle || queue_.hasPushProducer()) return 0;
    if (queue_.hasProducer()) bytes -= lastBytes;
    std::array<::iovec, 16> rooms;
    ::msghdr message{};
    message.msg_iov = rooms.data();
    for (BytesView part : parts) {
        if (bytes == 0 || message.msg_iovlen == rooms.size()) break;
        part = part.first(std::min(part.size(), bytes));
        bytes -= part.size();
        rooms[message.msg_iovlen++] = {const_cast<std::byte*>(part.data()), part.size()};
    }
    int taken = reactor().driver().sendMessageNow(fd(), message);
    if (taken == -ECONNRESET) meetReset();
    return taken > 0 ? static_cast<std::size_t>(taken) : 0;
}

// After loseConnection() only a registered producer has still something to say.
bool TransportConnection::mayWrite() const noexcept {
    return isOpen() && !reason_ && !isWriteShut_ && (!isDisconnecting_ || queue_.hasProducer());
}

void TransportConnection::loseConnection() {
    if (isDisconnecting_ || !protocol_) return;
    isDisconnecting_ = true;
    stopReading();
    inbox_.clear();
    if (descriptors_) descriptors_->forgetReceived();
    endOfTurn();
}

void TransportConnection::abortConnection() {
    if (!protocol_ || reason_) return;
    isDisconnecting_ = true;
    reason_ = Failure::of<ConnectionAborted>();
    stopReading();
    endOfTurn();
}

void TransportConnection::loseWriteConnection() {
    if (isLosingWrite_ || isWriteShut_ || isDisconnecting_) return;
    isLosingWrite_ = true;
    endOfTurn();
}

void TransportConnection::registerProducer(IProducer& producer, bool streaming) {
    queue_.registerProducer(producer, streaming, !protocol_ || reason_);
}

void TransportConnection::unregisterProducer() {
    queue_.unregisterProducer();
    if (isOpen()) endOfTurn();
}

void TransportConnection::pauseProducing() {
    isPaused_ = true;
    stopReading();
}

void TransportConnection::resumeProducing() {
    if (isDisconnecting_ || !protocol_ || !isPaused_) return;
    isPaused_ = false;
    endOfTurn();  // what came meanwhile is delivered from there, never from in here
}

void TransportConnection::startTLS(const Ref<TLSContext>& context, bool normal) {
    if (!isOpen() || reason_ || isDisconnecting_ || isLosingWrite_ || isWriteShut_) {
        throw UsageError(0, "startTLS", "the connection is closing");
    }
    if (isUnsecured()) throw UsageError(0, "startTLS", "the connection is being secured already");
    if (descriptors_ && descriptors_->queued() > 0) {
        throw UsageError(0, "startTLS", "descriptors are waiting to be sent");
    }
    if (!inbox_.empty()) {
        throw ClearBytesError(0, "startTLS", std::to_string(inbox_.bytes()) + " of them");
    }
    bool isClient = (client_ != nullptr) == normal;
    auto made = makeRef<TlsLayer>(context, isClient ? TLSRole::client : TLSRole::server,
                                  Ref<TlsLayer>(layer()));
    Bytes clear = queue_.takeNew();
    secureBy(std::move(made), clear.view());
}

Ref<Certificate> TransportConnection::getPeerCertificate() const {
    return layer() ? layer()->session().peerCertificate() : nullptr;
}

std::string TransportConnection::negotiatedProtocol() const {
    return layer() ? layer()->session().info().negotiatedProtocol : std::string();
}

bool TransportConnection::isUnsecured() const noexcept { return layer() && !layer()->isSecured(); }

void TransportConnection::failed(Failure failure) noexcept {
    Ref<TransportConnection> alive(this);
    lose(std::move(failure), Ending::prompt);
}

void TransportConnection::secured() noexcept {
    Ref<IProtocol> protocol = protocol_;
    auto* listener = dynamic_cast<IHandshakeListener*>(protocol.get());
    if (!listener) return;
    try {
        listener->handshakeCompleted();
    } catch (...) {
        Failure failure = Failure::current();
        log(LogLevel::error, "protocol: handshakeCompleted threw: " + failure.getErrorMessage());
        return lose(std::move(failure), Ending::reset);
    }
    // What was written before must not go out any more.
    if (reason_) lose(*reason_, Ending::reset);
}

Address TransportConnection::getHost() const { return isOpen() ? Connection::getHost() : host_; }
void TransportConnection::setTcpNoDelay(bool on) { setFlag(IPPROTO_TCP, TCP_NODELAY, on); }
bool TransportConnection::getTcpNoDelay() const { return getFlag(IPPROTO_TCP, TCP_NODELAY); }
void TransportConnection::setTcpKeepAlive(bool on) { setFlag(SOL_SOCKET, SO_KEEPALIVE, on); }
bool TransportConnection::getTcpKeepAlive() const { return getFlag(SOL_SOCKET, SO_KEEPALIVE); }

// What a proxy has said of the connection does not count.
bool TransportConnection::isUnix() const noexcept {
    bool isIP = peer_.family() == AddressFamily::ipv4 || peer_.family() == AddressFamily::ipv6;
    if (isIP && !proxyHeader()) return false;
    return isOpen() && hostOf(reactor(), fd()).family() == AddressFamily::unixSocket;
}

DescriptorQueues* TransportConnection::descriptorQueues() {
    if (!descriptors_ && isUnix()) {
        descriptors_ = std::make_unique<DescriptorQueues>(*this, nullptr);
    }
    return descriptors_.get();
}

void TransportConnection::descriptorQueued() {
    endOfTurn();
    if (descriptors_->isFull()) queue_.pauseProducer();
}

void TransportConnection::prepareReceive(wring::Operation& receive) noexcept {
    if (!descriptors_ || !descriptors_->isReceiving() || layer()) {
        return Connection::prepareReceive(receive);
    }
    receive.prepareRecvmsg(fd(), descriptors_->room(), MSG_CMSG_CLOEXEC);
}

void TransportConnection::takeMessage(Completion& completion) noexcept {
    descriptors_->take(completion);
    if (!mayReceive() || layer()) descriptors_->forgetReceived();
}

void TransportConnection::received(Bytes&& chunk) noexcept {
    if (isDisconnecting_ || reason_) return;
    if (mayDeliver() && inbox_.empty()) return deliver(std::move(chunk));
    try {
        inbox_.push(chunk.isLent() ? Bytes::copyOf(chunk.view()) : std::move(chunk));
    } catch (...) {
        lose(Failure::current(), Ending::reset);
    }
}

void TransportConnection::deliver(Bytes&& chunk) noexcept {
    Ref<TransportConnection> alive(this);
    std::optional<WriteQueue::Source> source;
    if (!layer() && !descriptors_ && !isSending()) source.emplace(queue_, chunk);
    tellData(chunk.view());
    // A turn that ran in there has left alone what the source holds.
    if (source && isOpen() && !queue_.hasNothingNew()) endOfTurn();
}

void TransportConnection::tellData(BytesView data) noexcept {
    try {
        if (descriptors_) [[unlikely]] {
            descriptors_->deliver();
            if (!mayReceive()) return;
        }
        protocol_->dataReceived(data);
    } catch (...) {
        Failure failure = Failure::current();
        log(LogLevel::error, "protocol: dataReceived threw: " + failure.getErrorMessage());
        if (isOpen()) reason_.reset();  // an abort it asked for before it threw
        lose(std::move(failure), Ending::reset);
    }
}

void TransportConnection::deliverInbox() noexcept {
    while (mayDeliver() && !inbox_.empty()) {
        deliver(inbox_.pop());
    }
    if (mayDeliver() && std::exchange(isEndPending_, false)) deliverEnd();
    if (mayDeliver()) startReading();
}

void TransportConnection::readEnded(int error) noexcept {
    if (reason_) return;
    endError_ = error;
    if (isPaused_ || !inbox_.empty()) {
        isEndPending_ = true;
        return;
    }
    deliverEnd();
}

void TransportConnection::deliverEnd() noexcept {
    if (endError_) return lose(lostFailure(endError_), Ending::reset);
    if (isDisconnecting_) return;  // what is queued goes out all the same, then it closes
    if (dynamic_cast<IHalfCloseableProtocol*>(protocol_.get())) {
        return tell(&IHalfCloseableProtocol::readConnectionLost);
    }
    // What was answered to bytes that came together with the end must not be lost: as if
    // loseConnection() had been called, but for a producer, whose audience has left.
    queue_.stopProducer();
    isDisconnecting_ = true;
    endOfTurn();
}

void TransportConnection::tell(void (IHalfCloseableProtocol::*event)()) noexcept {
    Ref<IProtocol> protocol = protocol_;
    auto* halfCloseable = dynamic_cast<IHalfCloseableProtocol*>(protocol.get());
    if (!halfCloseable) return;
    try {
        (halfCloseable->*event)();
    } catch (...) {
        Failure failure = Failure::current();
        log(LogLevel::error, "protocol: half-close threw: " + failure.getErrorMessage());
        lose(std::move(failure), Ending::reset);
    }
}

void TransportConnection::flush() noexcept {
    if (!isOpen()) return;
    bool hasDescriptors = descriptors_ && descriptors_->queued() > 0;
    if (isSending()) {
        if (!queue_.hasNothingNew() || hasDescriptors) tellWhenSent();
        return;
    }
    // What has the bytes of descriptors at its front goes out first.
    Bytes& piece = queue_.next();
    if (hasDescriptors) [[unlikely]]
        return passDescriptor();
    if (piece.empty()) return;
    // Only who has something to do when it is out wants to know.
    if (queue_.hasProducer() || isDisconnecting_ || isLosingWrite_) {
        return sendAndTell(piece.view());
    }
    if (!send(piece.view(), piece)) return;
    queue_.sent();
    if (!queue_.hasNothingNew()) flush();  // what was written behind a chunk that was sent itself
}

// One with each byte.
void TransportConnection::passDescriptor() noexcept {
    if (descriptors_->queued() > queue_.size()) {
        return lose(Failure::of<FileDescriptorOverrun>(), Ending::prompt);
    }
    sendMessageAndTell(descriptors_->message(queue_.next().view().front()));
}

void TransportConnection::descriptorPassed() noexcept {
    descriptors_->sent();
    queue_.sent(1);
    if (queue_.empty()) return drained();
    flush();
}

void TransportConnection::sent(int result) noexcept {
    if (result == 0 && descriptors_ && descriptors_->isSending()) [[unlikely]]
        return descriptorPassed();
    // The peer must not take what it has got for all there was.
    if (result < 0) return lose(lostFailure(-result), Ending::reset);
    queue_.sent();
    if (queue_.empty()) return drained();
    flush();
}

// The queue is empty: producers go on, what waited for it happens.
void TransportConnection::drained() noexcept {
    Ref<TransportConnection> alive(this);
    try {
        queue_.resumeProducer();
    } catch (...) {
        return lose(Failure::current(), Ending::reset);
    }
    if (isDisconnecting_ || isLosingWrite_) endOfTurn();
}

bool TransportConnection::mayClose() const noexcept {
    return queue_.empty() && !queue_.waitsForProducer();
}

void TransportConnection::turnEnded() noexcept {
    Ref<TransportConnection> alive(this);
    bool aborts = reason_ && reason_->check<ConnectionAborted>();
    if (!aborts) Connection::turnEnded();  // else what a layer has gathered must not go out
    if (!isOpen()) return;
    if (reason_) return lose(*reason_, aborts ? Ending::reset : Ending::prompt);
    if (mayDeliver()) deliverInbox();
    if (!isOpen()) return;
    flush();
    if (!mayClose() || (!isDisconnecting_ && !isLosingWrite_)) return;
    if (isDisconnecting_ && isUnsecured()) {
        // There is nobody yet to say good-bye to.
        return lose(Failure::of<ConnectionAborted>(), Ending::prompt);
    }
    // Until it is out the end may still be another one: an abort, a reset.
    if (isSending()) return tellWhenSent();
    if (isDisconnecting_) return lose(doneFailure(isWriteShut_), Ending::prompt);
    if (isLosingWrite_) {
        isLosingWrite_ = false;
        isWriteShut_ = true;
        shutdownSendNow();  // fails when the peer has gone: then reading will tell
        tell(&IHalfCloseableProtocol::writeConnectionLost);
    }
}

void TransportConnection::lose(Failure reason, Ending ending) noexcept {
    if (!reason_) reason_ = std::move(reason);
    if (isOpen()) host_ = Connection::getHost();
    beginClose(ending);
}

void TransportConnection::reactorStopping() noexcept {
    Ref<TransportConnection> alive(this);
    lose(stoppedFailure(), Ending::prompt);
}

void TransportConnection::connectionClosed() noexcept {
    Ref<TransportConnection> last = std::move(self_);
    Ref<IProtocol> protocol = std::move(protocol_);
    if (descriptors_) descriptors_->forgetAll();
    inbox_.clear();
    queue_.clear();
    queue_.stopProducer();
    try {
        protocol->connectionLost(*reason_);
    } catch (...) {
        log(LogLevel::error,
            "protocol: connectionLost threw: " + Failure::current().getErrorMessage());
    }
    try {
        if (Ref<IFactory> client = std::move(client_)) client->doStop();
    } catch (...) {
        log(LogLevel::error, "factory: doStop threw: " + Failure::current().getErrorMessage());
    }
    protocol->lost().set();
}

}  // namespace wring::detail
