#include <wring/net/errors.hpp>

#include <cerrno>
#include <string>

namespace wring {

WRING_DEFINE_ERROR(ConnectError, Error, "An error occurred while connecting", true);
WRING_DEFINE_ERROR(ConnectBindError, ConnectError, "Couldn't bind", true);
WRING_DEFINE_ERROR(UnknownHostError, ConnectError, "Hostname couldn't be looked up", true);
WRING_DEFINE_ERROR(NoRouteError, ConnectError, "No route to host", true);
WRING_DEFINE_ERROR(ConnectionRefusedError, ConnectError, "Connection was refused by other side",
                   true);
WRING_DEFINE_ERROR(TCPTimedOutError, ConnectError, "TCP connection timed out", true);
WRING_DEFINE_ERROR(UserError, ConnectError, "User aborted connection", true);
WRING_DEFINE_ERROR(DNSLookupError, Error, "DNS lookup failed", false);
WRING_DEFINE_ERROR(ConnectingCancelledError, Error, "The connection attempt was cancelled", false);
WRING_DEFINE_ERROR(NoProtocol, Error, "The factory built no protocol for the connection", false);
WRING_DEFINE_ERROR(BindError, Error, "An error occurred binding to an interface", true);
WRING_DEFINE_ERROR(CannotListenError, BindError, "Couldn't listen", true);
WRING_DEFINE_ERROR(ConnectionClosed, Error, "Connection was closed, whether cleanly or non-cleanly",
                   false);
WRING_DEFINE_ERROR(ConnectionDone, ConnectionClosed, "Connection was closed cleanly", false);
WRING_DEFINE_ERROR(ConnectionLost, ConnectionClosed,
                   "Connection to the other side was lost in a non-clean fashion", false);
WRING_DEFINE_ERROR(ConnectionAborted, ConnectionLost,
                   "Connection was aborted locally using ITCPTransport.abortConnection", false);
WRING_DEFINE_ERROR(EndOfStreamError, ConnectionClosed,
                   "The stream ended before all that was asked for had come", false);
WRING_DEFINE_ERROR(MessageLengthError, Error, "Message is too long", false);

CannotListenError::CannotListenError(std::string_view interface, std::string_view port, int code)
    : CannotListenError(
          interface, port, code,
          "[Errno " + std::to_string(code) + "] " + std::generic_category().message(code)) {}

CannotListenError::CannotListenError(std::string_view interface, std::string_view port, int code,
                                     std::string_view reason)
    : BindError(errorClass(), code, "listen", {},
                "Couldn't listen on " + std::string(interface.empty() ? "any" : interface) + ":" +
                    std::string(port) + ": " + std::string(reason) + ".") {}

namespace detail {

Failure connectFailure(int code) noexcept {
    switch (code) {
        case ECONNREFUSED: return Failure::of<ConnectionRefusedError>(code, "connect");
        case ENETUNREACH: return Failure::of<NoRouteError>(code, "connect");
        case ETIMEDOUT: return Failure::of<TCPTimedOutError>(code, "connect");
        case EADDRNOTAVAIL:
        case EADDRINUSE: return Failure::of<ConnectBindError>(code, "connect");
        case ECANCELED: return Failure::of<CancelledError>(code, "connect");
        default: return Failure::of<ConnectError>(code, "connect");
    }
}

Failure lostFailure(int code) noexcept { return Failure::of<ConnectionLost>(code, "transfer"); }

Failure stoppedFailure() noexcept {
    return Failure(ConnectionLost(0, "shutdown", "Connection lost"));
}

}  // namespace detail

}  // namespace wring
