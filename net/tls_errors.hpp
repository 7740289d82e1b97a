#pragma once

#include <wring/net/errors.hpp>

namespace wring {

/// A connection could not be secured: the handshake failed. The text says what was wrong, in the
/// words of the TLS library. Twisted: error.SSLError.
WRING_DECLARE_ERROR(SSLError, ConnectError);
/// The peer's certificate was not accepted: not trusted, expired, or of somebody else. number() is
/// the X509_V_ERR_ code. Twisted: the verification errors of its TLS library.
WRING_DECLARE_ERROR(CertificateVerifyError, SSLError);
/// Bytes had come in clear that the connection's user has not seen yet when it was to be secured.
/// Taken for secured ones they would be an attacker's.
WRING_DECLARE_ERROR(ClearBytesError, SSLError);

/// A secured connection broke: a record that is none, a fatal alert.
WRING_DECLARE_ERROR(TLSError, ConnectionLost);
/// The stream of a secured connection ended without the peer saying that this was all: it may
/// have been cut short.
WRING_DECLARE_ERROR(TLSTruncated, ConnectionLost);

/// A certificate, a key or another file that TLS is to work with is of no use. The text names the
/// file and the cause.
WRING_DECLARE_ERROR(CertificateError, Error);

}  // namespace wring
