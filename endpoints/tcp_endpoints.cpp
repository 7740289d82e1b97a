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

// From here on the factory is in use until the connection is lost, if there is going to be one.
Result<Ref<IProtocol>> connectProtocolTo(Socket socket, const Ref<IFactory>& factory) {
    Ref<IProtocol> protocol;
    try {
        protocol = factory->buildProtocol(socket.getPeer());
    } catch (...) {
        factory->doStop();
        return Failure::current();
    }
    if (!protocol) {
        factory->doStop();
        return Failure::of<NoProtocol>();
    }
    try {
        detail::connectTransport(std::move(socket), protocol, factory);
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
    if (socket) co_return connectProtocolTo(std::move(*socket), factory);
    factory->doStop();
    co_return socket.error();
}

Deferred<Stream> TCPClientEndpoint::connectAsStream(Reactor& reactor, ConnectOptions options) {
    auto socket = co_await outcome(attemptInTime(reactor, std::move(options)));
    if (!socket) co_return socket.error();
    co_return Stream(std::move(*socket));
}

}  // namespace wring
