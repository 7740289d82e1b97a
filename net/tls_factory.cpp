#include <wring/net/tls_factory.hpp>

#include <wring/net/detail/tls_settings.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/outcome.hpp>
#include <wring/runtime/reactor.hpp>

namespace wring {

TLSFactory::TLSFactory(Ref<TLSContext> context, Ref<IFactory> wrapped)
    : context_(std::move(context)), wrapped_(std::move(wrapped)) {
    if (!context_->settings()->hasCertificate()) {
        throw UsageError(0, "secure a port", "a server needs a certificate");
    }
}

void TLSFactory::doStart() { wrapped_->doStart(); }

void TLSFactory::doStop() {
    if (handshakes_ == 0) return wrapped_->doStop();
    ++owedStops_;
}

Ref<IProtocol> TLSFactory::buildProtocol(const Address& address) {
    return wrapped_->buildProtocol(address);
}

void TLSFactory::connectionAccepted(Socket socket) noexcept {
    try {
        detail::runSession(&TLSFactory::secure, Ref<TLSFactory>(this), Stream(std::move(socket)));
    } catch (...) {
        detail::reportSession(Failure::current());
    }
}

Task<> TLSFactory::secure(Ref<TLSFactory> self, Stream stream) {
    ++self->handshakes_;
    Address peer = stream.getPeer();
    auto ended = co_await outcome(stream.startTLS(self->context_, TLSRole::server));
    if (ended) {
        auto socket = co_await outcome(Stream::releaseSecured(std::move(stream)));
        if (socket) self->wrapped_->connectionAccepted(std::move(*socket));
    } else {
        self->refused(peer, ended.error());
    }
    self->handshakeEnded();
}

// Strangers must not be able to fill the log.
void TLSFactory::refused(const Address& peer, const Failure& failure) noexcept {
    if (failure.check<CancelledError>()) return;
    Reactor* reactor = Reactor::current();
    Time now = reactor ? reactor->now() : Time{};
    if (now < nextLog_) {
        ++unlogged_;
        return;
    }
    nextLog_ = after(now, std::chrono::seconds(1));
    try {
        std::string more = unlogged_ ? " (and " + std::to_string(unlogged_) + " before)" : "";
        unlogged_ = 0;
        log(LogLevel::info, "tls: handshake with " + peer.format() +
                                " failed: " + failure.getErrorMessage() + more);
    } catch (...) {
        ++unlogged_;
    }
}

void TLSFactory::handshakeEnded() noexcept {
    if (--handshakes_ > 0) return;
    try {
        while (owedStops_ > 0) {
            --owedStops_;
            wrapped_->doStop();
        }
    } catch (...) {
        log(LogLevel::error, "factory: doStop threw: " + Failure::current().getErrorMessage());
    }
}

}  // namespace wring
