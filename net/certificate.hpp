#pragma once

#include <wring/runtime/ref.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace wring {

/// What a certificate says. A value; it is not tied to the connection it came over.
///
/// Source    Twisted: ssl.Certificate.
class WRING_API Certificate final : public RefCounted {
 public:
    /// The first certificate in a PEM text. Errors: CertificateError.
    static Ref<Certificate> loadPEM(std::string_view text);

    /// Whose it is and who says so, as "CN = example.org, O = Example".
    const std::string& subject() const noexcept { return subject_; }
    const std::string& issuer() const noexcept { return issuer_; }
    /// The DNS names and IP addresses that it is for.
    const std::vector<std::string>& names() const noexcept { return names_; }
    /// When it is valid, as "2030-01-31T12:00:00Z".
    const std::string& notBefore() const noexcept { return notBefore_; }
    const std::string& notAfter() const noexcept { return notAfter_; }
    /// SHA-256 of all of it, in lower-case hexadecimal digits.
    const std::string& fingerprint() const noexcept { return fingerprint_; }
    /// All of it.
    const std::string& pem() const noexcept { return pem_; }

    /// Reads what the TLS library has.
    explicit Certificate(const void* x509);

 private:
    std::string subject_;
    std::string issuer_;
    std::vector<std::string> names_;
    std::string notBefore_;
    std::string notAfter_;
    std::string fingerprint_;
    std::string pem_;
};

}  // namespace wring
