#include <wring/endpoints/reactor_unix.hpp>

#include <wring/endpoints/connector.hpp>
#include <wring/endpoints/detail/stream_port.hpp>
#include <wring/endpoints/detail/unix_source.hpp>
#include <wring/runtime/reactor.hpp>

namespace wring {

Ref<IListeningPort> listenUNIX(Reactor& reactor, std::string path, Ref<IFactory> factory,
                               int backlog, unsigned mode, bool wantPID) {
    UNIXListenOptions options(std::move(path));
    options.backlog = backlog;
    options.mode = mode;
    options.wantPID = wantPID;
    return detail::listenOn(reactor, std::make_unique<detail::UnixSource>(std::move(options)),
                            std::move(factory));
}

Ref<IConnector> connectUNIX(Reactor& reactor, std::string path, Ref<ClientFactory> factory,
                            Duration timeout, bool checkPID) {
    UNIXConnectOptions options(path);
    options.checkPID = checkPID;
    options.timeout = Duration::max();  // the connector has the time-out
    return connectEndpoint(reactor, makeRef<UNIXClientEndpoint>(reactor, std::move(options)),
                           Destination(std::move(path)), std::move(factory), timeout);
}

}  // namespace wring
