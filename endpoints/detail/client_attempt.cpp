#include <wring/endpoints/detail/client_attempt.hpp>

#include <wring/deferred/detail/invoke.hpp>
#include <wring/endpoints/detail/client_machine.hpp>
#include <wring/net/detail/forwarding_protocol.hpp>

#include <utility>

namespace wring::detail {

namespace {

template <class T>
void askToEnd(std::optional<Deferred<T>> asked) noexcept try {
    if (asked) asked->cancel();
} catch (...) {
    reportCancellerError();
}

}  // namespace

/// Stands before the protocol to learn of its transport and of the end of its connection.
class ClientAttempt::Watched : public ForwardingProtocol {
 public:
    Watched(Ref<IProtocol> inner, Ref<ClientAttempt> attempt)
        : ForwardingProtocol(std::move(inner)), attempt_(std::move(attempt)) {}
    void makeConnection(Ref<ITransport> transport) override {
        attempt_->transport_ = transport;
        ForwardingProtocol::makeConnection(std::move(transport));
    }

 private:
    void afterLost(const Failure& reason) override { attempt_->lost(reason); }
    Ref<ClientAttempt> attempt_;
};

ClientAttempt::ClientAttempt(Ref<ClientMachine> machine, Ref<IFactory> factory)
    : machine_(std::move(machine)), factory_(std::move(factory)) {}
ClientAttempt::~ClientAttempt() = default;

Ref<IProtocol> ClientAttempt::buildProtocol(const Address& address) {
    Ref<IProtocol> protocol = factory_->buildProtocol(address);
    if (!protocol) return nullptr;
    protocol_ = protocol;
    return putBefore<Watched>(std::move(protocol), Ref<ClientAttempt>(this));
}

void ClientAttempt::begin(IStreamClientEndpoint& endpoint) {
    Ref<ClientAttempt> self(this);
    auto connect = [&] { return endpoint.connect(self); };
    Deferred<Ref<IProtocol>> connecting = invoke(connect);
    connecting_ = connecting;
    connecting.addBoth([self](const Result<Ref<IProtocol>>& result) { self->connected(result); });
    // Told to end before there was anything to be cancelled.
    if (isToEnd_) askToEnd(connecting_);
}

void ClientAttempt::end() noexcept {
    Ref<ClientAttempt> self(this);
    isToEnd_ = true;
    if (connecting_) return askToEnd(connecting_);
    askToEnd(preparing_);
    lose();
}

void ClientAttempt::connected(const Result<Ref<IProtocol>>& result) {
    connecting_.reset();
    if (!result) {
        lose();  // an endpoint that gave up may have forgotten its connection
        return over(result.error());
    }
    if (lost_) return over(*lost_);
    if (!protocol_) return over(Failure::of<NoProtocol>());
    if (isToEnd_) return lose();  // it came about all the same
    Ref<ClientAttempt> self(this);
    Deferred<> preparing = machine_->prepare(protocol_);
    preparing_ = preparing;
    preparing.addBoth([self](const Result<void>& done) { self->prepared(done); });
}

// The end of a connection that is being closed is the end of the attempt.
void ClientAttempt::prepared(const Result<void>& result) {
    preparing_.reset();
    if (lost_) return over(*lost_);
    if (isToEnd_) return;
    if (result) return machine_->connected(*this);
    lose();
    over(result.error());
}

void ClientAttempt::lost(const Failure& reason) {
    Ref<ClientAttempt> self(this);
    transport_ = nullptr;
    lost_ = reason;
    if (connecting_) return;
    if (preparing_) return askToEnd(preparing_);
    over(reason);
}

void ClientAttempt::lose() {
    if (Ref<ITransport> transport = transport_) transport->loseConnection();
}

void ClientAttempt::over(const Failure& reason) {
    protocol_ = nullptr;
    if (Ref<ClientMachine> machine = std::move(machine_)) machine->ended(*this, reason);
}

}  // namespace wring::detail
