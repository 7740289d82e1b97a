#pragma once

#include <wring/net/protocol.hpp>

#include <cstddef>
#include <limits>

namespace wring {

class WrappingFactory;

/// Stands between a transport and the protocol of a WrappingFactory, and is the transport that the
/// protocol sees. It hands everything on in both directions; a derived class overrides what it
/// wants to see or change, and calls the function it overrides.
///
/// Lifetime  keeps the wrapped protocol until the connection is lost, its factory as long as
/// itself. Source    Twisted: protocols.policies.ProtocolWrapper.
class WRING_API ProtocolWrapper : public ITransport {
 public:
    /// Wraps `wrapped`, built by the wrapped factory of `factory`.
    ProtocolWrapper(WrappingFactory& factory, Ref<IProtocol> wrapped);
    ~ProtocolWrapper() override;

    /// Events, on their way to the wrapped protocol; in connectionLost() the factory has already
    /// forgotten it. The half-closes and handshakeCompleted() go past it.
    virtual void makeConnection(Ref<ITransport> transport);
    virtual void dataReceived(BytesView data);
    virtual void connectionLost(const Failure& reason);

    using ITransport::write;
    void write(BytesView bytes) override { transport_->write(bytes); }
    void writeSequence(std::span<const BytesView> parts) override {
        transport_->writeSequence(parts);
    }
    void loseConnection() override { transport_->loseConnection(); }
    void abortConnection() override { transport_->abortConnection(); }
    void loseWriteConnection() override { transport_->loseWriteConnection(); }
    void registerProducer(IProducer& producer, bool streaming) override {
        transport_->registerProducer(producer, streaming);
    }
    void unregisterProducer() override { transport_->unregisterProducer(); }
    void pauseProducing() override { transport_->pauseProducing(); }
    void resumeProducing() override { transport_->resumeProducing(); }
    Address getPeer() const override { return transport_->getPeer(); }
    Address getHost() const override { return transport_->getHost(); }
    void setTcpNoDelay(bool on) override { transport_->setTcpNoDelay(on); }
    bool getTcpNoDelay() const override { return transport_->getTcpNoDelay(); }
    void setTcpKeepAlive(bool on) override { transport_->setTcpKeepAlive(on); }
    bool getTcpKeepAlive() const override { return transport_->getTcpKeepAlive(); }
    std::size_t queuedBytes() const override { return transport_->queuedBytes(); }
    bool connected() const override { return transport_ && transport_->connected(); }
    bool disconnecting() const override { return transport_->disconnecting(); }
    Reactor& reactor() const override { return transport_->reactor(); }
    void startTLS(const Ref<TLSContext>& context, bool normal = true) override {
        transport_->startTLS(context, normal);
    }
    bool isSecure() const override { return transport_->isSecure(); }
    Ref<Certificate> getPeerCertificate() const override;
    std::string negotiatedProtocol() const override { return transport_->negotiatedProtocol(); }

    /// The transport behind it; there is one from makeConnection() on, even after the loss.
    ITransport& transport() const noexcept { return *transport_; }
    /// The protocol before it; null once the connection is lost.
    IProtocol* wrappedProtocol() const noexcept { return wrapped_.get(); }
    /// Who made it.
    WrappingFactory& factory() const noexcept { return *factory_; }
    /// The other end as it was when the protocol was built.
    const Address& builtFor() const noexcept { return builtFor_; }

 private:
    friend class WrappingFactory;
    class End;
    static constexpr std::size_t noPlace = std::numeric_limits<std::size_t>::max();

    Ref<WrappingFactory> factory_;
    Ref<IProtocol> wrapped_;
    Ref<ITransport> transport_;
    Address builtFor_;
    std::size_t place_ = noPlace;  // among the factory's protocols
};

}  // namespace wring
