#include <wring/endpoints/tls_endpoints.hpp>

#include <wring/endpoints/detail/attempt.hpp>
#include <wring/net/tls_factory.hpp>
#include <wring/runtime/outcome.hpp>

namespace wring {

TLSServerEndpoint::TLSServerEndpoint(Ref<TLSContext> context, Ref<IStreamServerEndpoint> wrapped)
    : context_(std::move(context)), wrapped_(std::move(wrapped)) {}

Deferred<Ref<IListeningPort>> TLSServerEndpoint::listen(Ref<IFactory> factory) {
    try {
        return wrapped_->listen(makeRef<TLSFactory>(context_, std::move(factory)));
    } catch (...) {
        return fail<Ref<IListeningPort>>(Failure::current());
    }
}

TLSClientEndpoint::TLSClientEndpoint(Ref<TLSContext> context, Ref<IStreamClientEndpoint> wrapped)
    : context_(std::move(context)), wrapped_(std::move(wrapped)) {}

Deferred<Ref<IProtocol>> TLSClientEndpoint::connect(Ref<IFactory> factory) {
    return detail::connectFactory(attemptSocket(context_, wrapped_), std::move(factory));
}

Deferred<Stream> TLSClientEndpoint::connectStream() { return connectAsStream(context_, wrapped_); }

Task<Stream> TLSClientEndpoint::attempt(Ref<TLSContext> context,
                                        Ref<IStreamClientEndpoint> wrapped) {
    auto connecting = wrapped->connectStream();
    Stream stream = co_await connecting;
    std::string destination = stream.getPeer().format();
    auto ended = co_await outcome(stream.startTLS(std::move(context), TLSRole::client));
    if (ended) co_return stream;
    if (ended.error().check<CancelledError>()) {
        co_return Failure(ConnectingCancelledError(0, "connect", destination));
    }
    co_return ended.error();
}

Task<Socket> TLSClientEndpoint::attemptSocket(Ref<TLSContext> context,
                                              Ref<IStreamClientEndpoint> wrapped) {
    auto stream = co_await outcome(attempt(std::move(context), std::move(wrapped)));
    if (!stream) co_return stream.error();
    co_return co_await outcome(Stream::releaseSecured(std::move(*stream)));
}

Deferred<Stream> TLSClientEndpoint::connectAsStream(Ref<TLSContext> context,
                                                    Ref<IStreamClientEndpoint> wrapped) {
    co_return co_await outcome(attempt(std::move(context), std::move(wrapped)));
}

Ref<IStreamClientEndpoint> wrapClientTLS(Ref<TLSContext> context,
                                         Ref<IStreamClientEndpoint> endpoint) {
    return makeRef<TLSClientEndpoint>(std::move(context), std::move(endpoint));
}

}  // namespace wring
