#include <wring/endpoints/unix_endpoints.hpp>

#include <wring/deferred/filesystem_lock.hpp>
#include <wring/endpoints/detail/attempt.hpp>
#include <wring/endpoints/detail/stream_port.hpp>
#include <wring/endpoints/detail/unix_source.hpp>
#include <wring/net/connect.hpp>
#include <wring/net/unix_errors.hpp>
#include <wring/runtime/outcome.hpp>

namespace wring {

UNIXServerEndpoint::UNIXServerEndpoint(Reactor& reactor, UNIXListenOptions options)
    : reactor_(reactor), options_(std::move(options)) {}

Deferred<Ref<IListeningPort>> UNIXServerEndpoint::listen(Ref<IFactory> factory) {
    return detail::tryListenOn(reactor_, std::make_unique<detail::UnixSource>(options_),
                               std::move(factory));
}

UNIXClientEndpoint::UNIXClientEndpoint(Reactor& reactor, UNIXConnectOptions options)
    : reactor_(reactor), options_(std::move(options)) {}

Deferred<Ref<IProtocol>> UNIXClientEndpoint::connect(Ref<IFactory> factory) {
    return detail::connectFactory(socket(), std::move(factory));
}

Deferred<Stream> UNIXClientEndpoint::connectStream() { return detail::connectAsStream(socket()); }

Task<Socket> UNIXClientEndpoint::socket() const {
    return detail::attemptInTime(reactor_, attempt(reactor_, options_), options_.timeout,
                                 detail::shownPath(options_.path));
}

namespace {

bool hasLivingOwner(const std::string& path) {
    try {
        return FilesystemLock::owner(path + ".lock").has_value();
    } catch (const Error&) {
        return false;  // no lock, whatever it is
    }
}

}  // namespace

Task<Socket> UNIXClientEndpoint::attempt(Reactor& reactor, UNIXConnectOptions options) {
    std::optional<Address> address = Address::fromPath(options.path);
    if (!address) {
        throw BadFileError(0, "connect",
                           detail::shownPath(options.path) + " is no path of a socket");
    }
    if (options.checkPID && !hasLivingOwner(options.path)) {
        throw BadFileError(0, "connect", options.path + ".lock has no living owner");
    }
    co_return co_await outcome(connectSocket(reactor, *address));
}

}  // namespace wring
