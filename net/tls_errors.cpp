#include <wring/net/tls_errors.hpp>

namespace wring {

WRING_DEFINE_ERROR(SSLError, ConnectError, "An SSL error occurred", false);
WRING_DEFINE_ERROR(CertificateVerifyError, SSLError, "The peer's certificate was not accepted",
                   false);
WRING_DEFINE_ERROR(ClearBytesError, SSLError,
                   "Bytes came in clear before the connection was secured", false);
WRING_DEFINE_ERROR(TLSError, ConnectionLost, "The secured connection broke", false);
WRING_DEFINE_ERROR(TLSTruncated, ConnectionLost,
                   "The stream ended without the peer's word that it was complete", false);
WRING_DEFINE_ERROR(CertificateError, Error, "A certificate or key cannot be used", false);

}  // namespace wring
