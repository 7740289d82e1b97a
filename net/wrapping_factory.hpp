#pragma once

#include <wring/net/factory.hpp>
#include <wring/net/protocol_wrapper.hpp>

#include <vector>

namespace wring {

/// Serves connections by the protocols of another factory, each of them wrapped. As it stands it
/// changes nothing; policies derive from it. It can be used wherever the other one could, for
/// ports, endpoints and connectors, and wrap another policy.
///
/// Shape     the other factory builds protocols; one that serves coroutines refuses all here.
/// Source    Twisted: protocols.policies.WrappingFactory.
class WRING_API WrappingFactory : public ClientFactory {
 public:
    /// Puts wrappers around what `wrapped` builds.
    explicit WrappingFactory(Ref<IFactory> wrapped);
    ~WrappingFactory() override;

    /// Handed on to the wrapped factory, as far as it has them.
    void doStart() override;
    void doStop() override;
    void startedConnecting(IConnector& connector) override;
    void clientConnectionFailed(IConnector& connector, const Failure& reason) override;
    void clientConnectionLost(IConnector& connector, const Failure& reason) override;

    /// The wrapped factory's protocol, wrapped; null if that refuses.
    Ref<IProtocol> buildProtocol(const Address& address) override;

    /// Whose protocols these are.
    IFactory& wrappedFactory() const noexcept { return *wrapped_; }
    /// The wrappers of connections that are not lost, in no order.
    const std::vector<ProtocolWrapper*>& protocols() const noexcept { return protocols_; }

 protected:
    /// Makes the wrapper of one protocol; a policy makes one of its own.
    virtual Ref<ProtocolWrapper> wrap(Ref<IProtocol> protocol);
    /// A wrapper is one of `protocols()` no more.
    virtual void forgotten(ProtocolWrapper&) {}
    /// What buildProtocol() does, with the protocols of `factory`.
    Ref<IProtocol> buildBy(IFactory& factory, const Address& address);

 private:
    friend class ProtocolWrapper;
    void remember(ProtocolWrapper& wrapper);
    void forget(ProtocolWrapper& wrapper);
    ClientFactory* client() const noexcept;

    Ref<IFactory> wrapped_;
    std::vector<ProtocolWrapper*> protocols_;
};

}  // namespace wring
