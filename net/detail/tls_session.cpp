#include <wring/net/detail/tls_session.hpp>

#include <wring/net/detail/tls_settings.hpp>
#include <wring/net/tls_errors.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <algorithm>
#include <cstring>

namespace wring::detail {

namespace {

constexpr std::size_t recordBytes = 16384;
constexpr std::size_t overheadBytes = 64;  // of a record, more than any cipher takes

// What others left would be taken for the reason of a failure. There is hardly ever any, and
// looking costs a tenth of clearing.
void forgetErrors() noexcept {
    if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace

/// The way between the TLS library and a session: reads what was fed, keeps what goes out.
struct TlsBio {
    static TlsSession& sessionOf(BIO* bio) noexcept {
        return *static_cast<TlsSession*>(BIO_get_data(bio));
    }
    static int read(BIO* bio, char* into, int size) noexcept {
        TlsSession& session = sessionOf(bio);
        BIO_clear_retry_flags(bio);
        if (session.current_.empty()) {
            BIO_set_retry_read(bio);
            return -1;
        }
        std::size_t count = std::min(session.current_.size(), static_cast<std::size_t>(size));
        std::memcpy(into, session.current_.data(), count);
        session.current_.removePrefix(count);
        session.unfinished_ += count;
        if (session.current_.empty()) {
            session.current_ = session.input_.empty() ? Bytes() : session.input_.pop();
        }
        return static_cast<int>(count);
    }
    static int write(BIO* bio, const char* from, int size) noexcept {
        BIO_clear_retry_flags(bio);
        try {
            sessionOf(bio).output_.append(
                asBytes(std::string_view(from, static_cast<std::size_t>(size))));
            return size;
        } catch (...) {
            return -1;
        }
    }
    static long control(BIO*, int command, long, void*) noexcept {
        return command == BIO_CTRL_FLUSH ? 1 : 0;
    }
    static int create(BIO* bio) noexcept {
        BIO_set_init(bio, 1);
        return 1;
    }
    static BIO_METHOD* makeMethod() {
        BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wring");
        if (!method) throw std::bad_alloc();
        BIO_meth_set_read(method, &TlsBio::read);
        BIO_meth_set_write(method, &TlsBio::write);
        BIO_meth_set_ctrl(method, &TlsBio::control);
        BIO_meth_set_create(method, &TlsBio::create);
        return method;
    }
    static BIO* make(TlsSession& session) {
        static BIO_METHOD* const method = makeMethod();
        BIO* bio = BIO_new(method);
        if (!bio) throw std::bad_alloc();
        BIO_set_data(bio, &session);
        return bio;
    }
};

TlsSession::TlsSession(const Ref<TLSContext>& context, TLSRole role)
    : context_(context), settings_(context->settings()), role_(role) {
    bool isServer = role == TLSRole::server;
    if (isServer && !settings_->hasCertificate()) {
        throw UsageError(0, "secure a connection", "a server needs a certificate");
    }
    ERR_clear_error();
    std::unique_ptr<SSL, FreeBy<SSL_free>> ssl(SSL_new(settings_->context()));
    if (!ssl) throw std::bad_alloc();
    BIO* bio = TlsBio::make(*this);
    SSL_set_bio(ssl.get(), bio, bio);
    SSL_set_app_data(ssl.get(), this);
    ssl_ = ssl.get();
    int mode = SSL_VERIFY_NONE;
    if (settings_->options().verification != PeerVerification::none) mode = SSL_VERIFY_PEER;
    if (settings_->options().verification == PeerVerification::required) {
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    SSL_set_verify(ssl_, mode, &TlsSession::onVerified);
    if (isServer) {
        SSL_set_accept_state(ssl_);
    } else {
        SSL_set_connect_state(ssl_);
        setPeerName(settings_->options().hostname);
        std::unique_ptr<SSL_SESSION, FreeBy<SSL_SESSION_free>> earlier(settings_->takeSession());
        if (earlier) SSL_set_session(ssl_, earlier.get());
    }
    ssl.release();
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

// An address is verified as one, and not asked for by name (RFC 6066).
void TlsSession::setPeerName(const std::string& name) {
    if (name.empty()) return;
    std::string bare = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
    X509_VERIFY_PARAM* rules = SSL_get0_param(ssl_);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, bare.c_str()) == 1) return;
    ERR_clear_error();
    bool isSet = X509_VERIFY_PARAM_set1_host(rules, bare.c_str(), bare.size()) == 1 &&
                 SSL_set_tlsext_host_name(ssl_, bare.c_str()) == 1;
    if (isSet) return;
    SSL_free(ssl_);
    throw CertificateError(0, "secure a connection", "'" + name + "' is no name of a server");
}

void TlsSession::feed(Bytes chunk) {
    if (current_.empty()) {
        current_ = std::move(chunk);
    } else {
        input_.push(std::move(chunk));
    }
}

void TlsSession::forgetInput() noexcept {
    current_ = Bytes();
    input_.clear();
}

TlsSession::Step TlsSession::handshake() noexcept {
    if (failure_) return Step::failed;
    ERR_clear_error();
    int result = SSL_do_handshake(ssl_);
    if (result != 1) return ended(result);
    isReady_ = true;
    ++context_->counters().handshakes;
    if (SSL_session_reused(ssl_)) ++context_->counters().resumed;
    return Step::done;
}

TlsSession::Step TlsSession::read(Bytes& into) noexcept {
    if (failure_) return Step::failed;
    std::size_t pending = static_cast<std::size_t>(SSL_pending(ssl_));
    std::size_t most = pending ? pending : inputBytes() + unfinished_;
    ByteQueue plain;
    try {
        plain.reserve(std::min(most, recordBytes));
    } catch (...) {
        giveUp(Failure::current());
        return Step::failed;
    }
    forgetErrors();
    std::size_t count = 0;
    int result = SSL_read_ex(ssl_, plain.room(), std::min(most, recordBytes), &count);
    if (result != 1) {
        hasPlain_ = false;
        return ended(result);
    }
    hasPlain_ = SSL_pending(ssl_) > 0;
    if (!hasPlain_) unfinished_ = 0;
    plain.appended(count);
    into = plain.take();
    return Step::done;
}

TlsSession::Step TlsSession::write(BytesView bytes, std::size_t batchBytes) noexcept {
    if (failure_) return Step::failed;
    bool isBulk = bytes.size() >= recordBytes && output_.empty();
    std::size_t most = isBulk ? std::max(bytes.size(), batchBytes) : bytes.size();
    try {
        output_.reserve(most + (most / recordBytes + 1) * overheadBytes);
    } catch (...) {
        giveUp(Failure::current());
        return Step::failed;
    }
    while (!bytes.empty()) {
        forgetErrors();
        std::size_t count = 0;
        int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &count);
        if (result != 1) {
            // Writing that has to wait for reading is renegotiation, which there is none of.
            ended(result);
            giveUp(Failure::of<TLSError>(0, "transfer"));
            return Step::failed;
        }
        bytes = bytes.subspan(count);
    }
    return Step::done;
}

void TlsSession::finish() noexcept {
    if (failure_ || !isReady_ || std::exchange(isFinished_, true)) return;
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
}

void TlsSession::inputCut() noexcept {
    if (failure_ || isPeerFinished_) return;
    if (isReady_) return giveUp(Failure::of<TLSTruncated>());
    try {
        giveUp(Failure(SSLError(0, "handshake", "the connection was closed during the handshake")));
    } catch (...) {
        giveUp(Failure::of<SSLError>());
    }
}

TLSInfo TlsSession::info() const {
    TLSInfo info;
    if (!isReady_) return info;
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &protocol, &size);
    if (size) info.negotiatedProtocol.assign(reinterpret_cast<const char*>(protocol), size);
    const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    if (name) info.serverName = name;
    info.version = SSL_get_version(ssl_);
    info.cipher = SSL_get_cipher_name(ssl_);
    info.isResumed = SSL_session_reused(ssl_) == 1;
    return info;
}

Ref<Certificate> TlsSession::peerCertificate() const {
    const X509* certificate = isReady_ ? SSL_get0_peer_certificate(ssl_) : nullptr;
    if (!certificate) return nullptr;
    return makeRef<Certificate>(static_cast<const void*>(certificate));
}

TlsSession::Step TlsSession::ended(int result) noexcept {
    switch (SSL_get_error(ssl_, result)) {
        case SSL_ERROR_WANT_READ:
            return Step::wantsInput;
        case SSL_ERROR_ZERO_RETURN:
            isPeerFinished_ = true;
            return Step::done;
        default:
            break;
    }
    try {
        giveUp(describe());
    } catch (...) {
        giveUp(Failure::of<SSLError>());
    }
    ERR_clear_error();
    return Step::failed;
}

Failure TlsSession::describe() const {
    if (rejectionCode_)
        return Failure(CertificateVerifyError(rejectionCode_, "handshake", rejection_));
    std::string cause = takeLibraryError();
    if (isReady_) return Failure(TLSError(0, "transfer", cause));
    return Failure(SSLError(0, "handshake", cause));
}

void TlsSession::giveUp(Failure failure) noexcept {
    if (failure_) return;
    if (!isReady_) ++context_->counters().failed;
    failure_ = std::move(failure);
}

int TlsSession::onVerified(int isFine, x509_store_ctx_st* store) noexcept {
    if (isFine) return 1;
    auto* ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto& self = *static_cast<TlsSession*>(SSL_get_app_data(ssl));
    self.rejectionCode_ = X509_STORE_CTX_get_error(store);
    try {
        self.noteRejection(store);
    } catch (...) {
        self.rejection_.clear();
    }
    return 0;
}

void TlsSession::noteRejection(x509_store_ctx_st* store) {
    X509* certificate = X509_STORE_CTX_get_current_cert(store);
    bool isName = rejectionCode_ == X509_V_ERR_HOSTNAME_MISMATCH ||
                  rejectionCode_ == X509_V_ERR_IP_ADDRESS_MISMATCH;
    if (isName && certificate) {
        rejection_ =
            "host mismatch: wanted " + settings_->options().hostname + ", certificate has ";
        std::vector<std::string> names = namesOf(certificate);
        for (const std::string& each : names) {
            rejection_ += (&each == &names.front() ? "" : ", ") + each;
        }
        if (names.empty()) rejection_ += "no name";
        return;
    }
    rejection_ = "code " + std::to_string(rejectionCode_) + ": " +
                 X509_verify_cert_error_string(rejectionCode_);
    if (certificate) rejection_ += ": " + nameText(X509_get_subject_name(certificate));
}

int TlsSession::onNewSession(ssl_st* ssl, ssl_session_st* session) noexcept {
    auto& self = *static_cast<TlsSession*>(SSL_get_app_data(ssl));
    if (self.role_ != TLSRole::client || !self.settings_->options().resumesSessions) return 0;
    self.settings_->keepSession(session);
    return 1;
}

}  // namespace wring::detail
