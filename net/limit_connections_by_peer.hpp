#pragma once

#include <wring/net/wrapping_factory.hpp>

#include <cstddef>
#include <string>
#include <unordered_map>

namespace wring {

/// Serves a limited number of connections from each host at the same time, and closes those over
/// the limit at once. Peers without a host's address count as one.
///
/// Source    Twisted: protocols.policies.LimitConnectionsByPeer, whose way to tell hosts apart
///           works for no address of today.
class WRING_API LimitConnectionsByPeer : public WrappingFactory {
 public:
    explicit LimitConnectionsByPeer(Ref<IFactory> wrapped, std::size_t maxConnectionsPerPeer = 5);

    Ref<IProtocol> buildProtocol(const Address& address) override;

    /// How many connections from that host there are.
    std::size_t connectionsFrom(const std::string& host) const;

 protected:
    void forgotten(ProtocolWrapper& wrapper) override;

 private:
    std::size_t maxConnectionsPerPeer_;
    std::unordered_map<std::string, std::size_t> counts_;
};

}  // namespace wring
