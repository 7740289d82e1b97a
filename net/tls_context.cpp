#include <wring/net/tls_context.hpp>

#include <wring/net/detail/tls_settings.hpp>

namespace wring {

TLSContext::TLSContext(CertificateOptions options)
    : options_(std::move(options)), settings_(makeRef<detail::TlsSettings>(options_)) {}

TLSContext::~TLSContext() = default;

void TLSContext::reload() { settings_ = makeRef<detail::TlsSettings>(options_); }

}  // namespace wring
