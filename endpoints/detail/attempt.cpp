#include <wring/endpoints/detail/attempt.hpp>

#include <wring/deferred/timeout.hpp>
#include <wring/net/detail/transport_connection.hpp>
#include <wring/runtime/reactor.hpp>

namespace wring::detail {

Task<Socket> attemptInTime(Reactor& reactor, Task<Socket> socket, Duration limit,
                           std::string destination) {
    auto got = co_await outcome(withTimeout(limit, std::move(socket), reactor));
    if (!got && got.error().check<TimeoutError>()) {
        co_return Failure(
            TimeoutError(0, "connect", "User timeout caused connection failure: " + destination));
    }
    if (!got && got.error().check<CancelledError>()) {
        co_return Failure(ConnectingCancelledError(0, "connect", destination));
    }
    co_return got;
}

namespace {

// From here on the factory is in use until the connection is lost, if there is going to be one.
Result<Ref<IProtocol>> connectProtocolTo(Socket socket, const Ref<IFactory>& factory) {
    Address peer = socket.getPeer();
    Ref<IProtocol> protocol;
    try {
        protocol = factory->buildProtocol(peer);
    } catch (...) {
        factory->doStop();
        return Failure::current();
    }
    if (!protocol) {
        factory->doStop();
        return Failure::of<NoProtocol>();
    }
    try {
        connectTransport(std::move(socket), peer, protocol, factory);
        return protocol;
    } catch (...) {
        return Failure::current();
    }
}

}  // namespace

Deferred<Ref<IProtocol>> connectFactory(Task<Socket> socket, Ref<IFactory> factory) {
    factory->doStart();
    auto got = co_await outcome(std::move(socket));
    if (got) co_return connectProtocolTo(std::move(*got), factory);
    factory->doStop();
    co_return got.error();
}

Deferred<Stream> connectAsStream(Task<Socket> socket) {
    auto got = co_await outcome(std::move(socket));
    if (!got) co_return got.error();
    co_return Stream(std::move(*got));
}

}  // namespace wring::detail
