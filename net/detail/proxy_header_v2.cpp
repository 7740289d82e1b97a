#include <wring/net/detail/proxy_header_v2.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace wring::detail {

namespace {

using State = ProxyHeaderResult::State;

constexpr std::size_t fixedBytes = 16;
constexpr std::size_t pathBytes = 108;

ProxyHeaderResult invalid(const char* complaint) {
    ProxyHeaderResult result;
    result.state = State::invalid;
    result.complaint = complaint;
    return result;
}

unsigned byteAt(std::string_view text, std::size_t at) noexcept {
    return static_cast<unsigned char>(text[at]);
}

unsigned read16(std::string_view text, std::size_t at) noexcept {
    return byteAt(text, at) << 8 | byteAt(text, at + 1);
}

std::uint32_t read32(std::string_view text, std::size_t at) noexcept {
    return std::uint32_t{read16(text, at)} << 16 | read16(text, at + 2);
}

/// What the fixed bytes have to say, or may say while some are missing.
const char* complaintAbout(std::string_view text) noexcept {
    if (text.size() > 12) {
        if (byteAt(text, 12) >> 4 != 2) return "the version is not 2";
        if ((byteAt(text, 12) & 15) > 1) return "unknown command";
    }
    if (text.size() > 13) {
        if (byteAt(text, 13) >> 4 > 3) return "unknown address family";
        if ((byteAt(text, 13) & 15) > 2) return "unknown transport";
    }
    return nullptr;
}

/// How many bytes the addresses of a family take.
std::size_t addressBytes(unsigned family) noexcept {
    constexpr std::size_t bytes[] = {0, 12, 36, 2 * pathBytes};
    return bytes[family];
}

Address inetAddress(std::string_view block, std::size_t host, std::size_t port) noexcept {
    sockaddr_in raw{};
    raw.sin_family = AF_INET;
    std::memcpy(&raw.sin_addr, block.data() + host, 4);
    std::memcpy(&raw.sin_port, block.data() + port, 2);
    return Address::fromSockaddr(&raw, sizeof raw);
}

Address inet6Address(std::string_view block, std::size_t host, std::size_t port) noexcept {
    sockaddr_in6 raw{};
    raw.sin6_family = AF_INET6;
    std::memcpy(&raw.sin6_addr, block.data() + host, 16);
    std::memcpy(&raw.sin6_port, block.data() + port, 2);
    return Address::fromSockaddr(&raw, sizeof raw);
}

// A path fills its field with NULs, and so does a name of the abstract namespace.
Address unixAddress(std::string_view block, std::size_t at) noexcept {
    constexpr sa_family_t family = AF_UNIX;
    std::string_view name = block.substr(at, pathBytes);
    name = name.substr(0, name.find_last_not_of('\0') + 1);
    bool isPath = !name.empty() && name.front() != '\0';
    if (isPath) name = name.substr(0, name.find('\0'));
    return Address::fromPath(name).value_or(Address::fromSockaddr(&family, sizeof family));
}

void readAddresses(unsigned family, std::string_view block, ProxyHeader& header) noexcept {
    switch (family) {
        case 1:
            header.source = inetAddress(block, 0, 8);
            header.destination = inetAddress(block, 4, 10);
            break;
        case 2:
            header.source = inet6Address(block, 0, 32);
            header.destination = inet6Address(block, 16, 34);
            break;
        case 3:
            header.source = unixAddress(block, 0);
            header.destination = unixAddress(block, pathBytes);
            break;
        default:
            break;
    }
}

// Type, length, value, one after the other; false if they do not fill the block.
bool readTlvs(std::string_view block, std::vector<ProxyHeader::Tlv>& tlvs) {
    while (!block.empty()) {
        if (block.size() < 3) return false;
        std::size_t length = read16(block, 1);
        if (block.size() - 3 < length) return false;
        tlvs.push_back({static_cast<std::uint8_t>(block[0]), std::string(block.substr(3, length))});
        block.remove_prefix(3 + length);
    }
    return true;
}

bool readTls(std::string_view value, ProxyHeader& header) {
    std::vector<ProxyHeader::Tlv> inner;
    if (header.tls || value.size() < 5 || !readTlvs(value.substr(5), inner)) return false;
    ProxyHeader::Tls tls;
    tls.client = static_cast<std::uint8_t>(value[0]);
    tls.verify = read32(value, 1);
    for (ProxyHeader::Tlv& each : inner) {
        switch (each.type) {
            case 0x21:
                tls.version = std::move(each.value);
                break;
            case 0x22:
                tls.commonName = std::move(each.value);
                break;
            case 0x23:
                tls.cipher = std::move(each.value);
                break;
            case 0x24:
                tls.signatureAlgorithm = std::move(each.value);
                break;
            case 0x25:
                tls.keyAlgorithm = std::move(each.value);
                break;
            default:
                break;
        }
    }
    header.tls = std::move(tls);
    return true;
}

// CRC-32C, bit by bit: it stands in few headers, and these are short.
std::uint32_t crc32c(std::string_view text, std::size_t zeroFrom) noexcept {
    std::uint32_t sum = ~std::uint32_t{0};
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool isZero = i >= zeroFrom && i < zeroFrom + 4;
        sum ^= isZero ? 0 : byteAt(text, i);
        for (int bit = 0; bit < 8; ++bit) sum = sum >> 1 ^ (sum & 1 ? 0x82f63b78u : 0u);
    }
    return ~sum;
}

// The first check sum is that of the header in which its four bytes are zero.
bool isSumRight(std::string_view whole, std::size_t tlvsFrom) noexcept {
    for (std::size_t at = tlvsFrom; at < whole.size(); at += 3 + read16(whole, at + 1)) {
        if (byteAt(whole, at) != ProxyHeader::crc32c) continue;
        return read16(whole, at + 1) == 4 && crc32c(whole, at + 3) == read32(whole, at + 3);
    }
    return true;
}

}  // namespace

ProxyHeaderResult parseProxyHeaderV2(std::string_view text) {
    if (const char* complaint = complaintAbout(text)) return invalid(complaint);
    if (text.size() < fixedBytes) return {};
    unsigned family = byteAt(text, 13) >> 4;
    unsigned transport = byteAt(text, 13) & 15;
    bool isLocal = (byteAt(text, 12) & 15) == 0;
    std::size_t size = fixedBytes + read16(text, 14);
    std::size_t addresses = addressBytes(family);
    if (!isLocal && size < fixedBytes + addresses) return invalid("the addresses do not fit in");
    if (text.size() < size) return {};

    ProxyHeaderResult result;
    result.state = State::complete;
    result.size = size;
    result.header = makeRef<ProxyHeader>();
    result.header->version = 2;
    result.header->isLocal = isLocal;
    result.header->type = transport == 2 ? AddressType::udp : AddressType::tcp;
    if (isLocal) return result;  // whatever stands there is to be ignored
    std::string_view block = text.substr(fixedBytes, size - fixedBytes);
    if (transport != 0) readAddresses(family, block, *result.header);
    bool areTlvs = readTlvs(block.substr(addresses), result.header->tlvs);
    if (!areTlvs && family == 0) {
        result.header->tlvs.clear();  // an address of whatever kind may stand there
        return result;
    }
    if (!areTlvs) return invalid("malformed TLV");
    if (!isSumRight(text.substr(0, size), fixedBytes + addresses))
        return invalid("wrong check sum");
    const std::string* tls = result.header->find(ProxyHeader::ssl);
    if (tls && !readTls(*tls, *result.header)) return invalid("malformed TLV about TLS");
    return result;
}

}  // namespace wring::detail
