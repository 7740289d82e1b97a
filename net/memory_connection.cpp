#include <wring/net/memory_connection.hpp>

#include <wring/runtime/log.hpp>

#include <utility>

namespace wring::testing {

namespace {

void report(const char* what, const Failure& failure) {
    log(LogLevel::error, std::string("protocol: ") + what + " threw: " + failure.getErrorMessage());
}

// Calls what may throw and has nobody to tell.
template <class F>
void callOrLog(const char* what, F function) noexcept {
    try {
        function();
    } catch (...) {
        report(what, Failure::current());
    }
}

}  // namespace

/// Takes only what a real transport takes, and is as lenient.
class MemoryConnection::Transport final : public StringTransport {
 public:
    using StringTransport::StringTransport;
    bool isWriteShut = false;

    void write(BytesView bytes) override {
        if (mayWrite() && !bytes.empty()) StringTransport::write(bytes);
    }
    void writeSequence(std::span<const BytesView> parts) override {
        if (mayWrite()) StringTransport::writeSequence(parts);
    }
    void loseWriteConnection() override {
        if (!disconnecting()) StringTransport::loseWriteConnection();
    }
    void registerProducer(IProducer& producer, bool streaming) override {
        if (!connected() || isAborted()) return producer.stopProducing();
        StringTransport::registerProducer(producer, streaming);
    }
    void unregisterProducer() override {
        if (producer()) StringTransport::unregisterProducer();
    }
    void pauseProducing() override {
        if (!disconnecting()) StringTransport::pauseProducing();
    }
    void resumeProducing() override {
        if (!disconnecting()) StringTransport::resumeProducing();
    }
    std::size_t queuedBytes() const override { return value().size(); }

 private:
    // After loseConnection() only a registered producer has still something to say.
    bool mayWrite() const noexcept {
        return connected() && !isAborted() && !isWriteShut && (!disconnecting() || producer());
    }
};

MemoryConnection::MemoryConnection(Ref<IProtocol> protocol, Address host, Address peer,
                                   Reactor* reactor)
    : protocol_(std::move(protocol)),
      transport_(makeRef<Transport>(std::move(host), std::move(peer), reactor)) {}

MemoryConnection::~MemoryConnection() = default;

StringTransport& MemoryConnection::transport() const noexcept { return *transport_; }

void MemoryConnection::connect() {
    Ref<MemoryConnection> self(this);
    isMade_ = isInside_ = true;
    try {
        protocol_->makeConnection(transport_);
    } catch (...) {
        reason_ = Failure::current();
        isInside_ = false;
        endIfLost();
        throw;
    }
    isInside_ = false;
    endIfLost();
    deliver();
}

// The protocol may do anything in there, but the connection ends only when it has returned.
template <class F>
void MemoryConnection::call(const char* what, F function) noexcept {
    isInside_ = true;
    try {
        function();
    } catch (...) {
        Failure failure = Failure::current();
        report(what, failure);
        if (!reason_) reason_ = std::move(failure);
    }
    isInside_ = false;
    endIfLost();
}

bool MemoryConnection::mayDeliver() const noexcept {
    bool isProducing = transport_->producerState() == StringTransport::ProducerState::producing;
    return isOpen() && !isInside_ && isProducing && !transport_->disconnecting();
}

void MemoryConnection::receive(std::string_view bytes) {
    if (reason_ || hasPeerFinished_ || transport_->disconnecting()) return;
    inbox_ += bytes;
    deliver();
}

bool MemoryConnection::finish() {
    if (!isOpen() || std::exchange(hasPeerFinished_, true)) return false;
    isEndPending_ = true;
    deliver();
    return true;
}

bool MemoryConnection::deliver() {
    Ref<MemoryConnection> self(this);
    bool hasDelivered = false;
    while (mayDeliver() && !inbox_.empty()) {
        std::string bytes = std::exchange(inbox_, {});
        call("dataReceived", [&] { protocol_->dataReceived(asBytes(bytes)); });
        hasDelivered = true;
    }
    if (mayDeliver() && std::exchange(isEndPending_, false)) {
        deliverEnd();
        hasDelivered = true;
    }
    return hasDelivered;
}

void MemoryConnection::deliverEnd() {
    if (auto* both = dynamic_cast<IHalfCloseableProtocol*>(protocol_.get())) {
        return call("readConnectionLost", [&] { both->readConnectionLost(); });
    }
    stopProducer();  // its audience has left
    transport_->loseConnection();
}

void MemoryConnection::lose(const Failure& reason) {
    Ref<MemoryConnection> self(this);
    if (!isOpen()) return;
    reason_ = reason;
    if (!isInside_) endIfLost();
}

void MemoryConnection::endIfLost() noexcept {
    if (!reason_ || std::exchange(isOver_, true)) return;
    inbox_.clear();
    transport_->disconnect();
    stopProducer();
    isInside_ = true;
    callOrLog("connectionLost", [&] { protocol_->connectionLost(*reason_); });
    if (auto function = std::exchange(whenLost_, nullptr))
        callOrLog("whenLost", [&] { function(); });
    protocol_->lost().set();
}

void MemoryConnection::stopProducer() noexcept {
    IProducer* producer = transport_->producer();
    if (!producer) return;
    transport_->unregisterProducer();
    callOrLog("stopProducing", [&] { producer->stopProducing(); });
}

std::string MemoryConnection::take() {
    Ref<MemoryConnection> self(this);
    if (transport_->isAborted()) return {};
    IProducer* producer = transport_->producer();
    bool isPulled = producer && !transport_->streaming() && isOpen() && !isInside_;
    if (isPulled) call("resumeProducing", [&] { producer->resumeProducing(); });
    std::string taken = transport_->value();
    transport_->clear();
    return taken;
}

bool MemoryConnection::mayClose() const noexcept {
    bool isPulled = transport_->producer() && !transport_->streaming();
    return transport_->value().empty() && !isPulled;
}

bool MemoryConnection::shutWrite() {
    Ref<MemoryConnection> self(this);
    bool isAsked = transport_->isWriteLost() && !transport_->disconnecting();
    if (!isOpen() || isInside_ || !isAsked) return false;
    if (std::exchange(transport_->isWriteShut, true)) return false;
    if (auto* both = dynamic_cast<IHalfCloseableProtocol*>(protocol_.get())) {
        call("writeConnectionLost", [&] { both->writeConnectionLost(); });
    }
    return true;
}

}  // namespace wring::testing
