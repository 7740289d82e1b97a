#include <wring/net/detail/stream_connection.hpp>

#include <wring/net/detail/tls_layer.hpp>
#include <wring/net/tls_errors.hpp>
#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/buffer_pool.hpp>
#include <wring/runtime/reactor.hpp>

#include <cerrno>
#include <new>

namespace wring::detail {

namespace {

// What may wait for a reader.
constexpr std::size_t inboxBytesMax = 65536;
constexpr std::size_t inboxBytesResume = 16384;
// What a write may leave to be sent later.
constexpr std::size_t unawaitedBytesMax = 65536;

// Whether the peer, which takes nothing more, says itself how what it sends has ended.
bool endsByItself(int result) noexcept {
    return result == -EPIPE || result == -ECONNRESET || result == -ECANCELED;
}

const Failure& cancelled() noexcept {
    static const Failure failure = Failure::of<CancelledError>();
    return failure;
}

// Takes the place of a failure that there is no memory for.
Failure& withoutMemory() noexcept {
    static Failure failure = Failure::of<ConnectionLost>(ENOMEM);
    return failure;
}

}  // namespace

// Alive until it is closed, whoever holds it.
StreamConnection::StreamConnection(Socket socket) : Connection(std::move(socket)) {
    Ref<StreamConnection>(this).leak();
}

StreamConnection::~StreamConnection() = default;

bool StreamConnection::tryRead(ReadAwaiter& reader) noexcept {
    if (!inbox_.empty()) {
        reader.bytes_ = inbox_.pop();
        if (isStopped_ && inbox_.bytes() <= inboxBytesResume) {
            isStopped_ = false;
            startReading();
        }
        return true;
    }
    if (failure_ && !isStillReadable_) {
        reader.failure_ = failure_.get();
        return true;
    }
    return hasReadEnded();
}

void StreamConnection::setReader(ReadAwaiter& reader) noexcept {
    WRING_ASSERT(!reader_, "a stream was read by two coroutines at once");
    reader_ = &reader;
    startReading();
}

void StreamConnection::received(Bytes&& chunk) noexcept {
    if (ReadAwaiter* reader = std::exchange(reader_, nullptr)) {
        reader->bytes_ = std::move(chunk);
        return reader->resume();
    }
    try {
        inbox_.push(keepable(std::move(chunk)));
    } catch (...) {
        return fail(Failure::current());
    }
    if (inbox_.bytes() < inboxBytesMax || isStopped_) return;
    isStopped_ = true;
    stopReading();
}

void StreamConnection::unread(Bytes bytes) { inbox_.pushFront(keepable(std::move(bytes))); }

Bytes StreamConnection::keepable(Bytes chunk) const {
    if (!chunk.isLent()) return chunk;
    bool copies = reactor().driver().buffers().isDear(chunk.size());
    return copies ? Bytes::copyOf(chunk.view()) : std::move(chunk);
}

void StreamConnection::readEnded(int error) noexcept {
    if (error) return fail(lostFailure(error));
    // A reset that a send has met looks like an end here.
    if (isBroken_ && isStillReadable_) return fail(*failure_);
    if (ReadAwaiter* reader = std::exchange(reader_, nullptr)) reader->resume();
}

bool StreamConnection::setWriter(Writer& writer) noexcept {
    WRING_ASSERT(!writer_, "a stream was written by two coroutines at once");
    isWriteCancelled_ = false;
    bool isBusy = isSending();
    // Lent bytes are waited for, whatever they are behind.
    if (isBusy && writer.owned_ && sendMore(writer.left_)) return false;
    isWriterQueued_ = isBusy;
    if (isBusy) {
        if (writer.owned_.isLent()) writer.left_ = freed(writer.left_, writer.owned_);
        tellWhenSent();
    } else if (writer.start()) {
        return false;
    }
    writer_ = &writer;
    return true;
}

// What goes on without waiting is bounded: the next write waits for it.
bool StreamConnection::startWrite(Writer& writer) noexcept {
    if (writer.left_.size() <= unawaitedBytesMax) return send(writer.left_, writer.owned_);
    Bytes none;
    return send(writer.left_, none);
}

void StreamConnection::askWriterToEnd() noexcept {
    if (isWriterQueued_) return endWrite(&cancelled());
    isWriteCancelled_ = true;
    cancelSend();
}

const Failure* StreamConnection::writeFailure() const noexcept { return failure_.get(); }

void StreamConnection::sent(int result) noexcept {
    Ref<StreamConnection> alive(this);
    bool isCancelled = result == -ECANCELED && isWriteCancelled_;
    if (result < 0 && !isCancelled && !failure_) {
        if (endsByItself(result)) {
            setFailure(lostFailure(-result));
            isStillReadable_ = true;
            isBroken_ = result != -EPIPE;
        } else {
            fail(lostFailure(-result));
        }
    }
    if (isWriterQueued_ && result == 0) {
        isWriterQueued_ = false;
        if (!writer_->start()) return;
    }
    // Behind bytes that were lost an orderly end would be a lie.
    if (isShutQueued_ && !failure_) shutWhenSent();
    if (!writer_) return;
    endWrite(isCancelled ? &cancelled() : writeFailure());
}

// The failure of the whole connection takes the place of one of the sending side alone.
void StreamConnection::noteFailure(Failure failure) noexcept {
    if (!failure_ || isStillReadable_) setFailure(std::move(failure));
    isStillReadable_ = false;
}

void StreamConnection::setFailure(Failure failure) noexcept {
    if (!failure_)
        failure_.reset(new (std::nothrow) Failure(std::move(failure)));
    else if (failure_.get() != &withoutMemory())
        *failure_ = std::move(failure);
    if (!failure_) failure_.reset(&withoutMemory());
}

void StreamConnection::DropFailure::operator()(Failure* failure) const noexcept {
    if (failure != &withoutMemory()) delete failure;
}

void StreamConnection::endWrite(const Failure* failure) noexcept {
    Writer* writer = std::exchange(writer_, nullptr);
    isWriterQueued_ = false;
    writer->failure_ = failure;
    writer->resume();
}

int StreamConnection::shutdownSend() noexcept {
    if (isSendShut_) return 0;
    isSendShut_ = true;
    return shutWhenSent();
}

// What was given away just now reaches the kernel later than a shutdown.
int StreamConnection::shutWhenSent() noexcept {
    isShutQueued_ = isSending();
    if (!isShutQueued_) return shutdownSendNow();
    tellWhenSent();
    return 0;
}

Ref<TlsLayer> StreamConnection::startTLS(const Ref<TLSContext>& context, TLSRole role) {
    if (failure_) failure_->raise();
    if (!inbox_.empty()) {
        throw ClearBytesError(0, "startTLS", std::to_string(inbox_.bytes()) + " of them");
    }
    bool isBusy = writer_ || (layer() && !layer()->isSecured());
    if (isBusy || isSendShut_ || hasReadEnded()) {
        throw UsageError(0, "startTLS", "the stream is being written or secured, or has ended");
    }
    auto made = makeRef<TlsLayer>(context, role, Ref<TlsLayer>(layer()));
    secureBy(made, {});
    return made;
}

Event::Awaiter StreamConnection::news() {
    if (!news_) news_ = std::make_unique<Event>();
    news_->clear();
    return news_->wait();
}

Socket StreamConnection::leave() {
    ByteQueue unread;
    while (!inbox_.empty()) unread.append(inbox_.pop().view());
    if (!unread.empty()) layer()->putBack(unread.take().view());
    return release();
}

void StreamConnection::end(Ending ending) noexcept {
    Ref<StreamConnection> alive(this);
    noteFailure(Failure::of<ConnectionLost>(0, "close"));
    inbox_.clear();
    beginClose(ending);
    failWaiters();
}

void StreamConnection::fail(Failure failure) noexcept {
    Ref<StreamConnection> alive(this);
    noteFailure(std::move(failure));
    if (ReadAwaiter* reader = std::exchange(reader_, nullptr)) {
        reader->failure_ = failure_.get();
        reader->resume();
    }
}

// A writer's bytes are the kernel's until the send has ended: it is told by connectionClosed().
void StreamConnection::failWaiters() noexcept {
    if (ReadAwaiter* reader = std::exchange(reader_, nullptr)) {
        reader->failure_ = failure_.get();
        reader->resume();
    }
    if (isWriterQueued_) endWrite(failure_.get());
}

void StreamConnection::reactorStopping() noexcept {
    Ref<StreamConnection> alive(this);
    noteFailure(stoppedFailure());
    end(Ending::prompt);
}

void StreamConnection::connectionClosed() noexcept {
    auto last = Ref<StreamConnection>::adopt(this);
    if (writer_) endWrite(failure_.get());
    if (news_) news_->set();
}

bool ReadAwaiter::await_ready() noexcept { return connection_.tryRead(*this); }

bool ReadAwaiter::suspend() noexcept {
    connection_.setReader(*this);
    return true;
}

bool ReadAwaiter::refuse() noexcept {
    failure_ = &cancelled();
    return false;
}

void ReadAwaiter::cancelWait() noexcept {
    connection_.dropReader();
    failure_ = &cancelled();
    resume();
}

std::string ReadAwaiter::describe() const {
    return "bytes from " + connection_.getPeer().format() + " on descriptor " +
           std::to_string(connection_.fd());
}

std::string Writer::describe() const {
    return "room to send to " + connection_.getPeer().format() + " on descriptor " +
           std::to_string(connection_.fd());
}

bool Writer::await_ready() noexcept {
    failure_ = connection_.writeFailure();
    return failure_ || left_.empty();
}

bool Writer::suspend() noexcept {
    if (connection_.setWriter(*this)) return true;
    withdraw();
    return false;
}

bool Writer::refuse() noexcept {
    failure_ = &cancelled();
    return false;
}

void Writer::cancelWait() noexcept { connection_.askWriterToEnd(); }

bool WriteAwaiter::start() noexcept { return connection().startWrite(*this); }

}  // namespace wring::detail
