#pragma once

#include <wring/net/detail/connection.hpp>
#include <wring/net/detail/write_queue.hpp>
#include <wring/net/factory.hpp>

#include <memory>
#include <optional>

namespace wring::detail {

/// Connects `protocol` to `socket`, whose peer the factory was told: makeConnection() has run when
/// this returns. What that throws is logged, and for a client thrown on, the connection being
/// aborted. `client` is the factory of a client, told to stop after connectionLost(); null for a
/// server's connection.
void connectTransport(Socket socket, const Address& peer, Ref<IProtocol> protocol,
                      Ref<IFactory> client = nullptr);

class DescriptorQueues;

/// The transport of a protocol over a connected socket.
class TransportConnection final : public ITransport, public Connection, public Pooled {
 public:
    TransportConnection(Socket socket, const Address& peer, Ref<IProtocol> protocol,
                        Ref<IFactory> client);
    ~TransportConnection() override;
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
    Address getPeer() const override { return peer_; }
    Address getHost() const override;
    void setTcpNoDelay(bool on) override;
    bool getTcpNoDelay() const override;
    void setTcpKeepAlive(bool on) override;
    bool getTcpKeepAlive() const override;
    std::size_t queuedBytes() const override { return queue_.size() + keptBytes(); }
    bool connected() const override { return protocol_ != nullptr; }
    bool disconnecting() const override { return isDisconnecting_; }
    Reactor& reactor() const override { return ReactorResource::reactor(); }
    void startTLS(const Ref<TLSContext>& context, bool normal) override;
    bool isSecure() const override { return layer() != nullptr; }
    Ref<Certificate> getPeerCertificate() const override;
    std::string negotiatedProtocol() const override;

    /// For descriptors; null unless this is a UNIX connection.
    DescriptorQueues* descriptorQueues();
    /// One more is to be sent.
    void descriptorQueued();
    bool mayWrite() const noexcept;
    /// Whether the protocol gets what comes, now or when it has been resumed.
    bool mayReceive() const noexcept { return !isDisconnecting_ && !reason_ && isOpen(); }

    void abortNow() noexcept override { abortConnection(); }
    void reactorStopping() noexcept override;

 private:
    void prepareReceive(wring::Operation& receive) noexcept override;
    void takeMessage(Completion& completion) noexcept override;
    void received(Bytes&& chunk) noexcept override;
    void readEnded(int error) noexcept override;
    void sent(int result) noexcept override;
    void connectionClosed() noexcept override;
    void failed(Failure failure) noexcept override;
    void secured() noexcept override;
    void turnEnded() noexcept override;

    bool isUnix() const noexcept;
    bool mayDeliver() const noexcept { return !isPaused_ && mayReceive(); }
    void deliver(Bytes&& chunk) noexcept;
    void tellData(BytesView data) noexcept;
    void deliverInbox() noexcept;
    void deliverEnd() noexcept;
    std::size_t sendAtOnce(std::span<const BytesView> parts, std::size_t bytes) noexcept;
    void flush() noexcept;
    void passDescriptor() noexcept;
    void descriptorPassed() noexcept;
    void drained() noexcept;
    bool mayClose() const noexcept;
    bool isUnsecured() const noexcept;
    void tell(void (IHalfCloseableProtocol::*event)()) noexcept;
    void lose(Failure reason, Ending ending) noexcept;

    Ref<TransportConnection> self_;  // until connectionLost
    Ref<IProtocol> protocol_;        //
    Ref<IFactory> client_;           //
    Address peer_;
    Address host_;  // once it closes; the kernel knows before
    WriteQueue queue_;
    Inbox inbox_;  // came while paused
    std::unique_ptr<DescriptorQueues> descriptors_;
    std::optional<Failure> reason_;
    int endError_ = 0;
    bool isPaused_ = false;
    bool isDisconnecting_ = false;
    bool isEndPending_ = false;
    bool isLosingWrite_ = false;
    bool isWriteShut_ = false;
};

}  // namespace wring::detail
