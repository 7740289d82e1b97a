#include <wring/endpoints/client_creator.hpp>

#include <wring/endpoints/reactor_ssl.hpp>
#include <wring/endpoints/reactor_tcp.hpp>
#include <wring/endpoints/reactor_unix.hpp>
#include <wring/runtime/reactor.hpp>

#include <utility>

namespace wring::detail {

namespace {

/// The factory of one protocol, which tells who waits for it in a later turn.
class InstanceFactory final : public ClientFactory {
 public:
    InstanceFactory(Reactor& reactor, Ref<IProtocol> protocol, Deferred<Ref<IProtocol>> told)
        : reactor_(reactor), protocol_(std::move(protocol)), told_(std::move(told)) {}

    Ref<IProtocol> buildProtocol(const Address&) override {
        tell(protocol_);
        return std::move(protocol_);
    }
    void clientConnectionFailed(IConnector&, const Failure& reason) override { tell(reason); }
    void forget() {
        if (telling_ && telling_->active()) telling_->cancel();
    }

 private:
    // With the call goes the Deferred, so that they leave no circle when the reactor stops.
    void tell(Result<Ref<IProtocol>> result) {
        if (!told_) return;
        auto call = [told = std::move(*told_), result = std::move(result)]() mutable {
            told.callback(std::move(result));
        };
        told_.reset();
        telling_ = reactor_.callLater(Duration::zero(), std::move(call));
    }

    Reactor& reactor_;
    Ref<IProtocol> protocol_;
    std::optional<Deferred<Ref<IProtocol>>> told_;
    Ref<IDelayedCall> telling_;
};

}  // namespace

Deferred<Ref<IProtocol>> connectInstance(Reactor& reactor, Ref<IProtocol> protocol,
                                         ConnectBy connect) {
    Deferred<Ref<IProtocol>> connected;
    auto factory = makeRef<InstanceFactory>(reactor, std::move(protocol), connected);
    Ref<IConnector> connector = connect(factory);
    connected.state()->setCanceller([connector, factory](DeferredBase&) {
        connector->disconnect();
        factory->forget();
    });
    return connected;
}

ConnectBy byTCP(Reactor& reactor, std::string host, std::uint16_t port, Duration timeout,
                std::optional<Address> bindAddress) {
    return [=, &reactor](Ref<ClientFactory> factory) {
        return connectTCP(reactor, host, port, std::move(factory), timeout, bindAddress);
    };
}

ConnectBy byUNIX(Reactor& reactor, std::string path, Duration timeout, bool checkPID) {
    return [=, &reactor](Ref<ClientFactory> factory) {
        return connectUNIX(reactor, path, std::move(factory), timeout, checkPID);
    };
}

ConnectBy bySSL(Reactor& reactor, std::string host, std::uint16_t port, Ref<TLSContext> context,
                Duration timeout, std::optional<Address> bindAddress) {
    return [=, &reactor](Ref<ClientFactory> factory) {
        return connectSSL(reactor, host, port, std::move(factory), context, timeout, bindAddress);
    };
}

}  // namespace wring::detail
