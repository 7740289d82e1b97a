#pragma once

#include <wring/net/detail/byte_queue.hpp>
#include <wring/net/protocol.hpp>
#include <wring/runtime/operation.hpp>
#include <wring/runtime/reactor_resource.hpp>

#include <array>
#include <optional>

namespace wring::detail {

/// The transport of a protocol over two descriptors, with at most one read and one write in flight.
/// Keeps itself and the protocol until connectionLost().
class StandardIO final : public ITransport, public ReactorResource {
 public:
    StandardIO(Reactor& reactor, Ref<IProtocol> protocol, int input, int output);
    ~StandardIO() override;
    void begin();

    using ITransport::write;
    void write(BytesView bytes) override;
    void writeSequence(std::span<const BytesView> parts) override;
    void loseConnection() override;
    void abortConnection() override;
    void loseWriteConnection() override;
    void registerProducer(IProducer& producer, bool streaming) override;
    void unregisterProducer() override;
    void pauseProducing() override;
    void resumeProducing() override;
    Address getPeer() const override { return {}; }
    Address getHost() const override { return {}; }
    void setTcpNoDelay(bool) override {}
    bool getTcpNoDelay() const override { return false; }
    void setTcpKeepAlive(bool) override {}
    bool getTcpKeepAlive() const override { return false; }
    std::size_t queuedBytes() const override { return pending_.size() + sending_.size(); }
    bool connected() const override { return protocol_.get() != nullptr; }
    bool disconnecting() const override { return isDisconnecting_; }
    Reactor& reactor() const override { return ReactorResource::reactor(); }
    void reactorStopping() noexcept override;
    void turnEnded() noexcept override;

 private:
    struct Request : Operation {
        Request(Handler handler, StandardIO& transport) noexcept
            : Operation(handler), owner(transport) {}
        StandardIO& owner;
    };
    static void onRead(Operation& operation, Completion& completion) noexcept;
    static void onWritten(Operation& operation, Completion& completion) noexcept;
    bool mayWrite() const noexcept;
    bool mayRead() const noexcept;
    void checkHighWater();
    void startReading() noexcept;
    void deliver() noexcept;
    void inputEnded(int error) noexcept;
    void outputEnded(int error) noexcept;
    void startWriting() noexcept;
    void drained() noexcept;
    void tell(void (IHalfCloseableProtocol::*event)()) noexcept;
    void lose(Failure reason) noexcept;
    void finish() noexcept;
    void stopProducer() noexcept;

    Ref<StandardIO> self_;
    Ref<IProtocol> protocol_;
    int input_;
    int output_;
    Request read_;
    Request write_;
    std::array<std::byte, 8192> room_;
    std::size_t held_ = 0;  // bytes in room_ that were read and not delivered
    ByteQueue pending_;
    Bytes sending_;
    IProducer* producer_ = nullptr;
    std::optional<Failure> reason_;
    bool isStreaming_ = false;
    bool isProducerPaused_ = false;
    bool isPaused_ = false;
    bool isDisconnecting_ = false;
    bool isLosingWrite_ = false;
    bool isInputOver_ = false;
    bool isOutputOver_ = false;
};

}  // namespace wring::detail
