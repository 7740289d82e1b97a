#include <wring/endpoints/detail/process_connection.hpp>

#include <wring/net/detail/quoted_bytes.hpp>
#include <wring/runtime/log.hpp>

#include <utility>

namespace wring::detail {

void ErrorOutput::errReceived(BytesView data) {
    if (!isLogged_) return;
    log(LogLevel::warning,
        "process: " + executable_ + " wrote to its error output: " + quotedBytes(data));
}

/// A program as the transport of a protocol. Outlives it as a handle.
class ProcessConnection::Transport final : public ITransport {
 public:
    Transport(ProcessConnection& connection, Ref<ChildProcess> process)
        : connection_(&connection), process_(std::move(process)) {}

    using ITransport::write;
    void write(BytesView bytes) override { process_->write(bytes); }
    void writeSequence(std::span<const BytesView> parts) override {
        process_->writeSequence(parts);
    }
    void loseConnection() override {
        isDisconnecting_ = true;
        process_->loseConnection();
    }
    void abortConnection() override {
        isDisconnecting_ = true;
        if (connection_) connection_->abort(Failure::of<ConnectionAborted>());
    }
    void loseWriteConnection() override { process_->closeStdin(); }
    void registerProducer(IProducer& producer, bool streaming) override {
        process_->registerProducer(producer, streaming);
    }
    void unregisterProducer() override { process_->unregisterProducer(); }
    void pauseProducing() override { process_->pauseProducing(); }
    void resumeProducing() override { process_->resumeProducing(); }
    Address getPeer() const override { return {}; }
    Address getHost() const override { return {}; }
    void setTcpNoDelay(bool) override {}
    bool getTcpNoDelay() const override { return false; }
    void setTcpKeepAlive(bool) override {}
    bool getTcpKeepAlive() const override { return false; }
    std::size_t queuedBytes() const override { return process_->queuedBytes(); }
    bool connected() const override { return connection_ != nullptr; }
    bool disconnecting() const override { return isDisconnecting_; }
    Reactor& reactor() const override { return process_->reactor(); }

    void kill() noexcept {
        isDisconnecting_ = true;
        process_->abort();
    }
    void ended() noexcept { connection_ = nullptr; }

 private:
    ProcessConnection* connection_;
    Ref<ChildProcess> process_;
    bool isDisconnecting_ = false;
};

ProcessConnection::ProcessConnection(Ref<IProtocol> protocol, Ref<IFactory> factory,
                                     std::string executable, bool isLogged)
    : ErrorOutput(std::move(executable), isLogged),
      protocol_(std::move(protocol)),
      factory_(std::move(factory)) {}

template <class Call>
void ProcessConnection::guarded(const char* event, Call call) noexcept {
    Ref<IProtocol> protocol = protocol_;
    try {
        call(*protocol);
    } catch (...) {
        Failure failure = Failure::current();
        log(LogLevel::error,
            std::string("protocol: ") + event + " threw: " + failure.getErrorMessage());
        abort(std::move(failure));
    }
}

void ProcessConnection::makeConnection(Ref<IProcessTransport> process) {
    Ref<ChildProcess> child(static_cast<ChildProcess*>(process.get()));
    transport_ = makeRef<Transport>(*this, std::move(child));
    guarded("connectionMade",
            [this](IProtocol& protocol) { protocol.makeConnection(Ref<ITransport>(transport_)); });
}

void ProcessConnection::abort(Failure failure) noexcept {
    if (!failure_) failure_ = std::move(failure);
    transport_->kill();
}

void ProcessConnection::outReceived(BytesView data) {
    if (failure_) return;
    guarded("dataReceived", [data](IProtocol& protocol) { protocol.dataReceived(data); });
}

void ProcessConnection::inConnectionLost() { tell(&IHalfCloseableProtocol::writeConnectionLost); }
void ProcessConnection::outConnectionLost() { tell(&IHalfCloseableProtocol::readConnectionLost); }

void ProcessConnection::tell(void (IHalfCloseableProtocol::*event)()) noexcept {
    auto* halfCloseable = dynamic_cast<IHalfCloseableProtocol*>(protocol_.get());
    if (!halfCloseable || transport_->disconnecting()) return;
    guarded("half-close", [=](IProtocol&) { (halfCloseable->*event)(); });
}

void ProcessConnection::processEnded(const Failure& reason) {
    Ref<IProtocol> protocol = std::move(protocol_);
    transport_->ended();
    if (!failure_) failure_ = reason.check<ProcessDone>() ? Failure::of<ConnectionDone>() : reason;
    try {
        protocol->connectionLost(*failure_);
    } catch (...) {
        log(LogLevel::error,
            "protocol: connectionLost threw: " + Failure::current().getErrorMessage());
    }
    Ref<IFactory> factory = std::move(factory_);
    factory->doStop();
    protocol->lost().set();
}

}  // namespace wring::detail
