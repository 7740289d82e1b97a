#include <wring/net/certificate.hpp>

#include <wring/net/detail/tls_files.hpp>
#include <wring/net/tls_errors.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>

namespace wring {

namespace {

using BioPtr = std::unique_ptr<BIO, detail::FreeBy<BIO_free_all>>;

std::string pemOf(X509* certificate) {
    BioPtr bio(BIO_new(BIO_s_mem()));
    if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) throw std::bad_alloc();
    char* data = nullptr;
    long size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

std::string fingerprintOf(X509* certificate) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    X509_digest(certificate, EVP_sha256(), digest, &size);
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        text += "0123456789abcdef"[digest[i] >> 4];
        text += "0123456789abcdef"[digest[i] & 15];
    }
    return text;
}

}  // namespace

Certificate::Certificate(const void* x509) {
    // The library's readers take what they do not change without const.
    auto* certificate = static_cast<X509*>(const_cast<void*>(x509));
    subject_ = detail::nameText(X509_get_subject_name(certificate));
    issuer_ = detail::nameText(X509_get_issuer_name(certificate));
    names_ = detail::namesOf(certificate);
    notBefore_ = detail::timeText(X509_get0_notBefore(certificate));
    notAfter_ = detail::timeText(X509_get0_notAfter(certificate));
    fingerprint_ = fingerprintOf(certificate);
    pem_ = pemOf(certificate);
}

Ref<Certificate> Certificate::loadPEM(std::string_view text) {
    ERR_clear_error();
    BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    detail::CertificatePtr certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)
                                           : nullptr);
    if (!certificate) {
        throw CertificateError(0, "loadPEM",
                               "no certificate in the text: " + detail::takeLibraryError());
    }
    return makeRef<Certificate>(static_cast<const void*>(certificate.get()));
}

}  // namespace wring
