#include <wring/endpoints/proxy_endpoint.hpp>

#include <wring/deferred/timeout.hpp>
#include <wring/net/proxy_header.hpp>
#include <wring/runtime/detail/operation_awaiter.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace wring {

ProxyOptions::ProxyOptions() = default;
ProxyOptions::ProxyOptions(const ProxyOptions&) = default;
ProxyOptions& ProxyOptions::operator=(const ProxyOptions&) = default;
ProxyOptions::~ProxyOptions() = default;

namespace {

using State = ProxyHeaderResult::State;

// A negative errno, 0 at the end of the stream, or how many bytes came.
Task<int> receive(Reactor& reactor, int fd, std::span<std::byte> into, int flags) {
    detail::OperationAwaiter receiving(reactor.driver());
    receiving.operation().prepareRecv(fd, into, flags);
    int result = co_await receiving;
    if (result == -ECANCELED) co_return Failure::of<CancelledError>(ECANCELED, "recv");
    co_return result;
}

// What comes is looked at before it is taken, so that what follows the header stays where it is.
// Incomplete if the peer leaves before that.
Task<ProxyHeaderResult> readHeader(Reactor& reactor, int fd) {
    std::array<std::byte, 512> chunk;
    std::string header;
    for (;;) {
        auto seen = co_await outcome(receive(reactor, fd, chunk, MSG_PEEK));
        if (!seen) co_return seen.error();
        if (*seen <= 0) co_return ProxyHeaderResult();
        std::size_t before = header.size();
        header += asText(std::span(chunk).first(static_cast<std::size_t>(*seen)));
        ProxyHeaderResult result = parseProxyHeader(asBytes(header));
        if (result.state == State::invalid) co_return std::move(result);
        bool isComplete = result.state == State::complete;
        std::size_t wanted = (isComplete ? result.size : header.size()) - before;
        header.resize(before + wanted);
        while (wanted > 0) {
            auto taken = co_await outcome(receive(reactor, fd, std::span(chunk).first(wanted), 0));
            if (!taken) co_return taken.error();
            if (*taken <= 0) co_return ProxyHeaderResult();
            wanted -= static_cast<std::size_t>(*taken);
        }
        if (isComplete) co_return std::move(result);
    }
}

// Nothing can be looked at without taking it here: what follows the header is given back.
Task<ProxyHeaderResult> readSecuredHeader(Stream* stream) {
    std::string came;
    for (;;) {
        auto chunk = co_await outcome(stream->read());
        if (!chunk && chunk.error().check<CancelledError>()) co_return chunk.error();
        if (!chunk || !*chunk) co_return ProxyHeaderResult();
        came += chunk->text();
        ProxyHeaderResult result = parseProxyHeader(asBytes(came));
        if (result.state == State::incomplete) continue;
        if (result.state == State::complete) {
            stream->unread(Bytes::copyOf(std::string_view(came).substr(result.size)));
        }
        co_return std::move(result);
    }
}

void reset(const Socket& socket) noexcept {
    linger immediately{1, 0};
    socket.reactor().driver().setOption(socket.fd(), SOL_SOCKET, SO_LINGER, &immediately,
                                        sizeof immediately);
}

bool isTrusted(const ProxyOptions& options, const Address& peer) noexcept {
    auto hasPeer = [&](const AddressRange& range) { return range.contains(peer); };
    return options.trusted.empty() ||
           std::any_of(options.trusted.begin(), options.trusted.end(), hasPeer);
}

void report(const Address& peer, Result<ProxyHeaderResult>& got) {
    if (!got && !got.error().check<TimeoutError>()) return;
    log(LogLevel::debug, "haproxy: a connection from " + peer.format() + " is reset: " +
                             (got ? got->complaint : "the header did not come in time"));
}

Task<> awaitHeader(Socket socket, Ref<IFactory> factory, Duration limit) {
    Reactor& reactor = socket.reactor();
    auto got = co_await outcome(withTimeout(limit, readHeader(reactor, socket.fd()), reactor));
    if (got && got->state == State::complete) {
        socket.setProxyHeader(std::move(got->header));
        factory->connectionAccepted(std::move(socket));
        co_return;
    }
    if (got && got->state == State::incomplete) co_return;
    reset(socket);
    report(socket.getPeer(), got);
}

Task<> awaitSecuredHeader(Socket socket, Ref<IFactory> factory, Duration limit) {
    Reactor& reactor = socket.reactor();
    Stream stream(std::move(socket));
    auto got = co_await outcome(withTimeout(limit, readSecuredHeader(&stream), reactor));
    if (got && got->state == State::complete) {
        auto released = co_await outcome(Stream::releaseSecured(std::move(stream)));
        if (!released) co_return;
        released->setProxyHeader(std::move(got->header));
        factory->connectionAccepted(std::move(*released));
        co_return;
    }
    if (got && got->state == State::incomplete) co_return;
    Address peer = stream.getPeer();
    stream.abort();
    report(peer, got);
}

/// Serves what the proxy passes on by a factory that need not know.
class ProxyFactory final : public IFactory {
 public:
    ProxyFactory(Ref<IFactory> inner, const ProxyOptions& options)
        : inner_(std::move(inner)), options_(options) {}
    void doStart() override { inner_->doStart(); }
    void doStop() override { inner_->doStop(); }
    Ref<IProtocol> buildProtocol(const Address& address) override {
        return inner_->buildProtocol(address);
    }
    void connectionAccepted(Socket socket) noexcept override {
        if (!isTrusted(options_, socket.getPeer())) return reset(socket);
        try {
            auto begin = socket.isSecured() ? awaitSecuredHeader : awaitHeader;
            detail::runSession(begin, std::move(socket), inner_, options_.headerTimeout);
        } catch (...) {
            detail::reportSession(Failure::current());
        }
    }

 private:
    Ref<IFactory> inner_;
    ProxyOptions options_;
};

class ProxyServerEndpoint final : public IStreamServerEndpoint {
 public:
    ProxyServerEndpoint(Ref<IStreamServerEndpoint> inner, const ProxyOptions& options)
        : inner_(std::move(inner)), options_(options) {}
    Deferred<Ref<IListeningPort>> listen(Ref<IFactory> factory) override {
        return inner_->listen(makeRef<ProxyFactory>(std::move(factory), options_));
    }

 private:
    Ref<IStreamServerEndpoint> inner_;
    ProxyOptions options_;
};

}  // namespace

Ref<IStreamServerEndpoint> proxyEndpoint(Ref<IStreamServerEndpoint> endpoint,
                                         ProxyOptions options) {
    return makeRef<ProxyServerEndpoint>(std::move(endpoint), options);
}

}  // namespace wring
