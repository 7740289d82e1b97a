#pragma once

#include <wring/net/address.hpp>
#include <wring/runtime/bytes.hpp>
#include <wring/runtime/ref.hpp>

#include <span>
#include <string>
#include <string_view>

namespace wring {

class Certificate;
class Reactor;
class TLSContext;

/// Something that writes to a consumer and can be told to hold back. A pull producer gets
/// resumeProducing() and stopProducing() only.
///
/// Source    Twisted: IPushProducer, IPullProducer.
class WRING_API IProducer {
 public:
    virtual ~IProducer() = default;
    /// Too much is queued: write no more for now. May come again while paused.
    virtual void pauseProducing() {}
    /// Write again; a pull producer writes one piece.
    virtual void resumeProducing() = 0;
    /// Nobody will take anything any more.
    virtual void stopProducing() = 0;
};

/// Something that is written to and feels when too much is queued.
///
/// Source    Twisted: IConsumer.
class WRING_API IConsumer {
 public:
    virtual ~IConsumer() = default;
    /// Makes `producer` the one that is paused and resumed; a `streaming` one is a push producer.
    /// It is borrowed until it is unregistered or stopped. Throws UsageError if there is one.
    virtual void registerProducer(IProducer& producer, bool streaming) = 0;
    /// The producer is done; no effect without one.
    virtual void unregisterProducer() = 0;
    /// Takes the bytes over.
    virtual void write(BytesView bytes) = 0;
};

/// One established connection as its protocol sees it.
///
/// Thread    its reactor's. No member blocks, and none calls connectionLost() before it returns.
/// Source    Twisted: ITransport, ITCPTransport, IHalfCloseableDescriptor.
class WRING_API ITransport : public RefCounted, public IConsumer {
 public:
    /// Queues a copy; what is queued in one turn is sent together at its end. With nothing queued,
    /// 16 KiB and more are given to the kernel now, as far as it takes them. Ignored once the
    /// connection is lost, or closing with nothing registered, or shut for writing. Errors:
    /// std::bad_alloc, behind which the connection is aborted if a part has gone.
    void write(BytesView bytes) override = 0;
    void write(std::string_view text) { write(asBytes(text)); }
    /// Queues the parts in order.
    virtual void writeSequence(std::span<const BytesView> parts) = 0;
    /// Closes when everything queued is sent; reading stops at once.
    virtual void loseConnection() = 0;
    /// Closes now: what is queued is gone and the peer sees a reset.
    virtual void abortConnection() = 0;
    /// Shuts the sending side when everything queued is sent; reading goes on.
    virtual void loseWriteConnection() = 0;
    /// Stops and restarts dataReceived(); the peer feels it when its buffers are full.
    virtual void pauseProducing() = 0;
    virtual void resumeProducing() = 0;
    /// The other end and this one; known even after the connection is lost.
    virtual Address getPeer() const = 0;
    virtual Address getHost() const = 0;
    /// Nagle's algorithm off (true) or on; keep-alive probes on or off.
    virtual void setTcpNoDelay(bool on) = 0;
    virtual bool getTcpNoDelay() const = 0;
    virtual void setTcpKeepAlive(bool on) = 0;
    virtual bool getTcpKeepAlive() const = 0;
    /// Bytes that wait to be taken by the kernel.
    virtual std::size_t queuedBytes() const = 0;
    /// Until connectionLost(); from loseConnection() or abortConnection() on.
    virtual bool connected() const = 0;
    virtual bool disconnecting() const = 0;
    /// Where everything happens.
    virtual Reactor& reactor() const = 0;

    /// Secures the connection in place: what was written before goes out in clear first, what is
    /// written from now on when the handshake is done. A client's connection acts as TLS client
    /// and a server's as server, the other way round unless `normal`.
    ///
    /// Errors    ClearBytesError when bytes have come that were not delivered, UsageError where
    ///           there can be no TLS. What goes wrong later is the reason of connectionLost().
    /// Source    Twisted: ITLSTransport.startTLS.
    virtual void startTLS(const Ref<TLSContext>& context, bool normal = true);
    /// Whether startTLS() was called, or the connection was secured from the beginning.
    virtual bool isSecure() const { return false; }
    /// Null if the peer has shown none. Twisted: ISSLTransport.
    virtual Ref<Certificate> getPeerCertificate() const;
    /// By ALPN; empty: none, or the handshake is not done. Twisted: INegotiated.
    virtual std::string negotiatedProtocol() const { return {}; }
};

}  // namespace wring
