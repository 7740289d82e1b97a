#pragma once

#include <wring/endpoints/interfaces.hpp>

#include <string>

namespace wring {

/// Serves each connection by one of its own to somewhere else, and copies what comes from either
/// to the other. Nothing is read before there is somebody to give it to; a side that takes nothing
/// keeps the other from sending more. When one is lost the other is closed in order, after what is
/// queued for it; when no connection can be made, the accepted one is closed.
///
/// When one side only finishes sending, the other is told just that, so that answers still come
/// through; Twisted closes both.
/// Source    Twisted: protocols.portforward.ProxyFactory.
class WRING_API ProxyFactory final : public Factory {
 public:
    /// Forwards to wherever `target` connects.
    explicit ProxyFactory(Ref<IStreamClientEndpoint> target);
    /// Forwards to a TCP port, of the first of the host's addresses that answers.
    ProxyFactory(Reactor& reactor, std::string host, std::uint16_t port);
    ~ProxyFactory() override;

    /// Begins with the connection to the target when the accepted one is made.
    Ref<IProtocol> buildProtocol(const Address& address) override;

 private:
    Ref<IStreamClientEndpoint> target_;
};

}  // namespace wring
