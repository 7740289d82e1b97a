#pragma once

#include <wring/net/certificate_options.hpp>
#include <wring/net/detail/tls_files.hpp>

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace wring::testing {

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
    TemporaryFolder() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "wring-test.XXXXXX").string();
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        path_ = pattern;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    std::string file(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const noexcept { return path_; }

    /// Writes a file that only its owner may read, unless told otherwise.
    std::string write(const std::string& name, const std::string& text,
                      unsigned mode = 0600) const {
        std::string path = file(name);
        std::ofstream(path, std::ios::binary) << text;
        std::filesystem::permissions(path, static_cast<std::filesystem::perms>(mode));
        return path;
    }

 private:
    std::string path_;
};

/// What a certificate is to say.
struct CertificateRequest {
    explicit CertificateRequest(std::string names) : subjectAltName(std::move(names)) {}

    std::string subjectAltName;  ///< "DNS:example.org,IP:127.0.0.1"; empty: none
    std::string commonName = "wring test";
    std::string purpose;  ///< extended key usage; empty: any
    long beginsIn = -3600;
    long endsIn = 24 * 3600;
    bool isAuthority = false;
    int rsaBits = 0;  ///< 0: Ed25519
    bool isP256 = false;
};

/// A certificate and its key, as objects and as PEM texts.
struct Issued {
    detail::CertificatePtr certificate;
    detail::KeyPtr key;
    std::string certificatePem;
    std::string keyPem;
    std::string both() const { return keyPem + certificatePem; }
};

namespace certificates {

inline detail::KeyPtr makeKey(const CertificateRequest& request) {
    if (request.rsaBits) {
        return detail::KeyPtr(EVP_RSA_gen(static_cast<unsigned>(request.rsaBits)));
    }
    if (request.isP256) return detail::KeyPtr(EVP_EC_gen("P-256"));
    return detail::KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

inline void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    ASSERT_NE(extension, nullptr) << value;
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

template <class Write>
std::string pem(Write write) {
    std::unique_ptr<BIO, detail::FreeBy<BIO_free_all>> bio(BIO_new(BIO_s_mem()));
    write(bio.get());
    char* data = nullptr;
    long size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

/// Issues a certificate; by itself when there is no issuer.
inline Issued issue(const CertificateRequest& request, const Issued* issuer = nullptr) {
    static long serial = 1;
    Issued made;
    made.key = makeKey(request);
    made.certificate.reset(X509_new());
    X509* certificate = made.certificate.get();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), request.beginsIn);
    X509_gmtime_adj(X509_getm_notAfter(certificate), request.endsIn);
    X509_set_pubkey(certificate, made.key.get());
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(request.commonName.c_str()),
                               -1, -1, 0);
    X509* by = issuer ? issuer->certificate.get() : certificate;
    X509_set_issuer_name(certificate, X509_get_subject_name(by));
    extend(certificate, by, NID_basic_constraints,
           request.isAuthority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extend(certificate, by, NID_subject_key_identifier, "hash");
    if (!request.subjectAltName.empty()) {
        extend(certificate, by, NID_subject_alt_name, request.subjectAltName);
    }
    if (!request.purpose.empty()) extend(certificate, by, NID_ext_key_usage, request.purpose);
    EVP_PKEY* signer = issuer ? issuer->key.get() : made.key.get();
    bool isEd25519 = EVP_PKEY_get_base_id(signer) == EVP_PKEY_ED25519;
    EXPECT_GT(X509_sign(certificate, signer, isEd25519 ? nullptr : EVP_sha256()), 0);
    made.certificatePem = pem([&](BIO* bio) { PEM_write_bio_X509(bio, certificate); });
    made.keyPem = pem([&](BIO* bio) {
        PEM_write_bio_PrivateKey(bio, made.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    return made;
}

inline CertificateRequest authorityRequest(const std::string& name) {
    CertificateRequest request("");
    request.commonName = name;
    request.isAuthority = true;
    return request;
}

}  // namespace certificates

/// An authority and what it has issued, in files.
class Authority {
 public:
    explicit Authority(const std::string& name = "wring test authority")
        : self_(certificates::issue(certificates::authorityRequest(name))) {
        folder_.write("authority.pem", self_.certificatePem, 0644);
    }
    const TemporaryFolder& folder() const noexcept { return folder_; }
    const Issued& self() const noexcept { return self_; }
    std::string trustFile() const { return folder_.file("authority.pem"); }

    Issued issue(const CertificateRequest& request) const {
        return certificates::issue(request, &self_);
    }
    /// Issues a certificate; gives the file with it and its key.
    std::string issueFile(const std::string& name, const CertificateRequest& request) const {
        return folder_.write(name, issue(request).both());
    }

    /// A server with a certificate for localhost and 127.0.0.1.
    CertificateOptions server() const {
        CertificateOptions options;
        options.own = CertificateFiles(
            issueFile("server.pem", CertificateRequest("DNS:localhost,IP:127.0.0.1")));
        return options;
    }
    /// A client that wants `hostname` and trusts this authority only.
    CertificateOptions client(const std::string& hostname = "localhost") const {
        CertificateOptions options = optionsForClientTLS(hostname);
        options.trustsPlatform = false;
        options.trustFiles.push_back(trustFile());
        return options;
    }
    /// Makes a server ask for certificates of this authority.
    void demandFrom(CertificateOptions& server,
                    PeerVerification verification = PeerVerification::required) const {
        server.verification = verification;
        server.trustFiles.push_back(trustFile());
    }

 private:
    TemporaryFolder folder_;
    Issued self_;
};

/// The one that most tests get along with.
inline const Authority& testAuthority() {
    static const Authority authority;
    return authority;
}

}  // namespace wring::testing
