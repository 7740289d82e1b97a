#include <wring/net/transport.hpp>

#include <wring/net/certificate.hpp>
#include <wring/net/tls_context.hpp>
#include <wring/runtime/error.hpp>

namespace wring {

void ITransport::startTLS(const Ref<TLSContext>&, bool) {
    throw UsageError(0, "startTLS", "this transport cannot be secured");
}

Ref<Certificate> ITransport::getPeerCertificate() const { return nullptr; }

}  // namespace wring
