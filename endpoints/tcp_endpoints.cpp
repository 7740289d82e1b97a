#include <wring/endpoints/tcp_endpoints.hpp>

#include <wring/deferred/timeout.hpp>
#include <wring/net/connect.hpp>
#include <wring/net/detail/transport_connection.hpp>
#include <wring/net/resolve.hpp>
#include <wring/runtime/reactor.hpp>

#include <sys/socket.h>

namespace wring {

TCPServerEndpoint::TCPServerEndpoint(Reactor& reactor, ListenOptions options)
    : reactor_(reactor), options_(std::move(options)) {}

Deferred<Ref<IListeningPort>> TCPServerEndpoint::listen(Ref<IFactory> factory) {
    try {
        return succeed(listenTCP(reactor_, options_, std::move(factory)));
    } catch (...) {
        return fail<Ref<IListeningPort>>(Failure::current());
    }
}

TCPClientEndpoint::TCPClientEndpoint(Reactor& reactor, ConnectOptions options)
    : reactor_(reactor), options_(std::move(options)) {}

Deferred<Ref<IProtocol>> TCPClientEndpoint::connect(Ref<IFactory> factory) {
    return connectFactory(reactor_, options_, std::move(factory));
}

Deferred<Stream> TCPClientEndpoint::connectStream() { return connectAsStream(reactor_, options_); }

Task<Socket> TCPClientEndpoint::attempt(Reactor& reactor, ConnectOptions options) {
    auto found = co_await outcome(resolveHost(reactor, options.host, options.port, AF_INET));
    if (!found) co_return found.error();
    co_return co_await outcome(connectSocket(reactor, found->front(), options.bindAddress));
}

// Gives the errors of an attempt the names that connecting has for them.
Task<Socket> TCPClientEndpoint::attemptInTime(Reactor& reactor, ConnectOptions options) {
    std::string destination = options.host + ":" + std::to_string(options.port);
    auto socket = co_await outcome(
        withTimeout(options.timeout, attempt(reactor, options), reactor));
    if (!socket && socket.error().check<TimeoutError>()) {
        co_return Failure(TimeoutError(0, "connect", "User timeout caused connection failure: " +
                                                         destination));
    }
    if (!socket && socket.error().check<CancelledError>()) {
        co_return Failure(ConnectingCancelledError(0, "connect", destination));
    }
    co_return socket;
}

namespace {

constexpr Duration shutdownLimit = std::chrono::seconds(10);

Task<> waitLost(Ref<IProtocol> protocol) { co_await protocol->lost().wait(); }

// The factory is in use until the connection it served is lost. A stopping reactor cancels this
// as it does any work, and loses the connection soon after: the shield keeps that order.
Deferred<> stopWhenLost(Reactor& reactor, Ref<IProtocol> protocol, Ref<IFactory> factory) {
    auto ended = co_await outcome(shield(shutdownLimit, waitLost(std::move(protocol)), reactor));
    factory->doStop();
}

Result<Ref<IProtocol>> connectProtocolTo(Socket socket, IFactory& factory) {
    try {
        Ref<IProtocol> protocol = factory.buildProtocol(socket.getPeer());
        if (!protocol) return Failure::of<NoProtocol>();
        detail::connectTransport(std::move(socket), protocol, true);
        return protocol;
    } catch (...) {
        return Failure::current();
    }
}

}  // namespace

Deferred<Ref<IProtocol>> TCPClientEndpoint::connectFactory(Reactor& reactor, ConnectOptions options,
                                                           Ref<IFactory> factory) {
    factory->doStart();
    auto socket = co_await outcome(attemptInTime(reactor, std::move(options)));
    Result<Ref<IProtocol>> protocol = Failure::of<NoProtocol>();
    if (socket) {
        protocol = connectProtocolTo(std::move(*socket), *factory);
    } else {
        protocol = socket.error();
    }
    if (protocol) {
        stopWhenLost(reactor, *protocol, factory);
    } else {
        factory->doStop();
    }
    co_return protocol;
}

Deferred<Stream> TCPClientEndpoint::connectAsStream(Reactor& reactor, ConnectOptions options) {
    auto socket = co_await outcome(attemptInTime(reactor, std::move(options)));
    if (!socket) co_return socket.error();
    co_return Stream(std::move(*socket));
}

}  // namespace wring
