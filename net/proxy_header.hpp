#pragma once

#include <wring/net/address.hpp>
#include <wring/runtime/bytes.hpp>
#include <wring/runtime/ref.hpp>

#include <vector>

namespace wring {

/// What a proxy says of a connection that it passes on: who made it, and to where. Immutable.
///
/// Source    the PROXY protocol, versions 1 and 2, of HAProxy.
class WRING_API ProxyHeader : public RefCounted {
 public:
    /// One piece of further information, version 2 only.
    struct Tlv {
        std::uint8_t type;  ///< see Type
        std::string value;  ///< any bytes
    };
    /// Types of it that have a meaning for everybody.
    enum Type : std::uint8_t {
        alpn = 0x01,              ///< protocol chosen by TLS's ALPN
        authority = 0x02,         ///< host name that the client asked for
        crc32c = 0x03,            ///< check sum over the header; checked while it is parsed
        noop = 0x04,              ///< padding
        uniqueId = 0x05,          ///< of the connection
        ssl = 0x20,               ///< see Tls
        networkNamespace = 0x30,  ///< where the proxy took the connection
    };
    /// What the proxy knows of the client's TLS.
    struct Tls {
        /// Bit 0: over TLS; 1: with a certificate, on this connection; 2: on its session.
        std::uint8_t client = 0;
        std::uint32_t verify = 0;  ///< 0 if the client's certificate was verified
        std::string version;       ///< "TLSv1.3"; empty if not told, like those that follow
        std::string commonName;    ///< of the certificate
        std::string cipher;        ///< as OpenSSL names it
        std::string signatureAlgorithm;
        std::string keyAlgorithm;
    };

    int version = 1;                      ///< of the header: 1 or 2
    bool isLocal = false;                 ///< the proxy's own connection, a health check
    AddressType type = AddressType::tcp;  ///< udp for datagrams
    Address source;                       ///< of no family where the header tells none
    Address destination;                  ///< likewise
    std::vector<Tlv> tlvs;                ///< in order
    std::optional<Tls> tls;               ///< from the one of type `ssl`

    /// The value of the first piece of that type, or null.
    const std::string* find(std::uint8_t wanted) const noexcept;
};

/// How far a header has come.
class WRING_API ProxyHeaderResult {
 public:
    /// What is known of the bytes.
    enum class State : std::uint8_t {
        incomplete,  ///< all of them belong to a header that may become a good one
        complete,    ///< a header stands in front
        invalid,     ///< no good header begins like this
    };
    ProxyHeaderResult() noexcept = default;

    State state = State::incomplete;
    Ref<ProxyHeader> header;     ///< of a complete one
    std::size_t size = 0;        ///< of a complete one, in bytes
    const char* complaint = "";  ///< about an invalid one
};

/// Looks for a header of version 1 or 2 in front of `bytes`. A pure function of them: whatever way
/// they are cut, the verdict on the whole is the same, and invalid at the first byte that cannot
/// belong to a good header.
///
/// Shape     version 1: at most 107 bytes, single spaces, addresses of the family it names, ports
/// in
///           decimal without leading zeros. Version 2: at most 16 + 65535 bytes.
/// Source    proxy-protocol.txt of HAProxy. Twisted's parser wants the first chunk to hold at least
///           16 bytes of it and takes any text for an address.
WRING_API ProxyHeaderResult parseProxyHeader(BytesView bytes);

}  // namespace wring
