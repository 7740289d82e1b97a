#pragma once

#include <wring/net/detail/byte_queue.hpp>
#include <wring/net/detail/connection.hpp>
#include <wring/net/tls_context.hpp>
#include <wring/net/tls_info.hpp>
#include <wring/runtime/failure.hpp>

#include <optional>
#include <string>

struct ssl_st;
struct bio_st;
struct ssl_session_st;
struct x509_store_ctx_st;

namespace wring::detail {

/// One end of the TLS protocol, without a connection: ciphertext is fed to it and taken from it.
///
/// Life      handshake() until it is done; then read() and write(); finish() says that nothing
///           more will be written. After a failure the TLS library is not asked any more.
/// Lifetime  not moved: the library refers to it.
class TlsSession {
 public:
    /// Throws std::bad_alloc, and UsageError for a server without a certificate.
    TlsSession(const Ref<TLSContext>& context, TLSRole role);
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;
    ~TlsSession();

    enum class Step : std::uint8_t {
        done,
        wantsInput,  ///< and there is none: all that was fed is used up
        failed,      ///< see failure()
    };

    /// What came from the peer. It is not copied before it is decrypted.
    void feed(Bytes chunk);
    /// Drops what was fed and is not used up.
    void forgetInput() noexcept;
    bool hasInput() const noexcept { return !current_.empty() || hasPlain_; }
    std::size_t inputBytes() const noexcept { return current_.size() + input_.bytes(); }
    /// What goes to the peer; whoever sends it takes it out.
    ByteQueue& output() noexcept { return output_; }
    std::size_t outputBytes() const noexcept { return output_.size(); }

    Step handshake() noexcept;
    /// Done: `into` has bytes of at most one record, or none once the peer has said that it is
    /// finished.
    Step read(Bytes& into) noexcept;
    /// Encrypts all of it. `batchBytes`: as much as is likely to follow before all is taken out.
    Step write(BytesView bytes, std::size_t batchBytes) noexcept;
    void finish() noexcept;
    /// The peer has gone without a word.
    void inputCut() noexcept;
    /// Ends it for a reason that the library does not know of; an earlier one remains.
    void giveUp(Failure failure) noexcept;

    bool isReady() const noexcept { return isReady_; }
    bool isPeerFinished() const noexcept { return isPeerFinished_; }
    const std::optional<Failure>& failure() const noexcept { return failure_; }
    const Ref<TLSContext>& context() const noexcept { return context_; }
    TLSRole role() const noexcept { return role_; }
    ssl_st* ssl() const noexcept { return ssl_; }
    /// What was agreed on; nothing before the handshake is done.
    TLSInfo info() const;
    Ref<Certificate> peerCertificate() const;

    /// Called by the TLS library.
    static int onNewSession(ssl_st* ssl, ssl_session_st* session) noexcept;

 private:
    friend struct TlsBio;
    static int onVerified(int isFine, x509_store_ctx_st* store) noexcept;
    void setPeerName(const std::string& name);
    void noteRejection(x509_store_ctx_st* store);
    Step ended(int result) noexcept;
    Failure describe() const;

    Ref<TLSContext> context_;
    Ref<TlsSettings> settings_;
    ssl_st* ssl_;
    Bytes current_;  // the front of what was fed
    Inbox input_;    // what follows it
    ByteQueue output_;
    std::string rejection_;  // why the peer's certificate was not accepted
    int rejectionCode_ = 0;
    std::optional<Failure> failure_;
    std::size_t unfinished_ = 0;  // bytes the library has of a record that is not whole yet
    TLSRole role_;
    bool hasPlain_ = false;  // the library has decrypted more than it was asked for
    bool isReady_ = false;
    bool isPeerFinished_ = false;
    bool isFinished_ = false;
};

}  // namespace wring::detail
