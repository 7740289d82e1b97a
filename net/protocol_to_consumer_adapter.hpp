#pragma once

#include <wring/net/protocol.hpp>

namespace wring {

/// A protocol as a consumer: what is written to it is what it receives, at once. It cannot hold
/// back, so a producer is not told anything.
///
/// Source    Twisted: protocol.ProtocolToConsumerAdapter.
class WRING_API ProtocolToConsumerAdapter final : public IConsumer {
 public:
    explicit ProtocolToConsumerAdapter(Ref<IProtocol> protocol) noexcept
        : protocol_(std::move(protocol)) {}

    void registerProducer(IProducer&, bool) override {}
    void unregisterProducer() override {}
    void write(BytesView bytes) override { protocol_->dataReceived(bytes); }

 private:
    Ref<IProtocol> protocol_;
};

}  // namespace wring
