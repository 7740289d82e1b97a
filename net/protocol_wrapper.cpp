#include <wring/net/protocol_wrapper.hpp>

#include <wring/net/certificate.hpp>
#include <wring/net/wrapping_factory.hpp>

namespace wring {

ProtocolWrapper::ProtocolWrapper(WrappingFactory& factory, Ref<IProtocol> wrapped)
    : factory_(&factory), wrapped_(std::move(wrapped)) {}

ProtocolWrapper::~ProtocolWrapper() { factory_->forget(*this); }

void ProtocolWrapper::makeConnection(Ref<ITransport> transport) {
    transport_ = std::move(transport);
    wrapped_->makeConnection(Ref<ITransport>(this));
}

Ref<Certificate> ProtocolWrapper::getPeerCertificate() const {
    return transport_->getPeerCertificate();
}

void ProtocolWrapper::dataReceived(BytesView data) { wrapped_->dataReceived(data); }

void ProtocolWrapper::connectionLost(const Failure& reason) {
    factory_->forget(*this);
    Ref<IProtocol> wrapped = std::move(wrapped_);
    wrapped->connectionLost(reason);
}

}  // namespace wring
