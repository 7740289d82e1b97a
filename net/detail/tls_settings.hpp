#pragma once

#include <wring/net/certificate_options.hpp>
#include <wring/net/detail/tls_files.hpp>
#include <wring/runtime/ref.hpp>

#include <openssl/ssl.h>
#include <string>
#include <vector>

namespace wring::detail {

/// What options become for the TLS library. Not changed once it is made; reloading makes another.
///
/// Lifetime  each session keeps the one it was made with.
class TlsSettings final : public RefCounted {
 public:
    /// Errors: CertificateError.
    explicit TlsSettings(const CertificateOptions& options);

    SSL_CTX* context() const noexcept { return main_.get(); }
    const CertificateOptions& options() const noexcept { return options_; }
    bool hasCertificate() const noexcept { return hasCertificate_; }

    /// The last session that a server lets this client resume; null if there is none. One of
    /// TLS 1.3 is given once.
    SSL_SESSION* takeSession() noexcept;
    void keepSession(SSL_SESSION* session) noexcept { resumable_.reset(session); }

 private:
    using ContextPtr = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;
    struct Named {
        CertificatePtr certificate;
        ContextPtr context;
    };
    ContextPtr makeContext(const CertificateFiles& files, CertificatePtr* leaf);
    void setVersions(SSL_CTX* context) const;
    void setTrust(SSL_CTX* context) const;
    void trustFile(SSL_CTX* context, const std::string& path) const;
    void setKeyExchange(SSL_CTX* context) const;
    static int onServerName(SSL* ssl, int* alert, void* self) noexcept;
    static int onProtocols(SSL* ssl, const unsigned char** out, unsigned char* outSize,
                           const unsigned char* in, unsigned inSize, void* self) noexcept;

    CertificateOptions options_;
    std::string protocols_;  // each behind its length
    ContextPtr main_;
    CertificatePtr leaf_;
    std::vector<Named> named_;
    std::unique_ptr<SSL_SESSION, FreeBy<SSL_SESSION_free>> resumable_;
    bool hasCertificate_ = false;
};

}  // namespace wring::detail
