#include <wring/net/factory.hpp>

#include <wring/net/detail/transport_connection.hpp>
#include <wring/runtime/log.hpp>

namespace wring {

void IFactory::connectionAccepted(Socket socket) noexcept {
    try {
        Address peer = socket.getPeer();
        Ref<IProtocol> protocol = buildProtocol(peer);
        if (protocol) detail::connectTransport(std::move(socket), peer, std::move(protocol));
    } catch (...) {
        log(LogLevel::error,
            "factory: a connection was refused: " + Failure::current().getErrorMessage());
    }
}

void Factory::doStart() {
    if (numPorts_ == 0) startFactory();
    ++numPorts_;
}

void Factory::doStop() {
    if (numPorts_ == 0) return;
    if (--numPorts_ == 0) stopFactory();
}

// The end of a connection, and being told to end, are no news to anybody.
void detail::reportSession(const Failure& failure) noexcept {
    if (failure.check<ConnectionClosed>() || failure.check<CancelledError>()) return;
    log(LogLevel::error, "a connection's task failed: " + failure.className() + ": " +
                             failure.getErrorMessage());
}

}  // namespace wring
