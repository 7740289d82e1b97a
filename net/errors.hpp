#pragma once

#include <wring/runtime/failure.hpp>

#include <cstdint>
#include <string_view>

namespace wring {

/// A connection attempt failed; the base of the more exact classes. Twisted: error.ConnectError.
WRING_DECLARE_ERROR(ConnectError, Error);
/// The local side of a connection could not be made or bound.
WRING_DECLARE_ERROR(ConnectBindError, ConnectError);
/// The host is not known.
WRING_DECLARE_ERROR(UnknownHostError, ConnectError);
/// There is no route to the host's network.
WRING_DECLARE_ERROR(NoRouteError, ConnectError);
/// Nobody listens there.
WRING_DECLARE_ERROR(ConnectionRefusedError, ConnectError);
/// The kernel gave up on the connection attempt.
WRING_DECLARE_ERROR(TCPTimedOutError, ConnectError);
/// The program gave the attempt up. Twisted: error.UserError.
WRING_DECLARE_ERROR(UserError, ConnectError);

/// A name could not be resolved. Not a ConnectError, as in Twisted.
WRING_DECLARE_ERROR(DNSLookupError, Error);
/// A connection attempt was cancelled; neither a CancelledError nor a ConnectError, as in Twisted.
WRING_DECLARE_ERROR(ConnectingCancelledError, Error);
/// The factory built no protocol for the connection.
WRING_DECLARE_ERROR(NoProtocol, Error);
/// Binding to an interface failed. Twisted: error.BindError.
WRING_DECLARE_ERROR(BindError, Error);

/// A port could not be opened for listening.
class WRING_API CannotListenError : public BindError {
 public:
    /// `interface` empty means any.
    CannotListenError(std::string_view interface, std::string_view port, int code);
    /// With the reason in words, where no errno says it.
    CannotListenError(std::string_view interface, std::string_view port, int code,
                      std::string_view reason);
    explicit CannotListenError(int code = 0, const char* operation = nullptr)
        : BindError(errorClass(), code, operation, {}) {}

    /// The description shared by all errors of this class.
    static const ErrorClass& errorClass() noexcept;
};

/// A connection has ended. Twisted: error.ConnectionClosed.
WRING_DECLARE_ERROR(ConnectionClosed, Error);
/// It ended in order. Twisted: error.ConnectionDone.
WRING_DECLARE_ERROR(ConnectionDone, ConnectionClosed);
/// It broke. Twisted: error.ConnectionLost.
WRING_DECLARE_ERROR(ConnectionLost, ConnectionClosed);
/// It broke because abortConnection() asked for it. Twisted: error.ConnectionAborted.
WRING_DECLARE_ERROR(ConnectionAborted, ConnectionLost);
/// A reader wanted more than came before the end of the stream.
WRING_DECLARE_ERROR(EndOfStreamError, ConnectionClosed);
/// A message or line is longer than the caller allows.
WRING_DECLARE_ERROR(MessageLengthError, Error);

namespace detail {

/// What a connect(2) that gave `code` failed with. The one place where this is decided.
Failure connectFailure(int code) noexcept;
/// What ends a connection whose recv or send gave `code`.
Failure lostFailure(int code) noexcept;
/// What a connection is lost with when its reactor stops.
Failure stoppedFailure() noexcept;

}  // namespace detail

}  // namespace wring
