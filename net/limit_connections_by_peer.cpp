#include <wring/net/limit_connections_by_peer.hpp>

namespace wring {

LimitConnectionsByPeer::LimitConnectionsByPeer(Ref<IFactory> wrapped,
                                               std::size_t maxConnectionsPerPeer)
    : WrappingFactory(std::move(wrapped)), maxConnectionsPerPeer_(maxConnectionsPerPeer) {}

std::size_t LimitConnectionsByPeer::connectionsFrom(const std::string& host) const {
    auto found = counts_.find(host);
    return found == counts_.end() ? 0 : found->second;
}

Ref<IProtocol> LimitConnectionsByPeer::buildProtocol(const Address& address) {
    std::string host = address.host();
    if (connectionsFrom(host) >= maxConnectionsPerPeer_) return nullptr;
    Ref<IProtocol> protocol = WrappingFactory::buildProtocol(address);
    if (protocol) ++counts_[std::move(host)];
    return protocol;
}

void LimitConnectionsByPeer::forgotten(ProtocolWrapper& wrapper) {
    auto found = counts_.find(wrapper.builtFor().host());
    if (found != counts_.end() && --found->second == 0) counts_.erase(found);
}

}  // namespace wring
