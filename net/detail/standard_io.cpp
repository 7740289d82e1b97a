#include <wring/net/detail/standard_io.hpp>

#include <wring/net/standard_io.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

namespace wring::detail {

StandardIO::StandardIO(Reactor& reactor, Ref<IProtocol> protocol, int input, int output)
    : ReactorResource(reactor),
      self_(this),
      protocol_(std::move(protocol)),
      input_(*this, input),
      output_(*this, output) {}

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
    return protocol_ && !reason_ && !output_.isOver() && !isLosingWrite_ &&
           (!isDisconnecting_ || output_.queue().hasProducer());
}

bool StandardIO::mayRead() const noexcept {
    return protocol_ && !reason_ && !isPaused_ && !isDisconnecting_;
}

void StandardIO::write(BytesView bytes) {
    if (bytes.empty() || !mayWrite()) return;
    output_.queue().append(bytes);
    endOfTurn();
    output_.queue().holdBack();
}

void StandardIO::writeSequence(std::span<const BytesView> parts) {
    if (!mayWrite()) return;
    output_.queue().append(parts);
    endOfTurn();
    output_.queue().holdBack();
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
    if (isLosingWrite_ || output_.isOver() || isDisconnecting_ || !protocol_) return;
    isLosingWrite_ = true;
    endOfTurn();
}

void StandardIO::registerProducer(IProducer& producer, bool streaming) {
    bool isOver = !protocol_ || reason_ || output_.isOver();
    output_.queue().registerProducer(producer, streaming, isOver);
}

void StandardIO::unregisterProducer() {
    output_.queue().unregisterProducer();
    if (protocol_) endOfTurn();
}

void StandardIO::pauseProducing() { isPaused_ = true; }

void StandardIO::resumeProducing() {
    if (!isPaused_ || !protocol_) return;
    isPaused_ = false;
    endOfTurn();  // what came meanwhile is delivered from there, never from in here
}

void StandardIO::pipeRead(PipeReader&) noexcept {
    Ref<StandardIO> alive(this);
    if (input_.has() && mayRead()) deliver();
    if (input_.isOver() && !std::exchange(isInputEndTold_, true)) inputEnded(input_.error());
    if (protocol_) endOfTurn();
}

void StandardIO::deliver() noexcept {
    try {
        protocol_->dataReceived(input_.take());
    } catch (...) {
        Failure failure = Failure::current();
        log(LogLevel::error, "protocol: dataReceived threw: " + failure.getErrorMessage());
        lose(std::move(failure));
    }
}

void StandardIO::inputEnded(int error) noexcept {
    if (reason_ || isDisconnecting_) return;
    if (error != 0) return lose(lostFailure(error));
    if (dynamic_cast<IHalfCloseableProtocol*>(protocol_.get())) {
        return tell(&IHalfCloseableProtocol::readConnectionLost);
    }
    output_.queue().stopProducer();
    isDisconnecting_ = true;
}

void StandardIO::pipeWritten(PipeWriter&) noexcept {
    Ref<StandardIO> alive(this);
    if (output_.isOver()) outputEnded(output_.error());
    if (output_.queue().empty()) drained();
    if (protocol_) endOfTurn();
}

void StandardIO::outputEnded(int error) noexcept {
    isLosingWrite_ = false;
    output_.drop();
    if (reason_) return;
    if (dynamic_cast<IHalfCloseableProtocol*>(protocol_.get()) && !isDisconnecting_) {
        return tell(&IHalfCloseableProtocol::writeConnectionLost);
    }
    lose(lostFailure(error));
}

void StandardIO::drained() noexcept {
    try {
        output_.queue().resumeProducer();
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
    if (input_.has() && mayRead()) deliver();
    if (reason_) return finish();
    if (mayRead()) input_.start(reactor().driver());
    output_.start(reactor().driver());
    if (!output_.isIdle()) return;
    if (std::exchange(isLosingWrite_, false)) {
        output_.end();
        tell(&IHalfCloseableProtocol::writeConnectionLost);
        if (reason_) return finish();
    }
    if (isDisconnecting_ || (input_.isOver() && output_.isOver())) {
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
    if (input_.inFlight() || output_.inFlight()) {
        input_.cancel(reactor().driver());
        output_.cancel(reactor().driver());
        return;
    }
    Ref<StandardIO> last = std::move(self_);
    Ref<IProtocol> protocol = std::move(protocol_);
    output_.drop();
    leaveReactor();
    try {
        protocol->connectionLost(*reason_);
    } catch (...) {
        log(LogLevel::error,
            "protocol: connectionLost threw: " + Failure::current().getErrorMessage());
    }
    protocol->lost().set();
}

}  // namespace wring::detail

namespace wring {

Ref<ITransport> standardIO(Reactor& reactor, Ref<IProtocol> protocol, int input, int output) {
    auto transport = makeRef<detail::StandardIO>(reactor, std::move(protocol), input, output);
    transport->begin();
    return transport;
}

}  // namespace wring
