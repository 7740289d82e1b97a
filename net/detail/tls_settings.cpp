#include <wring/net/detail/tls_settings.hpp>

#include <wring/net/detail/tls_session.hpp>
#include <wring/net/tls_errors.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace wring::detail {

namespace {

constexpr unsigned char sessionDomain[] = "wring";

[[noreturn]] void fail(const std::string& cause) {
    throw CertificateError(0, "make a TLS context", cause);
}
void require(bool holds, const std::string& what) {
    if (!holds) fail(what + ": " + takeLibraryError());
}
int versionNumber(TLSVersion version) {
    return version == TLSVersion::tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

std::string wireFormat(const std::vector<std::string>& protocols) {
    std::string wire;
    for (const std::string& each : protocols) {
        if (each.empty() || each.size() > 255) fail("an ALPN name has 1 to 255 bytes");
        wire += static_cast<char>(each.size());
        wire += each;
    }
    return wire;
}

}  // namespace

TlsSettings::TlsSettings(const CertificateOptions& options)
    : options_(options), protocols_(wireFormat(options.acceptableProtocols)) {
    if (options_.lowerMaximumTo < options_.raiseMinimumTo) {
        fail("the lowest version allowed is above the highest");
    }
    bool trusts =
        options_.trustsPlatform || !options_.trustFiles.empty() || !options_.trustFolders.empty();
    if (options_.verification != PeerVerification::none && !trusts) {
        fail("certificates are to be verified, but nobody is trusted");
    }
    main_ = makeContext(options_.own, &leaf_);
    hasCertificate_ = leaf_ != nullptr;
    for (const CertificateFiles& files : options_.named) {
        Named& next = named_.emplace_back();
        next.context = makeContext(files, &next.certificate);
    }
}

TlsSettings::ContextPtr TlsSettings::makeContext(const CertificateFiles& files,
                                                 CertificatePtr* leaf) {
    ERR_clear_error();
    ContextPtr made(SSL_CTX_new(TLS_method()));
    SSL_CTX* context = made.get();
    require(context, "the TLS library");
    SSL_CTX_set_options(
        context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    setVersions(context);
    setTrust(context);
    setKeyExchange(context);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_session_id_context(context, sessionDomain, sizeof sessionDomain - 1);
    SSL_CTX_sess_set_new_cb(context, &TlsSession::onNewSession);
    if (!options_.resumesSessions) {
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(context, 0);
    }
    SSL_CTX_set_tlsext_servername_callback(context, &TlsSettings::onServerName);
    SSL_CTX_set_tlsext_servername_arg(context, this);
    SSL_CTX_set_alpn_select_cb(context, &TlsSettings::onProtocols, this);
    if (!protocols_.empty()) {
        SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocols_.data()),
                                static_cast<unsigned>(protocols_.size()));
    }
    if (files.certificate.empty() && files.privateKey.empty()) {
        if (!files.extraCertChain.empty()) fail("a certificate chain without a certificate");
        return made;
    }
    OwnCertificate own = readOwnCertificate(files);
    require(SSL_CTX_use_certificate(context, own.leaf.get()) == 1, files.certificate);
    for (const CertificatePtr& each : own.chain) {
        require(SSL_CTX_add1_chain_cert(context, each.get()) == 1, files.certificate);
    }
    require(SSL_CTX_use_PrivateKey(context, own.key.get()) == 1, files.privateKey);
    *leaf = std::move(own.leaf);
    return made;
}

void TlsSettings::setVersions(SSL_CTX* context) const {
    SSL_CTX_set_security_level(context, 2);
    SSL_CTX_set_min_proto_version(context, versionNumber(options_.raiseMinimumTo));
    SSL_CTX_set_max_proto_version(context, versionNumber(options_.lowerMaximumTo));
    const char* ciphers = options_.acceptableCiphers.empty()
                              ? "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL:!eNULL"
                              : options_.acceptableCiphers.c_str();
    require(SSL_CTX_set_cipher_list(context, ciphers) == 1, "acceptableCiphers");
}

void TlsSettings::setTrust(SSL_CTX* context) const {
    if (options_.trustsPlatform) SSL_CTX_set_default_verify_paths(context);
    for (const std::string& file : options_.trustFiles) trustFile(context, file);
    for (const std::string& folder : options_.trustFolders) {
        for (const std::string& file : pemFilesIn(folder)) {
            try {
                trustFile(context, file);
            } catch (const CertificateError&) {
                // Folders hold all sorts of things.
            }
        }
    }
    ERR_clear_error();
    X509_VERIFY_PARAM* rules = SSL_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_hostflags(
        rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    X509_VERIFY_PARAM_set_depth(rules, 9);
}

// The one who is asked for a certificate is told whose is wanted.
void TlsSettings::trustFile(SSL_CTX* context, const std::string& path) const {
    for (const CertificatePtr& each : readCertificates(path)) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context), each.get());
        if (options_.verification != PeerVerification::none) {
            SSL_CTX_add_client_CA(context, each.get());
        }
    }
}

void TlsSettings::setKeyExchange(SSL_CTX* context) const {
    if (options_.dhParameters.empty()) {
        SSL_CTX_set_dh_auto(context, 1);
        return;
    }
    std::string text = readPem(options_.dhParameters);
    std::unique_ptr<BIO, FreeBy<BIO_free_all>> bio(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    KeyPtr parameters(PEM_read_bio_Parameters(bio.get(), nullptr));
    require(parameters != nullptr, options_.dhParameters + ": no DH parameters in it");
    require(SSL_CTX_set0_tmp_dh_pkey(context, parameters.get()) == 1, options_.dhParameters);
    parameters.release();
}

SSL_SESSION* TlsSettings::takeSession() noexcept {
    SSL_SESSION* session = resumable_.get();
    if (!session) return nullptr;
    bool isUsedUp = SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
    if (isUsedUp) return resumable_.release();
    SSL_SESSION_up_ref(session);
    return session;
}

int TlsSettings::onServerName(SSL* ssl, int* alert, void* self) noexcept {
    const auto& settings = *static_cast<const TlsSettings*>(self);
    const char* wanted = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (!SSL_is_server(ssl) || !wanted) return SSL_TLSEXT_ERR_OK;
    auto fits = [&](const CertificatePtr& certificate) {
        return certificate && X509_check_host(certificate.get(), wanted, 0,
                                              X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) == 1;
    };
    if (fits(settings.leaf_)) return SSL_TLSEXT_ERR_OK;
    for (const Named& each : settings.named_) {
        if (!fits(each.certificate)) continue;
        SSL_set_SSL_CTX(ssl, each.context.get());
        return SSL_TLSEXT_ERR_OK;
    }
    if (!settings.options_.refusesUnknownNames) return SSL_TLSEXT_ERR_OK;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// The server's order decides, and nothing in common ends the handshake.
int TlsSettings::onProtocols(SSL*, const unsigned char** out, unsigned char* outSize,
                             const unsigned char* in, unsigned inSize, void* self) noexcept {
    const std::string& own = static_cast<const TlsSettings*>(self)->protocols_;
    if (own.empty()) return SSL_TLSEXT_ERR_NOACK;
    unsigned char* chosen = nullptr;
    int found =
        SSL_select_next_proto(&chosen, outSize, reinterpret_cast<const unsigned char*>(own.data()),
                              static_cast<unsigned>(own.size()), in, inSize);
    if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace wring::detail
