#include <wring/net/detail/forwarding_protocol.hpp>

#include <wring/runtime/log.hpp>

namespace wring::detail {

void ForwardingProtocol::makeConnection(Ref<ITransport> transport) {
    inner_->makeConnection(std::move(transport));
}

void ForwardingProtocol::handshakeCompleted() {
    Ref<IProtocol> inner = inner_;
    if (auto* told = dynamic_cast<IHandshakeListener*>(inner.get())) told->handshakeCompleted();
}

void ForwardingProtocol::connectionLost(const Failure& reason) {
    Ref<IProtocol> inner = inner_;
    try {
        innerLost(reason);
    } catch (...) {
        log(LogLevel::error,
            "protocol: connectionLost threw: " + Failure::current().getErrorMessage());
    }
    afterLost(reason);
    inner->lost().set();
}

}  // namespace wring::detail
