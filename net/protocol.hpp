#pragma once

#include <wring/deferred/event.hpp>
#include <wring/net/errors.hpp>
#include <wring/net/transport.hpp>

namespace wring {

class IFactory;

/// What a connection talks to: events in this order, one at a time. makeConnection(), which calls
/// connectionMade(); dataReceived() any number of times; connectionLost() once, last.
///
/// A handle can be awaited until the connection is lost: `co_await protocol`.
/// Errors    what dataReceived() throws is logged, and the connection is lost with it.
/// Lifetime  the transport keeps it until connectionLost() has returned.
/// Source    Twisted: IProtocol.
class WRING_API IProtocol : public RefCounted {
 public:
    /// The connection is there; wring calls it once.
    virtual void makeConnection(Ref<ITransport> transport) = 0;
    /// Bytes came; they are lent for the length of the call. Chunk boundaries mean nothing.
    virtual void dataReceived(BytesView data) = 0;
    /// The connection is over: ConnectionDone if in order, else what happened.
    virtual void connectionLost(const Failure& reason) = 0;

    /// Set when connectionLost() has returned.
    Event& lost() noexcept { return lost_; }

 private:
    Event lost_;
};

/// Waits until the connection of that protocol is lost.
inline Event::Awaiter operator co_await(const Ref<IProtocol>& protocol) noexcept {
    return protocol->lost().wait();
}

/// A protocol that also lives with one direction shut.
///
/// Source    Twisted: IHalfCloseableProtocol.
class WRING_API IHalfCloseableProtocol {
 public:
    virtual ~IHalfCloseableProtocol() = default;
    /// The peer sends nothing more; writing goes on until loseConnection().
    virtual void readConnectionLost() = 0;
    /// loseWriteConnection() has been carried out.
    virtual void writeConnectionLost() = 0;
};

/// A protocol that wants to know when its connection has been secured.
///
/// Source    Twisted: IHandshakeListener.
class WRING_API IHandshakeListener {
 public:
    virtual ~IHandshakeListener() = default;
    /// The peer's certificate is known now. Called before anything that was written meanwhile is
    /// sent, and after connectionMade(). After an abortConnection() in here nothing is.
    virtual void handshakeCompleted() = 0;
};

/// The base most protocols start from: override what matters.
///
/// Source    Twisted: protocol.Protocol.
class WRING_API Protocol : public IProtocol {
 public:
    void makeConnection(Ref<ITransport> transport) override;
    /// The connection is ready for use.
    virtual void connectionMade() {}
    void dataReceived(BytesView) override {}
    void connectionLost(const Failure&) override {}

    /// Whether the connection has been made and not lost.
    bool connected() const noexcept { return transport_ && transport_->connected(); }
    /// The connection; there is one from connectionMade() on, even after it is lost.
    ITransport& transport() const noexcept { return *transport_; }
    /// Who built this protocol, if it was a factory; null for connectProtocol().
    IFactory* factory() const noexcept { return factory_; }
    void setFactory(IFactory* factory) noexcept { factory_ = factory; }

 private:
    Ref<ITransport> transport_;
    IFactory* factory_ = nullptr;
};

}  // namespace wring
