#pragma once

#include <wring/net/detail/pipe_reader.hpp>
#include <wring/net/detail/pipe_writer.hpp>
#include <wring/net/protocol.hpp>
#include <wring/runtime/reactor_resource.hpp>

#include <optional>

namespace wring::detail {

/// The transport of a protocol over two descriptors, with at most one read and one write in flight.
/// Keeps itself and the protocol until connectionLost().
class StandardIO final : public ITransport, public ReactorResource, private PipeOwner {
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
    std::size_t queuedBytes() const override { return output_.queue().size(); }
    bool connected() const override { return protocol_.get() != nullptr; }
    bool disconnecting() const override { return isDisconnecting_; }
    Reactor& reactor() const override { return ReactorResource::reactor(); }
    void reactorStopping() noexcept override;
    void turnEnded() noexcept override;

 private:
    void pipeRead(PipeReader&) noexcept override;
    void pipeWritten(PipeWriter&) noexcept override;
    bool mayWrite() const noexcept;
    bool mayRead() const noexcept;
    void deliver() noexcept;
    void inputEnded(int error) noexcept;
    void outputEnded(int error) noexcept;
    void drained() noexcept;
    void tell(void (IHalfCloseableProtocol::*event)()) noexcept;
    void lose(Failure reason) noexcept;
    void finish() noexcept;

    Ref<StandardIO> self_;
    Ref<IProtocol> protocol_;
    PipeReader input_;
    PipeWriter output_;
    std::optional<Failure> reason_;
    bool isPaused_ = false;
    bool isDisconnecting_ = false;
    bool isLosingWrite_ = false;
    bool isInputEndTold_ = false;
};

}  // namespace wring::detail
