#include <wring/net/detail/stream_connection.hpp>

#include <wring/net/errors.hpp>
#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/buffer_pool.hpp>
#include <wring/runtime/reactor.hpp>

#include <cerrno>

namespace wring::detail {

namespace {

// What may wait for a reader. A small chunk is copied, so that it does not occupy a whole receive
// buffer, and so is a large one when buffers are scarce.
constexpr std::size_t inboxBytesMax = 65536;
constexpr std::size_t inboxBytesResume = 16384;
constexpr std::size_t copiedBytesMax = 2048;

const Failure& cancelled() noexcept {
    static const Failure failure = Failure::of<CancelledError>();
    return failure;
}

}  // namespace

StreamConnection::StreamConnection(Socket socket) : Connection(std::move(socket)), self_(this) {}

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
        reader.failure_ = &*failure_;
        return true;
    }
    return hasReadEnded();
}

void StreamConnection::setReader(ReadAwaiter& reader) noexcept {
    WRING_ASSERT(!reader_, "a stream was read by two coroutines at once");
    reader_ = &reader;
    startReading();
}

void StreamConnection::received(Bytes chunk) noexcept {
    if (ReadAwaiter* reader = std::exchange(reader_, nullptr)) {
        reader->bytes_ = std::move(chunk);
        return reader->resume();
    }
    try {
        bool copies =
            chunk.size() <= copiedBytesMax || reactor().driver().buffers().isScarce();
        inbox_.push(copies ? Bytes::copyOf(chunk.view()) : std::move(chunk));
    } catch (...) {
        return fail(Failure::current());
    }
    if (inbox_.bytes() < inboxBytesMax || isStopped_) return;
    isStopped_ = true;
    stopReading();
}

void StreamConnection::readEnded(int error) noexcept {
    if (error) return fail(lostFailure(error));
    if (ReadAwaiter* reader = std::exchange(reader_, nullptr)) reader->resume();
}

bool StreamConnection::setWriter(WriteAwaiter& writer) noexcept {
    WRING_ASSERT(!writer_, "a stream was written by two coroutines at once");
    int taken = sendNow(writer.left_);
    if (taken > 0) writer.left_ = writer.left_.subspan(static_cast<std::size_t>(taken));
    if (writer.left_.empty()) return false;
    writer_ = &writer;
    isWriteCancelled_ = false;
    send(writer.left_);  // an error of the first try comes again, as this one's completion
    return true;
}

void StreamConnection::askWriterToEnd() noexcept {
    isWriteCancelled_ = true;
    cancelSend();
}

const Failure* StreamConnection::writeFailure() const noexcept {
    return failure_ ? &*failure_ : nullptr;
}

void StreamConnection::sent(int result) noexcept {
    if (!writer_) return;
    if (result >= 0) writer_->left_ = writer_->left_.subspan(static_cast<std::size_t>(result));
    if (result >= 0 && writer_->left_.empty()) return endWrite(nullptr);
    bool goesOn = result >= 0 || result == -EAGAIN || result == -EINTR;
    if (isWriteCancelled_ && (goesOn || result == -ECANCELED)) {
        return endWrite(&cancelled());
    }
    if (goesOn) return send(writer_->left_);
    // The peer takes nothing more; what it has sent can still be read.
    if (!failure_) {
        failure_ = lostFailure(-result);
        isStillReadable_ = true;
    }
    endWrite(&*failure_);
}

// The failure of the whole connection takes the place of one of the sending side alone.
void StreamConnection::noteFailure(Failure failure) noexcept {
    if (!failure_ || isStillReadable_) failure_ = std::move(failure);
    isStillReadable_ = false;
}

void StreamConnection::endWrite(const Failure* failure) noexcept {
    WriteAwaiter* writer = std::exchange(writer_, nullptr);
    writer->failure_ = failure;
    writer->resume();
}

int StreamConnection::shutdownSend() noexcept {
    if (std::exchange(isSendShut_, true)) return 0;
    return shutdownSendNow();
}

void StreamConnection::close(bool reset) noexcept {
    Ref<StreamConnection> alive(this);
    noteFailure(Failure::of<ConnectionLost>(0, "close"));
    inbox_.clear();
    beginClose(reset);
    failWaiters();
}

void StreamConnection::fail(Failure failure) noexcept {
    Ref<StreamConnection> alive(this);
    noteFailure(std::move(failure));
    if (ReadAwaiter* reader = std::exchange(reader_, nullptr)) {
        reader->failure_ = &*failure_;
        reader->resume();
    }
}

// A writer's bytes are the kernel's until the send has ended: it is told by connectionClosed().
void StreamConnection::failWaiters() noexcept {
    if (ReadAwaiter* reader = std::exchange(reader_, nullptr)) {
        reader->failure_ = &*failure_;
        reader->resume();
    }
}

void StreamConnection::reactorStopping() noexcept {
    Ref<StreamConnection> alive(this);
    noteFailure(stoppedFailure());
    close(false);
}

void StreamConnection::connectionClosed() noexcept {
    Ref<StreamConnection> last = std::move(self_);
    if (writer_) endWrite(&*failure_);
    closed_.set();
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

bool WriteAwaiter::await_ready() noexcept {
    failure_ = connection_.writeFailure();
    return failure_ || left_.empty();
}

bool WriteAwaiter::suspend() noexcept {
    if (connection_.setWriter(*this)) return true;
    withdraw();
    return false;
}

bool WriteAwaiter::refuse() noexcept {
    failure_ = &cancelled();
    return false;
}

void WriteAwaiter::cancelWait() noexcept { connection_.askWriterToEnd(); }

}  // namespace wring::detail
