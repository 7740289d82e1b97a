#pragma once

#include <wring/net/detail/session.hpp>
#include <wring/net/protocol.hpp>
#include <wring/net/socket.hpp>
#include <wring/net/stream.hpp>

#include <concepts>
#include <tuple>
#include <utility>

namespace wring {

class IConnector;

/// Makes what serves connections, and outlives them. One factory may serve several ports.
///
/// Source    Twisted: IProtocolFactory.
class WRING_API IFactory : public RefCounted {
 public:
    /// A port or connector begins, or stops, to use it.
    virtual void doStart() = 0;
    virtual void doStop() = 0;
    /// The protocol for a connection from `address`; null refuses the connection.
    virtual Ref<IProtocol> buildProtocol(const Address& address) = 0;
    /// Serves an accepted connection: builds a protocol and connects it. Coroutine style differs.
    virtual void connectionAccepted(Socket socket) noexcept;
};

/// Counts its users: startFactory() with the first, stopFactory() with the last.
///
/// Source    Twisted: protocol.Factory.
class WRING_API Factory : public IFactory {
 public:
    void doStart() override;
    void doStop() override;
    /// The first port begins to use it.
    virtual void startFactory() {}
    /// The last port has stopped using it.
    virtual void stopFactory() {}
    /// How many ports and connectors use it.
    int numPorts() const noexcept { return numPorts_; }

 private:
    int numPorts_ = 0;
};

/// A factory for listening ports. Twisted: protocol.ServerFactory.
class WRING_API ServerFactory : public Factory {};

/// A factory for connections that a connector makes, which tells it of each step. An endpoint's
/// connect() tells nothing of this: there the Deferred says it all.
///
/// Errors    what the two last ones throw is logged.
/// Source    Twisted: protocol.ClientFactory.
class WRING_API ClientFactory : public Factory {
 public:
    /// An attempt has begun; it may be given up in here.
    virtual void startedConnecting(IConnector&) {}
    /// An attempt has failed; connect() may be called in here.
    virtual void clientConnectionFailed(IConnector&, const Failure&) {}
    /// A connection is lost, its protocol knows; connect() may be called in here.
    virtual void clientConnectionLost(IConnector&, const Failure&) {}
};

namespace detail {

template <class P, class Base, class... Args>
class ProtocolFactory final : public Base {
 public:
    explicit ProtocolFactory(Args... args) : args_(std::move(args)...) {}
    Ref<IProtocol> buildProtocol(const Address&) override {
        Ref<P> protocol =
            std::apply([](const Args&... args) { return makeRef<P>(args...); }, args_);
        if constexpr (std::derived_from<P, Protocol>) protocol->setFactory(this);
        return protocol;
    }

 private:
    std::tuple<Args...> args_;
};

/// Serves each connection by a coroutine in place of a protocol.
template <class F, class... Args>
class StreamFactory final : public Factory {
 public:
    explicit StreamFactory(F function, Args... args)
        : function_(std::move(function)), args_(std::move(args)...) {}
    Ref<IProtocol> buildProtocol(const Address&) override { return nullptr; }
    void connectionAccepted(Socket socket) noexcept override {
        try {
            std::apply(
                [&](const Args&... args) {
                    runSession(function_, Stream(std::move(socket)), args...);
                },
                args_);
        } catch (...) {
            reportSession(Failure::current());
        }
    }

 private:
    F function_;
    std::tuple<Args...> args_;
};

}  // namespace detail

/// A factory that builds a P(args…) for each connection. Twisted: Factory.forProtocol.
template <class P, class... Args>
Ref<IFactory> factory(Args... args) {
    return makeRef<detail::ProtocolFactory<P, Factory, Args...>>(std::move(args)...);
}

/// The same for a connector.
template <class P, class... Args>
Ref<ClientFactory> clientFactory(Args... args) {
    return makeRef<detail::ProtocolFactory<P, ClientFactory, Args...>>(std::move(args)...);
}

/// A factory that runs function(stream, args…), a Task, for each connection. A failure of it that
/// is not just the end of the connection is logged.
template <class F, class... Args>
Ref<IFactory> serve(F function, Args... args) {
    return makeRef<detail::StreamFactory<F, Args...>>(std::move(function), std::move(args)...);
}

}  // namespace wring
