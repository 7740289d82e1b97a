#include <wring/net/detail/standard_io.hpp>

#include <wring/net/standard_io.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace wring::detail {

namespace {

constexpr std::size_t highWaterBytes = 65536;

// A write to a pipe that nobody reads ends the process by default.
void ignoreBrokenPipes() noexcept {
    struct sigaction current {};
    if (::sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) {
        std::signal(SIGPIPE, SIG_IGN);
    }
}

}  // namespace

StandardIO::StandardIO(Reactor& reactor, Ref<IProtocol> protocol, int input, int output)
    : ReactorResource(reactor),
      self_(this),
      protocol_(std::move(protocol)),
      input_(input),
      output_(output),
      read_(&StandardIO::onRead, *this),
      write_(&StandardIO::onWritten, *this) {}

StandardIO::~StandardIO() = default;

void StandardIO::begin() {
    ignoreBrokenPipes();
    Ref<IProtocol> protocol = protocol_;
    try {
        protocol->makeConnection(Ref<ITransport>(this));
    } catch (...) {
        Failure failure = Failure::current();
        log(LogLevel::error, "protocol: connectionMade threw: " + failure.getErrorMessage());
        lose(failure);
        failure.raise();
    }
    endOfTurn();
}

bool StandardIO::mayWrite() const noexcept {
    return protocol_ && !reason_ && !isOutputOver_ && !isLosingWrite_ &&
           (!isDisconnecting_ || producer_);
}

bool StandardIO::mayRead() const noexcept {
    return protocol_ && !reason_ && !isPaused_ && !isDisconnecting_;
}

void StandardIO::write(BytesView bytes) {
    if (bytes.empty() || !mayWrite()) return;
    pending_.append(bytes);
    endOfTurn();
    checkHighWater();
}

void StandardIO::writeSequence(std::span<const BytesView> parts) {
    if (!mayWrite()) return;
    for (BytesView part : parts) pending_.append(part);
    endOfTurn();
    checkHighWater();
}

void StandardIO::checkHighWater() {
    if (!producer_ || !isStreaming_ || queuedBytes() <= highWaterBytes) return;
    isProducerPaused_ = true;
    producer_->pauseProducing();
}

void StandardIO::loseConnection() {
    if (isDisconnecting_ || !protocol_) return;
    isDisconnecting_ = true;
    endOfTurn();
}

void StandardIO::abortConnection() {
    if (!protocol_ || reason_) return;
    isDisconnecting_ = true;
    reason_ = Failure::of<ConnectionAborted>();
    endOfTurn();
}

void StandardIO::loseWriteConnection() {
    if (isLosingWrite_ || isOutputOver_ || isDisconnecting_ || !protocol_) return;
    isLosingWrite_ = true;
    endOfTurn();
}

void StandardIO::registerProducer(IProducer& producer, bool streaming) {
    if (producer_) {
        throw UsageError(0, "register a producer",
                         "the transport has a producer, which was not unregistered");
    }
    if (!protocol_ || reason_ || isOutputOver_) return producer.stopProducing();
    producer_ = &producer;
    isStreaming_ = streaming;
    isProducerPaused_ = false;
    if (!streaming) producer.resumeProducing();
}

void StandardIO::unregisterProducer() {
    producer_ = nullptr;
    isProducerPaused_ = false;
    if (protocol_) endOfTurn();
}

void StandardIO::pauseProducing() { isPaused_ = true; }

void StandardIO::resumeProducing() {
    if (!isPaused_ || !protocol_) return;
    isPaused_ = false;
    endOfTurn();  // what came meanwhile is delivered from there, never from in here
}

void StandardIO::startReading() noexcept {
    if (!mayRead() || isInputOver_ || held_ > 0 || read_.inFlight()) return;
    read_.prepareRead(input_, room_);
    reactor().driver().submit(read_);
}

void StandardIO::onRead(Operation& operation, Completion& completion) noexcept {
    StandardIO& self = static_cast<Request&>(operation).owner;
    Ref<StandardIO> alive(&self);
    if (completion.result > 0) {
        self.held_ = static_cast<std::size_t>(completion.result);
        if (self.mayRead()) self.deliver();
    } else if (completion.result == 0) {
        self.inputEnded(0);
    } else if (completion.result != -ECANCELED && completion.result != -EINTR &&
               completion.result != -EAGAIN) {
        self.inputEnded(-completion.result);
    }
    if (self.protocol_) self.endOfTurn();
}

void StandardIO::deliver() noexcept {
    BytesView data(room_.data(), std::exchange(held_, 0));
    try {
        protocol_->dataReceived(data);
    } catch (...) {
        Failure failure = Failure::current();
        log(LogLevel::error, "protocol: dataReceived threw: " + failure.getErrorMessage());
        lose(std::move(failure));
    }
}

// A terminal that has hung up says EIO: its end, like any other.
void StandardIO::inputEnded(int error) noexcept {
    isInputOver_ = true;
    if (reason_ || isDisconnecting_) return;
    if (error != 0 && error != EIO) return lose(lostFailure(error));
    if (dynamic_cast<IHalfCloseableProtocol*>(protocol_.get())) {
        return tell(&IHalfCloseableProtocol::readConnectionLost);
    }
    stopProducer();
    isDisconnecting_ = true;
}

void StandardIO::startWriting() noexcept {
    if (write_.inFlight() || isOutputOver_) return;
    if (sending_.empty()) sending_ = pending_.take();
    if (sending_.empty()) return;
    write_.prepareWrite(output_, sending_.view());
    reactor().driver().submit(write_);
}

void StandardIO::onWritten(Operation& operation, Completion& completion) noexcept {
    StandardIO& self = static_cast<Request&>(operation).owner;
    Ref<StandardIO> alive(&self);
    int result = completion.result;
    if (result > 0) {
        self.sending_.removePrefix(static_cast<std::size_t>(result));
    } else if (result != -ECANCELED && result != -EINTR && result != -EAGAIN) {
        self.outputEnded(result == 0 ? EIO : -result);
    }
    if (self.queuedBytes() == 0) self.drained();
    if (self.protocol_) self.endOfTurn();
}

void StandardIO::outputEnded(int error) noexcept {
    isOutputOver_ = true;
    isLosingWrite_ = false;
    pending_.clear();
    sending_ = Bytes();
    stopProducer();
    if (reason_) return;
    if (dynamic_cast<IHalfCloseableProtocol*>(protocol_.get()) && !isDisconnecting_) {
        return tell(&IHalfCloseableProtocol::writeConnectionLost);
    }
    lose(lostFailure(error));
}

void StandardIO::drained() noexcept {
    if (!producer_ || (isStreaming_ && !std::exchange(isProducerPaused_, false))) return;
    try {
        producer_->resumeProducing();
    } catch (...) {
        lose(Failure::current());
    }
}

void StandardIO::tell(void (IHalfCloseableProtocol::*event)()) noexcept {
    Ref<IProtocol> protocol = protocol_;
    auto* halfCloseable = dynamic_cast<IHalfCloseableProtocol*>(protocol.get());
    if (!halfCloseable) return;
    try {
        (halfCloseable->*event)();
    } catch (...) {
        Failure failure = Failure::current();
        log(LogLevel::error, "protocol: half-close threw: " + failure.getErrorMessage());
        lose(std::move(failure));
    }
}

void StandardIO::turnEnded() noexcept {
    Ref<StandardIO> alive(this);
    if (!protocol_) return;
    if (reason_) return finish();
    if (held_ > 0 && mayRead()) deliver();
    if (reason_) return finish();
    startReading();
    startWriting();
    bool waitsForProducer = producer_ && (!isStreaming_ || isProducerPaused_);
    if (queuedBytes() > 0 || write_.inFlight() || waitsForProducer) return;
    if (std::exchange(isLosingWrite_, false)) {
        isOutputOver_ = true;
        tell(&IHalfCloseableProtocol::writeConnectionLost);
        if (reason_) return finish();
    }
    if (isDisconnecting_ || (isInputOver_ && isOutputOver_)) {
        reason_ = Failure::of<ConnectionDone>();
        finish();
    }
}

void StandardIO::lose(Failure reason) noexcept {
    if (!reason_) reason_ = std::move(reason);
    isDisconnecting_ = true;
    endOfTurn();
}

void StandardIO::reactorStopping() noexcept {
    Ref<StandardIO> alive(this);
    if (!reason_) reason_ = stoppedFailure();
    isDisconnecting_ = true;
    finish();
}

// What was written is out, or does not matter; the operations' last completions come back here.
void StandardIO::finish() noexcept {
    if (read_.inFlight() || write_.inFlight()) {
        reactor().driver().cancel(read_);
        reactor().driver().cancel(write_);
        return;
    }
    Ref<StandardIO> last = std::move(self_);
    Ref<IProtocol> protocol = std::move(protocol_);
    pending_.clear();
    sending_ = Bytes();
    stopProducer();
    leaveReactor();
    try {
        protocol->connectionLost(*reason_);
    } catch (...) {
        log(LogLevel::error,
            "protocol: connectionLost threw: " + Failure::current().getErrorMessage());
    }
    protocol->lost().set();
}

void StandardIO::stopProducer() noexcept {
    try {
        if (IProducer* producer = std::exchange(producer_, nullptr)) producer->stopProducing();
    } catch (...) {
        log(LogLevel::error, "stopProducing threw: " + Failure::current().getErrorMessage());
    }
}

}  // namespace wring::detail

namespace wring {

Ref<ITransport> standardIO(Reactor& reactor, Ref<IProtocol> protocol, int input, int output) {
    auto transport = makeRef<detail::StandardIO>(reactor, std::move(protocol), input, output);
    transport->begin();
    return transport;
}

}  // namespace wring
