#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/net/factory.hpp>
#include <wring/runtime/time.hpp>

namespace wring {

/// A port that listens, or did.
///
/// A handle can be awaited until it has stopped listening: `co_await port`.
/// Source    Twisted: IListeningPort.
class WRING_API IListeningPort : public RefCounted {
 public:
    /// Where it listens; with port 0 asked for, the one the kernel chose.
    virtual Address getHost() const = 0;
    /// Listens again after stopListening() has fired, at the same place; no effect while it listens.
    /// Throws CannotListenError, and UsageError while a stop is under way.
    virtual void startListening() = 0;
    /// Refuses new connections at once; fires in a later turn, when the descriptor is closed and the
    /// factory was told. Connections that were accepted go on. Fires at once if it does not listen.
    virtual Deferred<> stopListening() = 0;
    /// stopListening(), then waits until the accepted connections have ended, at most for `limit`;
    /// what is left is aborted then, and also when this is cancelled. Twisted has no counterpart.
    virtual Deferred<> drain(Duration limit) = 0;
    /// How many of the accepted connections are open.
    virtual std::size_t connections() const = 0;
    /// Set while it does not listen.
    virtual Event& stopped() noexcept = 0;
};

/// Waits until that port has stopped listening.
inline Event::Awaiter operator co_await(const Ref<IListeningPort>& port) noexcept {
    return port->stopped().wait();
}

/// Something that can be listened on, not yet listening.
///
/// Source    Twisted: IStreamServerEndpoint.
class WRING_API IStreamServerEndpoint : public RefCounted {
 public:
    /// Listens; each connection is served by what `factory` makes of it. Fails with
    /// CannotListenError; nothing stays open then.
    virtual Deferred<Ref<IListeningPort>> listen(Ref<IFactory> factory) = 0;
};

/// Something that can be connected to, not yet connected.
///
/// Source    Twisted: IStreamClientEndpoint.
class WRING_API IStreamClientEndpoint : public RefCounted {
 public:
    /// Makes one attempt and gives the protocol that `factory` built, once its connectionMade()
    /// has run and before any data.
    ///
    /// Errors    ConnectError and its subclasses, DNSLookupError, TimeoutError after the endpoint's
    ///           own time-out, NoProtocol, or what buildProtocol() or connectionMade() threw.
    /// Cancel    fails with ConnectingCancelledError naming the destination; nothing stays open.
    virtual Deferred<Ref<IProtocol>> connect(Ref<IFactory> factory) = 0;
    /// Makes one attempt and gives the stream, for coroutine style. Errors and cancellation alike.
    virtual Deferred<Stream> connectStream() = 0;
};

}  // namespace wring
