#pragma once

#include <wring/net/certificate_options.hpp>
#include <wring/runtime/api.hpp>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <memory>
#include <string>
#include <vector>

namespace wring::detail {

/// Frees what the TLS library has made.
template <auto function>
struct FreeBy {
    template <class T>
    void operator()(T* object) const noexcept {
        function(object);
    }
};
using CertificatePtr = std::unique_ptr<X509, FreeBy<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;

/// A certificate, what stands between it and a trusted one, and its key.
struct OwnCertificate {
    CertificatePtr leaf;
    std::vector<CertificatePtr> chain;
    KeyPtr key;
};

/// The text of a PEM file. Errors: CertificateError, which tells missing, unreadable, empty files
/// and those of another format apart.
std::string readPem(const std::string& path);

/// The certificates of a PEM file, in order; at least one. Errors: CertificateError.
std::vector<CertificatePtr> readCertificates(const std::string& path);

/// The one key in a PEM file that not everybody may read. Errors: CertificateError.
KeyPtr readKey(const std::string& path);

/// Reads all that belongs together and sees that it does: the leaf is the certificate that the key
/// is for. Warns of one that is not valid today. Errors: CertificateError.
OwnCertificate readOwnCertificate(const CertificateFiles& files);

/// The files of a folder that may hold authorities: `*.pem` in any case, sorted.
std::vector<std::string> pemFilesIn(const std::string& folder);

/// What the TLS library has last complained about, and forgets it.
std::string takeLibraryError();

/// The DNS names and IP addresses that a certificate is for.
std::vector<std::string> namesOf(X509* certificate);
/// A name as people write it: "CN=example.org, O=Example".
std::string nameText(const X509_NAME* name);
/// A moment as ISO 8601.
std::string timeText(const ASN1_TIME* time);

}  // namespace wring::detail
