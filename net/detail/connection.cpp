#include <wring/net/detail/connection.hpp>

#include <wring/net/detail/tls_layer.hpp>
#include <wring/net/proxy_header.hpp>
#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/buffer_pool.hpp>
#include <wring/runtime/reactor.hpp>

#include <sys/socket.h>
#include <cerrno>

namespace wring::detail {

namespace {

void removePrefix(::msghdr& message, std::size_t count) noexcept {
    message.msg_control = nullptr;  // has gone with the first byte
    message.msg_controllen = 0;
    for (; message.msg_iovlen > 0; ++message.msg_iov, --message.msg_iovlen) {
        iovec& part = *message.msg_iov;
        if (count < part.iov_len) {
            part.iov_base = static_cast<std::byte*>(part.iov_base) + count;
            part.iov_len -= count;
            return;
        }
        count -= part.iov_len;
    }
}

}  // namespace

void ConnectionGroup::add(Connection& connection) noexcept {
    connection.nextInGroup_ = first_;
    if (first_) first_->previousInGroup_ = &connection;
    first_ = &connection;
    ++size_;
    idle_.clear();
}

void ConnectionGroup::remove(Connection& connection) noexcept {
    Connection*& place =
        connection.previousInGroup_ ? connection.previousInGroup_->nextInGroup_ : first_;
    place = connection.nextInGroup_;
    if (cursor_ == &connection) cursor_ = place;
    if (place) place->previousInGroup_ = connection.previousInGroup_;
    --size_;
}

void ConnectionGroup::removed() noexcept {
    if (size_ == 0) idle_.set();
}

void ConnectionGroup::abortAll() noexcept {
    cursor_ = first_;
    while (Connection* each = cursor_) {
        cursor_ = each->nextInGroup_;
        each->abortNow();  // it, or any other, may be gone now; the cursor knows
    }
}

Inbox::Body& Inbox::body() {
    if (!body_) body_ = std::make_unique<Body>();
    return *body_;
}

void Inbox::push(Bytes chunk) {
    Body& kept = body();
    if (kept.chunks.size() == kept.chunks.capacity() && kept.first > kept.chunks.size() / 2) {
        // What was taken makes room, or a reader that never catches up would let this grow.
        kept.chunks.erase(kept.chunks.begin(),
                          kept.chunks.begin() + static_cast<std::ptrdiff_t>(kept.first));
        kept.first = 0;
    }
    kept.bytes += chunk.size();
    kept.chunks.push_back(std::move(chunk));
}

void Inbox::pushFront(Bytes chunk) {
    Body& kept = body();
    kept.bytes += chunk.size();
    if (kept.first > 0) {
        kept.chunks[--kept.first] = std::move(chunk);
    } else {
        kept.chunks.insert(kept.chunks.begin(), std::move(chunk));
    }
}

Bytes Inbox::pop() noexcept {
    Bytes chunk = std::move(body_->chunks[body_->first++]);
    body_->bytes -= chunk.size();
    if (body_->first == body_->chunks.size()) body_.reset();
    return chunk;
}

Connection::Connection(Socket socket)
    : ReactorResource(socket.reactor()),
      ReceiveRequest(&Connection::onReceived),
      SendRequest(&Connection::onSent),
      group_(socket.group()),
      proxyHeader_(socket.proxyHeader()),
      layer_(socket.takeLayer()),
      fd_(socket.release()) {
    if (group_) group_->add(*this);
    if (layer_) layer_->attach(*this, false);
}

Connection::~Connection() {
    WRING_ASSERT(isClosed(), "a connection was destroyed before it was closed");
}

Address Connection::getHost() const noexcept {
    return fd_ < 0 ? Address() : hostOf(reactor(), fd_, proxyHeader());
}

Address Connection::getPeer() const noexcept {
    return fd_ < 0 ? Address() : peerOf(reactor(), fd_, proxyHeader());
}

int Connection::setFlag(int level, int option, bool on) noexcept {
    int value = on;
    return fd_ < 0 ? -ENOTCONN
                   : reactor().driver().setOption(fd_, level, option, &value, sizeof value);
}

bool Connection::getFlag(int level, int option) const noexcept {
    int value = 0;
    std::size_t bytes = sizeof value;
    return fd_ >= 0 && reactor().driver().getOption(fd_, level, option, &value, bytes) == 0 &&
           value != 0;
}

void Connection::startReading() noexcept {
    if (layer_) [[unlikely]] {
        if (!hasReadEnded_ && isOpen()) layer_->startReading();
        return;
    }
    startReceiving();
}

void Connection::stopReading() noexcept {
    if (layer_) [[unlikely]]
        return layer_->stopReading();
    stopReceiving();
}

void Connection::startReceiving() noexcept {
    wantsReading_ = true;
    if (receiving().inFlight() || hasReadEnded_ || !isOpen() || isLeaving_) return;
    prepareReceive(receiving());
    reactor().driver().submit(receiving());
}

void Connection::stopReceiving() noexcept {
    wantsReading_ = false;
    if (receiving().inFlight()) reactor().driver().cancel(receiving());
}

void Connection::onReceived(Operation& operation, Completion& completion) noexcept {
    Connection& self = static_cast<Connection&>(static_cast<ReceiveRequest&>(operation));
    if (operation.verb() == Verb::recvmsg) [[unlikely]] {
        self.takeMessage(completion);
        // The next is asked for first: who gets this one may end the connection.
        if (completion.result > 0 && self.wantsReading_) self.startReceiving();
    }
    if (!self.isOpen()) {
        if (!completion.more) self.finishClose();
        return;
    }
    if (completion.result > 0) {
        if (self.layer_) [[unlikely]]
            return self.layer_->bottom().arrived(std::move(completion.bytes));
        return self.received(std::move(completion.bytes));
    }
    if (completion.more) return;
    if (completion.result == -ECANCELED) {
        if (self.isLeaving_) [[unlikely]]
            return self.tellIfQuiet();
        // Stopped by us, and perhaps wanted again by now.
        if (self.wantsReading_) self.startReceiving();
        return;
    }
    self.takeEnd(-completion.result);
}

void Connection::takeEnd(int error) noexcept {
    if (hasMetReset_ && error == 0) error = ECONNRESET;
    if (!layer_) return endReading(error);
    Ref<TlsLayer> layer = layer_;
    layer->bottom().inputEnded(error);
    if (layer->worksFor(*this)) tellIfQuiet();  // else this may be gone
}

void Connection::endReading(int error) noexcept {
    hasReadEnded_ = true;
    readEnded(error);
}

void Connection::tellIfQuiet() noexcept {
    if (!isLeaving_ || !isOpen()) return;
    if (sending().inFlight())
        return tellWhenRawSent();  // what the end of another one brought about
    if (!receiving().inFlight()) becameQuiet();
}

bool Connection::isSending() const noexcept {
    if (layer_) [[unlikely]]
        return layer_->isSending();
    return sending().inFlight();
}

std::size_t Connection::keptBytes() const noexcept {
    return layer_ ? layer_->keptBytes() : keptRawBytes();
}

bool Connection::send(BytesView bytes, Bytes& owner) noexcept {
    if (layer_) [[unlikely]]
        return layer_->send(bytes, owner);
    return sendRaw(bytes, owner);
}

void Connection::sendAndTell(BytesView bytes) noexcept {
    if (layer_) [[unlikely]]
        return layer_->sendAndTell(bytes);
    sendRawAndTell(bytes);
}

void Connection::tellWhenSent() noexcept {
    if (layer_) [[unlikely]]
        return layer_->tellWhenSent();
    tellWhenRawSent();
}

void Connection::cancelSend() noexcept {
    if (layer_) [[unlikely]]
        return layer_->cancelSend();
    cancelRawSend();
}

void Connection::turnEnded() noexcept {
    if (layer_) layer_->turnEnded();
}

bool Connection::sendRaw(BytesView bytes, Bytes& owner) noexcept {
    sending().prepareSend(fd_, bytes, MSG_WAITALL);
    int taken = reactor().driver().sendNow(sending(), owner);
    if (taken >= 0 && static_cast<std::size_t>(taken) == bytes.size()) {
        isSendKept_ = true;
        isSendCancelled_ = tellsSent_ = false;
        return true;
    }
    // An error comes again, as the completion of the operation.
    if (taken > 0) bytes = bytes.subspan(static_cast<std::size_t>(taken));
    sendRawAndTell(owner.isLent() ? freed(bytes, owner) : bytes);
    return false;
}

bool Connection::sendMore(BytesView bytes) noexcept {
    if (layer_ || !isSendKept_ || rest_ || tellsSent_ || isSendCancelled_) return false;
    return reactor().driver().sendMore(sending(), bytes);
}

// The peer may not read for ever: what waits for it must not keep the last receive buffers from
// others.
BytesView Connection::freed(BytesView bytes, Bytes& owner) const noexcept {
    if (!reactor().driver().buffers().isScarce()) return bytes;
    try {
        owner = Bytes::copyOf(bytes);
        return owner.view();
    } catch (...) {
        return bytes;
    }
}

void Connection::sendRawAndTell(BytesView bytes) noexcept {
    isSendKept_ = isSendCancelled_ = false;
    tellsSent_ = true;
    goOnSending(bytes);
}

void Connection::goOnSending(BytesView left) noexcept {
    sending().prepareSend(fd_, left, MSG_WAITALL);
    reactor().driver().submit(sending());
}

void Connection::tellWhenRawSent() noexcept {
    bool tells = tellsSent_;
    tellsSent_ = true;
    if (tells || rest_) return;
    reactor().driver().cancel(sending());
}

void Connection::cancelRawSend() noexcept {
    isSendCancelled_ = true;
    reactor().driver().cancel(sending());
}

void Connection::onSent(Operation& operation, Completion& completion) noexcept {
    Connection& self = static_cast<Connection&>(static_cast<SendRequest&>(operation));
    int result = completion.result;
    if (operation.verb() == Verb::sendmsg) [[unlikely]]
        return self.messageEnded(const_cast<::msghdr&>(*operation.message()), result);
    if (self.isSendKept_ && !self.rest_) return self.unconfirmedEnded(completion);
    BytesView left = operation.bytes();
    if (result > 0) left = left.subspan(static_cast<std::size_t>(result));
    bool goesOn = self.maySendMore(result);
    if (goesOn && !left.empty() && !self.isSendCancelled_) return self.goOnSending(left);
    if (goesOn) result = left.empty() ? 0 : -ECANCELED;
    self.rest_.reset();
    self.sendEnded(result);
}

void Connection::sendMessageAndTell(::msghdr& message) noexcept {
    isSendKept_ = isSendCancelled_ = false;
    tellsSent_ = true;
    goOnSending(message);
}

void Connection::goOnSending(::msghdr& left) noexcept {
    sending().prepareSendmsg(fd_, left, MSG_WAITALL);
    reactor().driver().submit(sending());
}

void Connection::messageEnded(::msghdr& message, int result) noexcept {
    if (result > 0) removePrefix(message, static_cast<std::size_t>(result));
    bool goesOn = maySendMore(result);
    bool isAll = message.msg_iovlen == 0;
    if (goesOn && !isAll && !isSendCancelled_) return goOnSending(message);
    if (goesOn) result = isAll ? 0 : -ECANCELED;
    sendEnded(result);
}

// A send that ended without an error, or with one that says no more than "again": a kernel may
// cancel what nobody asked it to.
bool Connection::maySendMore(int result) const noexcept {
    return result >= 0 || result == -EAGAIN || result == -EINTR ||
           (result == -ECANCELED && !isSendCancelled_);
}

void Connection::unconfirmedEnded(Completion& completion) noexcept {
    int result = completion.result;
    if (result > 0) completion.bytes.removePrefix(static_cast<std::size_t>(result));
    if (!maySendMore(result)) return sendEnded(result);
    if (completion.bytes.empty()) return sendEnded(0);
    if (isSendCancelled_) return sendEnded(-ECANCELED);
    try {
        // A peer that does not read must not keep a receive buffer from others.
        if (completion.bytes.isLent()) completion.bytes = Bytes::copyOf(completion.bytes.view());
        rest_ = std::make_unique<Rest>(*this, std::move(completion.bytes));
    } catch (...) {
        return sendEnded(-ENOMEM);
    }
    goOnSending(rest_->bytes.view());
    if (!isOpen()) limitRest();
}

Connection::Rest::Rest(Connection& owner, Bytes kept) noexcept
    : Timer([](Timer& due) noexcept {
          static_cast<Rest&>(due).connection.beginClose(Ending::reset);
      }),
      connection(owner),
      bytes(std::move(kept)) {}

Connection::Rest::~Rest() { connection.reactor().disarm(*this); }

// Nobody waits for a connection that was closed, so its peer could hold it for ever.
void Connection::limitRest() noexcept {
    try {
        reactor().arm(*rest_, after(reactor().now(), reactor().options().closeLimit));
    } catch (...) {
        beginClose(Ending::reset);
    }
}

void Connection::sendEnded(int result) noexcept {
    // Nobody else knows of these bytes: the peer must not take what it has got for all there was.
    // Without the last words it will not, and a reset could take away what came before them.
    if (result < 0 && isSendKept_ && !isSendCancelled_ && !areLastWords_) hasLostBytes_ = true;
    if (result == -ECONNRESET) meetReset();
    if (result == -EPIPE && hasMetReset_) result = -ECONNRESET;
    if (!isOpen()) {
        if (result == 0 && hasLastWords_) {
            hasLastWords_ = false;
            sayLastWords();
        }
        return finishClose();
    }
    if (layer_) [[unlikely]] {
        Ref<TlsLayer> layer = layer_;
        if (result < 0 || tellsSent_) layer->bottom().outputSent(result);
        if (layer->worksFor(*this)) tellIfQuiet();  // else this may be gone
        return;
    }
    if (result < 0 || tellsSent_) sent(result);
}

int Connection::shutdownSendNow() noexcept {
    if (layer_ && isOpen()) [[unlikely]]
        return layer_->shutdownSend();
    return isOpen() ? reactor().driver().shutdownNow(fd_, SHUT_WR) : -ENOTCONN;
}

void Connection::beginClose(Ending ending) noexcept {
    if (isClosed()) return;
    bool isFirst = isOpen();
    if (hasLostBytes_) ending = Ending::reset;
    if (isFirst && layer_ && ending != Ending::reset) [[unlikely]] {
        // Behind what is kept, never behind what is dropped half-way.
        hasLastWords_ = keepsBytes();
        if (!sending().inFlight()) sayLastWords();
    }
    stage_ = Stage::closing;
    Driver& driver = reactor().driver();
    if (ending == Ending::reset) {
        resetAtClose();
    } else if (keepsBytes()) {
        // They go out first; the end of the stream follows by itself when the descriptor closes.
    } else if (isFirst && (receiving().inFlight() || sending().inFlight())) {
        // While an operation holds the socket a bare close would tell the peer nothing.
        driver.shutdownNow(fd_, SHUT_RDWR);
    }
    if (isFirst) driver.cancel(receiving());
    if (!keepsBytes() || ending != Ending::flush) {
        cancelRawSend();
    } else if (!rest_) {
        driver.cancel(sending());  // to be told
    } else if (isFirst) {
        limitRest();
    }
    if (isFirst) finishClose();
}

void Connection::resetAtClose() noexcept {
    linger immediately{1, 0};
    reactor().driver().setOption(fd_, SOL_SOCKET, SO_LINGER, &immediately, sizeof immediately);
}

// Best effort: what the kernel does not take now goes out if it does soon.
void Connection::sayLastWords() noexcept {
    Bytes& words = layer_->lastWords();
    if (words.empty()) return;
    areLastWords_ = true;
    if (sendRaw(words.view(), words)) {
        if (!isOpen() && sending().inFlight()) reactor().driver().cancel(sending());  // to be told
        return;
    }
    try {
        rest_ = std::make_unique<Rest>(*this, std::move(words));
        isSendKept_ = true;
        if (!isOpen()) limitRest();
    } catch (...) {
        cancelRawSend();
    }
}

void Connection::secureBy(Ref<TlsLayer> layer, BytesView clear) {
    if (!clear.empty()) layer->sendClearFirst(clear);
    bool owesSent = sending().inFlight() && tellsSent_;
    bool wants = layer_ ? layer_->wantsReading() : wantsReading_;
    layer->attach(*this, owesSent);
    layer_ = std::move(layer);
    if (wants) layer_->startReading();
}

bool Connection::mayRelease() noexcept {
    WRING_ASSERT(layer_ && isOpen(), "only a secured connection that is open can be released");
    isLeaving_ = true;
    layer_->stopReading();
    if (receiving().inFlight()) reactor().driver().cancel(receiving());
    if (sending().inFlight()) tellWhenRawSent();
    return !receiving().inFlight() && !sending().inFlight();
}

Socket Connection::release() noexcept {
    layer_->detach();
    stage_ = Stage::closed;
    Socket socket(reactor(), std::exchange(fd_, -1));
    socket.setLayer(std::move(layer_));
    socket.setProxyHeader(std::move(proxyHeader_));
    if (group_) group_->remove(*this);
    socket.setGroup(std::move(group_));
    leaveReactor();
    connectionClosed();
    return socket;
}

void Connection::finishClose() noexcept {
    if (stage_ != Stage::closing || receiving().inFlight() || sending().inFlight()) return;
    stage_ = Stage::closed;
    if (hasLostBytes_) resetAtClose();
    reactor().closeDescriptor(std::exchange(fd_, -1));
    Ref<ConnectionGroup> group = std::move(group_);
    if (group) group->remove(*this);
    Ref<TlsLayer> layer = layer_;
    if (layer) layer->detach();
    leaveReactor();
    connectionClosed();
    if (layer) layer->settled().set();
    // Only now: who waits for the last one's end may rely on its connectionLost() having run.
    if (group) group->removed();
}

}  // namespace wring::detail
