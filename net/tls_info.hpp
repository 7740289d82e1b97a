#pragma once

#include <wring/net/certificate.hpp>

#include <string>

namespace wring {

/// What was agreed on when a connection was secured.
class WRING_API TLSInfo {
 public:
    TLSInfo();

    std::string version;             ///< "TLSv1.3"; empty: not secured, or not yet
    std::string cipher;              ///< "TLS_AES_256_GCM_SHA384"
    std::string negotiatedProtocol;  ///< by ALPN; empty: none
    std::string serverName;          ///< that the client asked for; empty: none
    bool isResumed = false;          ///< an earlier session goes on: the handshake was short
};

}  // namespace wring
