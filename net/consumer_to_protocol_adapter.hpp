#pragma once

#include <wring/net/protocol.hpp>

namespace wring {

/// A consumer as a protocol: what it receives is written to the consumer. How full that is is not
/// told to the connection.
///
/// Lifetime  the consumer stays until the connection is lost.
/// Source    Twisted: protocol.ConsumerToProtocolAdapter.
class WRING_API ConsumerToProtocolAdapter final : public Protocol {
 public:
    explicit ConsumerToProtocolAdapter(IConsumer& consumer) noexcept : consumer_(consumer) {}

    void dataReceived(BytesView data) override { consumer_.write(data); }

 private:
    IConsumer& consumer_;
};

}  // namespace wring
