#include <wring/endpoints/hostname_endpoint.hpp>

#include <wring/endpoints/detail/attempt.hpp>
#include <wring/net/connect.hpp>
#include <wring/net/resolve.hpp>
#include <wring/runtime/outcome.hpp>
#include <wring/runtime/reactor.hpp>

#include <sys/socket.h>

namespace wring {

HostnameEndpoint::HostnameEndpoint(Reactor& reactor, ConnectOptions options, Duration attemptDelay)
    : reactor_(reactor), options_(std::move(options)), attemptDelay_(attemptDelay) {}

Deferred<Ref<IProtocol>> HostnameEndpoint::connect(Ref<IFactory> factory) {
    return detail::connectFactory(socket(), std::move(factory));
}

Deferred<Stream> HostnameEndpoint::connectStream() { return detail::connectAsStream(socket()); }

Task<Socket> HostnameEndpoint::socket() const {
    return detail::attemptInTime(reactor_, attempt(reactor_, options_, attemptDelay_),
                                 options_.timeout,
                                 options_.host + ":" + std::to_string(options_.port));
}

Task<Socket> HostnameEndpoint::attempt(Reactor& reactor, ConnectOptions options,
                                       Duration attemptDelay) {
    int family = AF_UNSPEC;
    if (options.bindAddress) family = options.bindAddress->sockaddrData()->sa_family;
    auto found = co_await outcome(resolveHost(reactor, options.host, options.port, family));
    if (!found) co_return found.error();
    HappyEyeballsOptions how;
    how.attemptDelay = attemptDelay;
    ConnectAttempt connectOne = [&reactor, local = options.bindAddress](Address address) {
        return connectSocket(reactor, address, local);
    };
    co_return co_await outcome(
        connectFastest(reactor, std::move(*found), std::move(connectOne), how));
}

}  // namespace wring
