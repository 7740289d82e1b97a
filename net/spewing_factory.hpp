#pragma once

#include <wring/net/wrapping_factory.hpp>

namespace wring {

/// Logs what goes over each connection, as information: "Received: 'DATA'", "Sending: 'DATA'".
///
/// Source    Twisted: protocols.policies.SpewingFactory, SpewingProtocol.
class WRING_API SpewingFactory : public WrappingFactory {
 public:
    using WrappingFactory::WrappingFactory;

 protected:
    Ref<ProtocolWrapper> wrap(Ref<IProtocol> protocol) override;

 private:
    class Spewing;
};

}  // namespace wring
