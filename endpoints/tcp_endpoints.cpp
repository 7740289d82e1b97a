#include <wring/endpoints/tcp_endpoints.hpp>

#include <wring/endpoints/detail/attempt.hpp>
#include <wring/net/connect.hpp>
#include <wring/net/resolve.hpp>
#include <wring/runtime/outcome.hpp>
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
    return detail::connectFactory(socket(), std::move(factory));
}

Deferred<Stream> TCPClientEndpoint::connectStream() { return detail::connectAsStream(socket()); }

Task<Socket> TCPClientEndpoint::socket() const {
    return detail::attemptInTime(reactor_, attempt(reactor_, options_), options_.timeout,
                                 options_.host + ":" + std::to_string(options_.port));
}

Task<Socket> TCPClientEndpoint::attempt(Reactor& reactor, ConnectOptions options) {
    auto found = co_await outcome(resolveHost(reactor, options.host, options.port, AF_INET));
    if (!found) co_return found.error();
    co_return co_await outcome(connectSocket(reactor, found->front(), options.bindAddress));
}

}  // namespace wring
