#pragma once

#include <wring/net/certificate_options.hpp>
#include <wring/runtime/ref.hpp>

namespace wring {

namespace detail {
class TlsSettings;
}

/// Which part a side of a connection plays.
enum class TLSRole : std::uint8_t { client, server };

/// Counters of one TLSContext.
struct TLSStats {
    std::uint64_t handshakes = 0;  ///< that went well
    std::uint64_t resumed = 0;     ///< of these, short ones
    std::uint64_t failed = 0;      ///< in whatever way, also for lack of time
};

/// Certificates, keys and rules that connections are secured with; one serves any number, in
/// either role. Everything is read and checked when it is made.
///
/// Thread    one reactor's.
/// Source    Twisted: a context factory. OpenSSL: SSL_CTX.
class WRING_API TLSContext final : public RefCounted {
 public:
    /// Errors: CertificateError names the file and the cause, or the contradiction.
    explicit TLSContext(CertificateOptions options);
    ~TLSContext() override;

    /// Reads all files again; what is secured from now on uses what they say now, what is secured
    /// already goes on. Tickets given out before lead to full handshakes.
    ///
    /// Errors    CertificateError: then everything stays as it was.
    void reload();

    /// What it was made from.
    const CertificateOptions& options() const noexcept { return options_; }
    /// How its handshakes ended so far.
    const TLSStats& stats() const noexcept { return stats_; }

    /// For the one who counts, and for the connections.
    TLSStats& counters() noexcept { return stats_; }
    const Ref<detail::TlsSettings>& settings() const noexcept { return settings_; }

 private:
    CertificateOptions options_;
    Ref<detail::TlsSettings> settings_;
    TLSStats stats_;
};

}  // namespace wring
