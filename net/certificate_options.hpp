#pragma once

#include <wring/runtime/api.hpp>
#include <wring/runtime/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wring {

/// The versions of the protocol that wring speaks.
enum class TLSVersion : std::uint8_t { tls12, tls13 };

/// What is asked of the peer's certificate.
enum class PeerVerification : std::uint8_t {
    none,      ///< nothing; whoever answers is believed
    optional,  ///< it may be missing; one that is shown has to be right. Of a client: as `required`
    required,  ///< it has to be there and right
};

/// A certificate and its private key: names of files in PEM format.
class WRING_API CertificateFiles {
 public:
    CertificateFiles();
    /// `keyFile` empty: the key is in the certificate's file.
    explicit CertificateFiles(std::string certificateFile, std::string keyFile = {});

    /// The certificate, perhaps with its chain, in any order; empty: none.
    std::string certificate;
    /// The key. A file that everybody may read is refused; one that a group may read is warned of.
    std::string privateKey;
    /// Certificates between this one and the trusted one, if they are in a file of their own.
    std::string extraCertChain;
};

/// What a TLSContext is made from. Set by name on an object.
///
/// Source    Twisted: CertificateOptions.
class WRING_API CertificateOptions {
 public:
    CertificateOptions();

    CertificateFiles own;                 ///< what this side shows; servers need one
    std::vector<CertificateFiles> named;  ///< a server's further ones: chosen by the name asked for
    bool refusesUnknownNames = false;     ///< a name that none is for: refused, or `own` is shown

    PeerVerification verification = PeerVerification::none;
    bool trustsPlatform = false;            ///< the authorities that the system trusts
    std::vector<std::string> trustFiles;    ///< PEM files with authorities
    std::vector<std::string> trustFolders;  ///< in which every `*.pem` is one; bad ones are skipped
    std::string hostname;  ///< of a client: the server it wants, name or IP address; empty: anyone

    std::vector<std::string> acceptableProtocols;  ///< ALPN; a server's order decides
    TLSVersion raiseMinimumTo = TLSVersion::tls12;
    TLSVersion lowerMaximumTo = TLSVersion::tls13;
    std::string acceptableCiphers;  ///< of TLS 1.2, as OpenSSL writes them; empty: its strong ones
    std::string dhParameters;       ///< PEM file; empty: chosen to fit the key
    bool resumesSessions = true;    ///< by tickets, for which a server keeps nothing
    Duration handshakeTimeout = std::chrono::seconds(10);  ///< which progress does not extend
};

/// The options of a client that wants to talk to `hostname`, a DNS name or an IP address, and to
/// nobody else: verifies the chain up to what the platform trusts, and the name.
///
/// Source    Twisted: optionsForClientTLS.
WRING_API CertificateOptions optionsForClientTLS(std::string_view hostname);

}  // namespace wring
