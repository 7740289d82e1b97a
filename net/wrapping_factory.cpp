#include <wring/net/wrapping_factory.hpp>

#include <wring/net/detail/forwarding_protocol.hpp>

namespace wring {

/// The protocol that the real transport sees.
class ProtocolWrapper::End : public detail::ForwardingProtocol {
 public:
    End(Ref<IProtocol> wrapped, Ref<ProtocolWrapper> wrapper)
        : ForwardingProtocol(std::move(wrapped)), wrapper_(std::move(wrapper)) {}
    void makeConnection(Ref<ITransport> transport) override {
        wrapper_->makeConnection(std::move(transport));
    }
    void dataReceived(BytesView data) override { wrapper_->dataReceived(data); }

 private:
    void innerLost(const Failure& reason) override { wrapper_->connectionLost(reason); }
    Ref<ProtocolWrapper> wrapper_;
};

WrappingFactory::WrappingFactory(Ref<IFactory> wrapped) : wrapped_(std::move(wrapped)) {}
WrappingFactory::~WrappingFactory() = default;

void WrappingFactory::doStart() {
    wrapped_->doStart();
    ClientFactory::doStart();
}

void WrappingFactory::doStop() {
    wrapped_->doStop();
    ClientFactory::doStop();
}

ClientFactory* WrappingFactory::client() const noexcept {
    return dynamic_cast<ClientFactory*>(wrapped_.get());
}

void WrappingFactory::startedConnecting(IConnector& connector) {
    if (ClientFactory* told = client()) told->startedConnecting(connector);
}

void WrappingFactory::clientConnectionFailed(IConnector& connector, const Failure& reason) {
    if (ClientFactory* told = client()) told->clientConnectionFailed(connector, reason);
}

void WrappingFactory::clientConnectionLost(IConnector& connector, const Failure& reason) {
    if (ClientFactory* told = client()) told->clientConnectionLost(connector, reason);
}

Ref<IProtocol> WrappingFactory::buildProtocol(const Address& address) {
    return buildBy(*wrapped_, address);
}

Ref<IProtocol> WrappingFactory::buildBy(IFactory& factory, const Address& address) {
    Ref<IProtocol> protocol = factory.buildProtocol(address);
    if (!protocol) return nullptr;
    Ref<ProtocolWrapper> wrapper = wrap(protocol);
    wrapper->builtFor_ = address;
    remember(*wrapper);
    return detail::putBefore<ProtocolWrapper::End>(std::move(protocol), std::move(wrapper));
}

Ref<ProtocolWrapper> WrappingFactory::wrap(Ref<IProtocol> protocol) {
    return makeRef<ProtocolWrapper>(*this, std::move(protocol));
}

void WrappingFactory::remember(ProtocolWrapper& wrapper) {
    protocols_.push_back(&wrapper);
    wrapper.place_ = protocols_.size() - 1;
}

// The last one takes its place.
void WrappingFactory::forget(ProtocolWrapper& wrapper) {
    if (wrapper.place_ == ProtocolWrapper::noPlace) return;
    ProtocolWrapper* last = protocols_.back();
    last->place_ = wrapper.place_;
    protocols_[wrapper.place_] = last;
    protocols_.pop_back();
    wrapper.place_ = ProtocolWrapper::noPlace;
    forgotten(wrapper);
}

}  // namespace wring
