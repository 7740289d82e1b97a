#include <wring/endpoints/detail/endpoint_connector.hpp>

#include <wring/net/detail/forwarding_protocol.hpp>
#include <wring/net/errors.hpp>
#include <wring/runtime/log.hpp>

#include <optional>

namespace wring::detail {

namespace {

/// Stands in for the protocol that a factory refused to build.
class Refusing final : public Protocol {
 public:
    void connectionMade() override { transport().loseConnection(); }
};

}  // namespace

/// One attempt and its connection: the factory that the endpoint sees. Kept by what is going on:
/// the call that begins it, the endpoint, the connection.
class EndpointConnector::Attempt final : public IFactory {
 public:
    explicit Attempt(Ref<EndpointConnector> connector) : connector_(std::move(connector)) {}
    ~Attempt() override {
        if (Ref<EndpointConnector> connector = detach()) connector->abandoned();
    }

    void begin();
    /// From now on what becomes of it is nobody's business.
    Ref<EndpointConnector> detach() noexcept;
    void cancel() {
        if (connecting_) connecting_->cancel();
    }
    bool isDetached() const noexcept { return !connector_; }
    void lost(const Failure& reason) noexcept;
    void setTransport(Ref<ITransport> transport) noexcept { transport_ = std::move(transport); }
    ITransport* transport() const noexcept { return transport_.get(); }

    void doStart() override {}
    void doStop() override {}
    Ref<IProtocol> buildProtocol(const Address& address) override;

 private:
    void start();
    void timedOut();
    void ended(const Result<Ref<IProtocol>>& result);
    void fail(const Failure& reason) noexcept;
    static void stop(Ref<IDelayedCall>& call) noexcept;

    Ref<EndpointConnector> connector_;
    Ref<IDelayedCall> beginning_;
    Ref<IDelayedCall> limit_;
    std::optional<Deferred<Ref<IProtocol>>> connecting_;
    Ref<ITransport> transport_;
};

/// Stands before the protocol of a connection to learn why that is lost.
class EndpointConnector::Watched : public ForwardingProtocol {
 public:
    Watched(Ref<IProtocol> inner, Ref<Attempt> attempt)
        : ForwardingProtocol(std::move(inner)), attempt_(std::move(attempt)) {}
    void makeConnection(Ref<ITransport> transport) override {
        attempt_->setTransport(transport);
        ForwardingProtocol::makeConnection(std::move(transport));
    }

 private:
    void afterLost(const Failure& reason) override { attempt_->lost(reason); }
    Ref<Attempt> attempt_;
};

void EndpointConnector::Attempt::begin() {
    IReactorTime& time = connector_->time_;
    Ref<Attempt> self(this);
    beginning_ = time.callLater(Duration::zero(), [self] { self->start(); });
    // Stopped at the latest by the destructor.
    limit_ = time.callLater(connector_->timeout_, [this] { timedOut(); });
}

void EndpointConnector::Attempt::stop(Ref<IDelayedCall>& call) noexcept {
    Ref<IDelayedCall> stopped = std::move(call);
    if (stopped && stopped->active()) stopped->cancel();
}

Ref<EndpointConnector> EndpointConnector::Attempt::detach() noexcept {
    stop(limit_);
    stop(beginning_);
    if (connector_ && connector_->attempt_ == this) connector_->attempt_ = nullptr;
    return std::move(connector_);
}

void EndpointConnector::Attempt::start() {
    Ref<Attempt> self(this);
    try {
        connecting_ = connector_->endpoint_->connect(self);
    } catch (...) {
        return fail(Failure::current());
    }
    connecting_->addBoth([self](const Result<Ref<IProtocol>>& result) { self->ended(result); });
}

void EndpointConnector::Attempt::timedOut() {
    Ref<Attempt> self(this);
    std::string where = connector_->destination_.format();
    fail(TimeoutError(0, "connect", "User timeout caused connection failure: " + where));
    cancel();
}

// Once there is a connection its end is told by the protocol.
void EndpointConnector::Attempt::ended(const Result<Ref<IProtocol>>& result) {
    connecting_.reset();
    if (!connector_ || transport_) return;
    fail(result ? Failure::of<NoProtocol>() : result.error());
}

void EndpointConnector::Attempt::fail(const Failure& reason) noexcept {
    if (connector_) connector_->end(*this, &ClientFactory::clientConnectionFailed, reason);
}

void EndpointConnector::Attempt::lost(const Failure& reason) noexcept {
    transport_ = nullptr;
    if (connector_) connector_->end(*this, &ClientFactory::clientConnectionLost, reason);
}

// A connection that comes after it was given up is refused.
Ref<IProtocol> EndpointConnector::Attempt::buildProtocol(const Address& address) {
    if (!connector_) return nullptr;
    stop(limit_);
    Ref<EndpointConnector> connector = connector_;
    connector->state_ = State::connected;
    Ref<IProtocol> protocol;
    try {
        protocol = connector->factory_->buildProtocol(address);
    } catch (...) {
        if (connector_) connector->state_ = State::connecting;  // until the endpoint has failed
        throw;
    }
    if (!protocol) protocol = makeRef<Refusing>();
    return putBefore<Watched>(std::move(protocol), Ref<Attempt>(this));
}

EndpointConnector::EndpointConnector(IReactorTime& time, Ref<IStreamClientEndpoint> endpoint,
                                     Destination destination, Ref<ClientFactory> factory,
                                     Duration timeout)
    : time_(time),
      endpoint_(std::move(endpoint)),
      destination_(std::move(destination)),
      factory_(std::move(factory)),
      timeout_(timeout) {}

EndpointConnector::~EndpointConnector() = default;

void EndpointConnector::startFactory() {
    if (isFactoryStarted_) return;
    factory_->doStart();
    isFactoryStarted_ = true;
}

void EndpointConnector::stopFactory() noexcept {
    if (!std::exchange(isFactoryStarted_, false)) return;
    try {
        factory_->doStop();
    } catch (...) {
        log(LogLevel::error, "factory: doStop threw: " + Failure::current().getErrorMessage());
    }
}

void EndpointConnector::connect() {
    if (state_ != State::disconnected) {
        throw UsageError(0, "connect", "can't connect in this state");
    }
    Ref<EndpointConnector> self(this);
    startFactory();
    auto attempt = makeRef<Attempt>(self);
    attempt_ = attempt.get();
    state_ = State::connecting;
    try {
        attempt->begin();
        factory_->startedConnecting(*this);
    } catch (...) {
        if (!attempt->isDetached()) {
            attempt->detach();
            state_ = State::disconnected;
            stopFactory();
        }
        throw;
    }
}

void EndpointConnector::stopConnecting() {
    if (state_ != State::connecting) {
        throw NotConnectingError(0, "stopConnecting", "we're not trying to connect");
    }
    Ref<Attempt> attempt(attempt_);
    end(*attempt, &ClientFactory::clientConnectionFailed, Failure::of<UserError>());
    attempt->cancel();
}

void EndpointConnector::disconnect() {
    if (state_ == State::connecting) return stopConnecting();
    if (state_ != State::connected || !attempt_ || !attempt_->transport()) return;
    Ref<ITransport>(attempt_->transport())->loseConnection();
}

// The reactor has stopped before the attempt began: there is nobody to be told.
void EndpointConnector::abandoned() noexcept {
    state_ = State::disconnected;
    stopFactory();
}

// The factory may connect again in the notification: then it stays started.
void EndpointConnector::end(Attempt& attempt, Notification notification,
                            const Failure& reason) noexcept {
    Ref<Attempt> ended(&attempt);
    Ref<EndpointConnector> self = attempt.detach();
    state_ = State::disconnected;
    try {
        ((*factory_).*notification)(*this, reason);
    } catch (...) {
        log(LogLevel::error, "factory: it threw when told of the end of a connection: " +
                                 Failure::current().getErrorMessage());
    }
    if (state_ == State::disconnected) stopFactory();
}

}  // namespace wring::detail
