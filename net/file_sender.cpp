#include <wring/net/file_sender.hpp>

#include <wring/net/framing_errors.hpp>

#include <unistd.h>
#include <array>
#include <cerrno>
#include <utility>

namespace wring {

namespace {

std::size_t readDescriptor(int fd, std::span<std::byte> into) {
    for (;;) {
        ssize_t count = ::read(fd, into.data(), into.size());
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) throw Error(errno, "read");
    }
}

}  // namespace

FileSender::~FileSender() {
    if (!sending_) return;
    leave();
    finish()->errback(Failure::of<CancelledError>());
}

Deferred<FileSender::LastByte> FileSender::beginFileTransfer(int fd, IConsumer& consumer,
                                                             Transform transform) {
    return beginFileTransfer([fd](std::span<std::byte> into) { return readDescriptor(fd, into); },
                             consumer, std::move(transform));
}

Deferred<FileSender::LastByte> FileSender::beginFileTransfer(Reader file, IConsumer& consumer,
                                                             Transform transform) {
    if (sending_) throw UsageError(0, "beginFileTransfer", "the FileSender sends already");
    Deferred<LastByte> result([this](Deferred<LastByte>&) {
        leave();
        finish();
    });
    file_ = std::move(file);
    transform_ = std::move(transform);
    last_.reset();
    consumer_ = &consumer;
    sending_ = result;
    try {
        consumer.registerProducer(*this, false);
    } catch (...) {
        consumer_ = nullptr;
        finish();
        throw;
    }
    return result;
}

void FileSender::resumeProducing() {
    if (!sending_) return;
    Result<void> sent;
    try {
        if (sendPiece()) return;
    } catch (...) {
        sent = Failure::current();
    }
    if (!sending_) return;  // the consumer has stopped it while it was written to
    leave();
    LastByte last = last_;
    auto ended = finish();
    // Whoever is told may destroy this.
    if (sent) {
        ended->callback(last);
    } else {
        ended->errback(sent.error());
    }
}

void FileSender::stopProducing() {
    if (!sending_) return;
    consumer_ = nullptr;
    finish()->errback(Failure(ConsumerStoppedError()));
}

// False at the end. Goes on until there is something to write: a consumer that got nothing would
// not ask again. What is called may cancel the transfer, which must not destroy it meanwhile.
bool FileSender::sendPiece() {
    Reader file = std::move(file_);
    Transform transform = std::move(transform_);
    std::array<std::byte, chunkBytes> buffer;
    BytesView piece;
    std::string made;
    while (piece.empty()) {
        std::size_t count = file(buffer);
        if (count == 0) return false;
        piece = BytesView(buffer).first(count);
        if (transform) piece = asBytes(made = transform(piece));
        if (!sending_) return true;
    }
    file_ = std::move(file);
    transform_ = std::move(transform);
    last_ = piece.back();
    consumer_->write(piece);
    return true;
}

void FileSender::leave() {
    if (IConsumer* consumer = std::exchange(consumer_, nullptr)) consumer->unregisterProducer();
}

std::optional<Deferred<FileSender::LastByte>> FileSender::finish() {
    file_ = nullptr;
    transform_ = nullptr;
    return std::exchange(sending_, std::nullopt);
}

}  // namespace wring
