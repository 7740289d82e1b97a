#pragma once

#include <wring/net/detail/receiver.hpp>

namespace wring::detail {

/// A receiver that can be told to hold back, in the middle of a chunk as well. As a push producer
/// it can be registered with the consumer it writes to.
class WRING_API PausableReceiver : public Receiver, public IProducer {
 public:
    /// Nothing more is delivered; the transport reads no more, and what has come is kept.
    void pauseProducing() override;
    /// Delivers what was kept, before it returns; the transport reads again.
    void resumeProducing() override;
    /// Closes the connection; nothing more is delivered.
    void stopProducing() override;
    /// Whether it holds back.
    bool paused() const noexcept { return isPaused(); }
};

}  // namespace wring::detail
