#include <wring/endpoints/port_forward.hpp>

#include <wring/endpoints/detail/proxy.hpp>
#include <wring/endpoints/hostname_endpoint.hpp>

namespace wring {

ProxyFactory::ProxyFactory(Ref<IStreamClientEndpoint> target) : target_(std::move(target)) {}

ProxyFactory::ProxyFactory(Reactor& reactor, std::string host, std::uint16_t port)
    : ProxyFactory(makeRef<HostnameEndpoint>(reactor, ConnectOptions(std::move(host), port))) {}

ProxyFactory::~ProxyFactory() = default;

Ref<IProtocol> ProxyFactory::buildProtocol(const Address&) {
    auto protocol = makeRef<detail::ProxyServer>(target_);
    protocol->setFactory(this);
    return protocol;
}

}  // namespace wring
