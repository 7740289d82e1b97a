#include <wring/net/certificate_options.hpp>

#include <utility>

namespace wring {

CertificateFiles::CertificateFiles() = default;
CertificateFiles::CertificateFiles(std::string certificateFile, std::string keyFile)
    : certificate(std::move(certificateFile)),
      privateKey(keyFile.empty() ? certificate : std::move(keyFile)) {}

CertificateOptions::CertificateOptions() = default;

CertificateOptions optionsForClientTLS(std::string_view hostname) {
    CertificateOptions options;
    options.hostname = hostname;
    options.verification = PeerVerification::required;
    options.trustsPlatform = true;
    return options;
}

}  // namespace wring
