#include <wring/net/detail/tls_layer.hpp>

#include <wring/net/detail/connection.hpp>
#include <wring/net/errors.hpp>
#include <wring/runtime/detail/buffer_pool.hpp>
#include <wring/runtime/reactor.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <algorithm>
#include <cerrno>

namespace wring::detail {

namespace {
// What is encrypted for one send: whole records, and few enough to be still in the cache then.
constexpr std::size_t batchBytes = 65536;
// What is written this large while records are being delivered is likely to be followed by more.
constexpr std::size_t gatheredBytesMin = 8192;
// What may have come and not been decrypted before receiving stops.
constexpr std::size_t inputBytesMax = 32768;
// What may have to be answered before the answers have to go out.
constexpr std::size_t answerBytesMax = 16384;
}  // namespace

TlsLayer::TlsLayer(const Ref<TLSContext>& context, TLSRole role, Ref<TlsLayer> below)
    : session_(context, role), below_(std::move(below)) {
    if (below_) below_->above_ = this;
}

TlsLayer::~TlsLayer() {
    if (below_) below_->above_ = nullptr;
}

void TlsLayer::attach(Connection& connection, bool owesSent) {
    if (!session_.isReady()) {
        deadline_ = std::make_unique<Deadline>(*this);
        Reactor& reactor = connection.reactor();
        reactor.arm(*deadline_,
                    after(reactor.now(), session_.context()->options().handshakeTimeout));
        // A server's first answer would wait until its peer acknowledges the tickets, which came
        // just before: 40 ms. Fails where there is no TCP.
        connection.setFlag(IPPROTO_TCP, TCP_NODELAY, true);
    }
    for (TlsLayer* each = this; each; each = each->below_.get()) each->connection_ = &connection;
    tellsSent_ = owesSent;
    hasToldEnd_ = hasToldFailure_ = false;
    connection.endOfTurn();
}

void TlsLayer::detach() noexcept {
    if (deadline_) connection_->reactor().disarm(*deadline_);
    deadline_.reset();
    bool isOver = connection_->isClosed();
    for (TlsLayer* each = this; each; each = each->below_.get()) {
        each->connection_ = nullptr;
        if (isOver) each->forgetInput();
    }
    wants_ = false;
}

// Who still has the connection must not keep receive buffers by it.
void TlsLayer::forgetInput() noexcept {
    session_.forgetInput();
    ready_ = Bytes();
}

void TlsLayer::putBack(BytesView bytes) {
    ByteQueue all;
    all.append(bytes);
    all.append(ready_.view());
    ready_ = all.take();
}

bool TlsLayer::isLive() const noexcept {
    return connection_ && connection_->isOpen() && !session_.failure();
}

bool TlsLayer::isClogged() const noexcept {
    return session_.outputBytes() >= answerBytesMax && isSendingBelow();
}

void TlsLayer::startReading() noexcept {
    wants_ = true;
    bool hasNews = ready_ || session_.hasInput() || hasEnded_ || session_.isPeerFinished();
    // It is delivered from there, never from in here.
    if (hasNews && !hasToldEnd_) connection_->endOfTurn();
    if (!hasNews) startBelow();
}

bool TlsLayer::isSending() const noexcept {
    return tellsSent_ || !plain_.empty() || isSendingBelow();
}

std::size_t TlsLayer::keptBytes() const noexcept {
    std::size_t below = below_ ? below_->keptBytes() : connection_->keptRawBytes();
    return below + (isGathering_ ? session_.outputBytes() : 0);
}

bool TlsLayer::send(BytesView bytes, Bytes& owner) noexcept {
    tellsSent_ = false;
    bool gathers = mayGather(bytes);
    plain_ = bytes;
    gathers ? gather() : flush();
    if (plain_.empty() && cipher_.empty()) return true;
    tellsSent_ = true;
    if (owner.isLent()) plain_ = connection_->freed(plain_, owner);
    return false;
}

void TlsLayer::sendAndTell(BytesView bytes) noexcept {
    plain_ = bytes;
    tellsSent_ = true;
    if (isSendingBelow()) return tellWhenSentBelow();
    if (!encrypt()) return;
    cipher_ = session_.output().take();
    sendAndTellBelow(cipher_.view());
}

void TlsLayer::tellWhenSent() noexcept {
    tellsSent_ = true;
    if (isSendingBelow()) tellWhenSentBelow();
}

// What is encrypted has to go out whatever happens, or the peer could not read what follows.
void TlsLayer::cancelSend() noexcept {
    plain_ = {};
    if (std::exchange(tellsSent_, false)) connection_->sent(-ECANCELED);
}

int TlsLayer::shutdownSend() noexcept {
    if (!isLive()) return -ENOTCONN;
    session_.finish();
    flush();
    return 0;
}

void TlsLayer::arrived(Bytes chunk) noexcept {
    Ref<TlsLayer> alive(this);
    if (!isLive() || session_.isPeerFinished()) return;
    try {
        bool waits = (ready_ && !wants_) || isClogged();
        bool isDear =
            chunk.isLent() && connection_->reactor().driver().buffers().isDear(chunk.size());
        session_.feed(waits && isDear ? Bytes::copyOf(chunk.view()) : std::move(chunk));
    } catch (...) {
        session_.giveUp(Failure::current());
        return failNow();
    }
    pump();
}

void TlsLayer::inputEnded(int error) noexcept {
    Ref<TlsLayer> alive(this);
    hasEnded_ = true;
    endError_ = error;
    pump();
}

void TlsLayer::outputSent(int result) noexcept {
    Ref<TlsLayer> alive(this);
    cipher_ = Bytes();
    if (!connection_ || !connection_->isOpen()) return;
    if (result == 0 && session_.failure()) return flush();  // the alert had to wait
    if (result == 0) return pump();
    bool isPeerGone = result == -EPIPE || result == -ECONNRESET;
    if (!isPeerGone && result != -ECANCELED) {
        // The peer is there, and would wait for what was lost as this end waits for an answer.
        session_.giveUp(lostFailure(-result));
        return failNow();
    }
    plain_ = {};
    tellsSent_ = false;
    tellSent(result);
}

void TlsLayer::turnEnded() noexcept {
    Ref<TlsLayer> alive(this);
    if (below_) below_->turnEnded();
    if (session_.failure()) return failNow();
    isGathering_ = false;
    pump();
    // Whoever closes now has to find it on its way.
    if (isGathering_ && isLive()) flush();
}

Bytes& TlsLayer::lastWords() noexcept {
    session_.finish();
    cipher_ = session_.output().take();
    if (!below_) return cipher_;
    below_->session_.write(cipher_.view(), 0);
    return below_->lastWords();
}

void TlsLayer::pump() noexcept {
    if (!isLive() || std::exchange(isPumping_, true)) return;
    Ref<TlsLayer> alive(this);
    while (isLive() && advance()) {
    }
    isPumping_ = false;
    if (isLive() && !isGathering_) flush();
    if (isLive()) settle();
    if (isLive()) regulate();
}

// One step; false when there is nothing to be done for now.
bool TlsLayer::advance() noexcept {
    if (!session_.isReady()) return shakeHands();
    if (ready_) {
        if (!wants_) return false;
        deliver(std::move(ready_));
        return true;
    }
    if (!session_.isPeerFinished() && session_.hasInput()) {
        if (isClogged()) return false;
        if (session_.read(ready_) != TlsSession::Step::failed) return true;
        failNow();
        return false;
    }
    bool isOver = hasEnded_ || session_.isPeerFinished();
    if (isOver && !connection_->isLeaving_) tellEnd();  // else whoever is next is told
    return false;
}

bool TlsLayer::shakeHands() noexcept {
    TlsSession::Step step = session_.handshake();
    if (step == TlsSession::Step::done) {
        endDeadline();
        (above_ ? above_->turnEnded() : connection_->secured());
        if (isLive()) flush();
        settled_.set();
        return true;
    }
    if (step == TlsSession::Step::wantsInput && hasEnded_) session_.inputCut();
    if (session_.failure()) {
        failNow();
    } else {
        flush();
    }
    return false;
}

void TlsLayer::tellEnd() noexcept {
    if (std::exchange(hasToldEnd_, true)) return;
    if (session_.isPeerFinished() || endError_) {
        int error = session_.isPeerFinished() ? 0 : endError_;
        return above_ ? above_->inputEnded(error) : connection_->endReading(error);
    }
    session_.inputCut();
    failNow();
}

bool TlsLayer::encrypt() noexcept {
    if (!session_.isReady() || plain_.empty()) return false;
    BytesView piece = plain_.first(std::min(plain_.size(), batchBytes));
    plain_ = plain_.subspan(piece.size());
    if (session_.write(piece, batchBytes) == TlsSession::Step::done) return true;
    plain_ = {};
    connection_->endOfTurn();  // from where the failure is told
    return false;
}

// What answers a record goes out with what answers those behind it, by the end of the turn.
bool TlsLayer::mayGather(BytesView bytes) const noexcept {
    return isPumping_ && bytes.size() >= gatheredBytesMin && bytes.size() <= batchBytes &&
           isSecured() && plain_.empty() && !tellsSent_ && !isSendingBelow();
}

void TlsLayer::gather() noexcept {
    encrypt();
    isGathering_ = session_.outputBytes() < batchBytes;
    isGathering_ ? connection_->endOfTurn() : flush();
}

bool TlsLayer::take(BytesView bytes) noexcept {
    if (!mayGather(bytes)) return false;
    plain_ = bytes;
    gather();
    return true;
}

void TlsLayer::flush() noexcept {
    isGathering_ = false;
    while (!isSendingBelow()) {
        encrypt();
        if (session_.outputBytes() == 0) return;
        cipher_ = session_.output().take();
        // Who has to be told of the end, or goes on then, keeps the bytes.
        Bytes none;
        bool isTold = tellsSent_ || !plain_.empty();
        if (!sendBelow(cipher_.view(), isTold ? none : cipher_)) return;
        cipher_ = Bytes();
    }
    bool hasMore = !plain_.empty() || session_.outputBytes() > 0 || tellsSent_;
    if (hasMore) tellWhenSentBelow();
}

void TlsLayer::settle() noexcept {
    bool isOut = plain_.empty() && session_.outputBytes() == 0 && !isSendingBelow();
    if (isOut && std::exchange(tellsSent_, false)) tellSent(0);
}

void TlsLayer::regulate() noexcept {
    if (session_.inputBytes() >= inputBytesMax) {
        stopBelow();
    } else if (!hasEnded_ && (wants_ || !ready_)) {
        startBelow();
    }
}

void TlsLayer::endDeadline() noexcept {
    if (deadline_) connection_->reactor().disarm(*deadline_);
    deadline_.reset();
}

void TlsLayer::onDeadline(Timer& timer) noexcept {
    Ref<TlsLayer> self(&static_cast<Deadline&>(timer).layer);
    self->session_.giveUp(Failure::of<TimeoutError>(0, "handshake"));
    self->failNow();
}

// An alert says why, if the kernel takes it.
void TlsLayer::failNow() noexcept {
    if (std::exchange(hasToldFailure_, true) || !connection_ || !connection_->isOpen()) return;
    Ref<TlsLayer> alive(this);
    endDeadline();
    plain_ = {};
    flush();
    Failure failure = *session_.failure();
    if (above_) {
        above_->session_.giveUp(failure);
        above_->failNow();
    } else {
        connection_->failed(std::move(failure));
    }
    if (std::exchange(tellsSent_, false) && connection_ && connection_->isOpen()) {
        tellSent(-EPROTO);
    }
    settled_.set();
}

void TlsLayer::deliver(Bytes chunk) noexcept {
    if (above_) return above_->arrived(std::move(chunk));
    connection_->received(std::move(chunk));
}

void TlsLayer::tellSent(int result) noexcept {
    if (above_) return above_->outputSent(result);
    connection_->sent(result);
}

void TlsLayer::startBelow() noexcept {
    if (below_) return below_->startReading();
    if (!hasEnded_) connection_->startReceiving();
}

void TlsLayer::stopBelow() noexcept {
    if (below_) return below_->stopReading();
    connection_->stopReceiving();
}

bool TlsLayer::isSendingBelow() const noexcept {
    return below_ ? below_->isSending() : connection_ && connection_->sending().inFlight();
}

bool TlsLayer::sendBelow(BytesView bytes, Bytes& owner) noexcept {
    return below_ ? below_->send(bytes, owner) : connection_->sendRaw(bytes, owner);
}

void TlsLayer::sendAndTellBelow(BytesView bytes) noexcept {
    if (below_) return below_->sendAndTell(bytes);
    connection_->sendRawAndTell(bytes);
}

void TlsLayer::tellWhenSentBelow() noexcept {
    if (below_) return below_->tellWhenSent();
    connection_->tellWhenRawSent();
}

}  // namespace wring::detail
