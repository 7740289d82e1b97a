#include <wring/net/proxy_header.hpp>

#include <wring/net/detail/proxy_header_v2.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace wring {

namespace {

using State = ProxyHeaderResult::State;

constexpr std::string_view wordV1 = "PROXY ";
constexpr std::size_t lineBytesMax = 107;

ProxyHeaderResult invalid(const char* complaint) {
    ProxyHeaderResult result;
    result.state = State::invalid;
    result.complaint = complaint;
    return result;
}

bool isBeginning(std::string_view text, std::string_view of) noexcept {
    return text.substr(0, of.size()) == of.substr(0, std::min(text.size(), of.size()));
}

std::optional<std::uint16_t> readPort(std::string_view text) noexcept {
    std::uint16_t port = 0;
    const char* end = text.data() + text.size();
    auto [stop, error] = std::from_chars(text.data(), end, port);
    bool isPlain = error == std::errc{} && stop == end && (text.size() == 1 || text.front() != '0');
    return isPlain ? std::optional<std::uint16_t>(port) : std::nullopt;
}

std::optional<Address> readEnd(AddressFamily family, std::string_view host, std::string_view port) {
    std::optional<std::uint16_t> number = readPort(port);
    if (!number || host.find('%') != host.npos) return std::nullopt;
    std::optional<Address> address = Address::parse(host, *number);
    return address && address->family() == family ? address : std::nullopt;
}

// "src dst sport dport": four words with one space between each two.
bool readEnds(AddressFamily family, std::string_view text, ProxyHeader& header) {
    std::array<std::string_view, 4> words;
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::size_t space = text.find(' ');
        if ((space == text.npos) != (i + 1 == words.size())) return false;
        words[i] = text.substr(0, space);
        text.remove_prefix(std::min(text.size(), words[i].size() + 1));
    }
    auto source = readEnd(family, words[0], words[2]);
    auto destination = readEnd(family, words[1], words[3]);
    if (!source || !destination) return false;
    header.source = *source;
    header.destination = *destination;
    return true;
}

// What may stand in a line that is not at its end: a client that speaks another protocol is to be
// found out before it has sent 107 bytes.
bool mayBecomeLine(std::string_view text) noexcept {
    constexpr std::string_view kinds[] = {"PROXY TCP4 ", "PROXY TCP6 ", "PROXY UNKNOWN"};
    auto isKind = [&](std::string_view kind) { return isBeginning(text, kind); };
    if (std::none_of(std::begin(kinds), std::end(kinds), isKind)) return false;
    bool isUnknown = text.starts_with(kinds[2]);
    if (isUnknown && text.size() > kinds[2].size() && text[kinds[2].size()] != ' ' &&
        text.substr(kinds[2].size()) != "\r") {
        return false;
    }
    bool hasAddresses = text.starts_with(kinds[0]) || text.starts_with(kinds[1]);
    if (!hasAddresses) return text.find('\n') == text.npos;
    constexpr std::string_view allowed = "0123456789abcdefABCDEF:. ";
    std::size_t strange = text.find_first_not_of(allowed, kinds[0].size());
    return strange == text.npos || (text[strange] == '\r' && strange + 1 == text.size());
}

ProxyHeaderResult parseLine(std::string_view text) {
    std::size_t end = text.substr(0, lineBytesMax).find("\r\n");
    if (end == text.npos) {
        if (text.size() >= lineBytesMax) return invalid("no end of line within 107 bytes");
        return mayBecomeLine(text) ? ProxyHeaderResult() : invalid("not a line of version 1");
    }
    ProxyHeaderResult result;
    result.state = State::complete;
    result.size = end + 2;
    result.header = makeRef<ProxyHeader>();
    std::string_view line = text.substr(wordV1.size(), end - wordV1.size());
    std::string_view kind = line.substr(0, line.find(' '));
    // Whoever saw the line feed before the end of the line has refused it.
    if (line.find('\n') != line.npos) return invalid("a line feed within the line");
    if (kind == "UNKNOWN") return result;
    if (kind != "TCP4" && kind != "TCP6")
        return invalid("the protocol is none of TCP4, TCP6, UNKNOWN");
    AddressFamily family = kind == "TCP4" ? AddressFamily::ipv4 : AddressFamily::ipv6;
    line.remove_prefix(std::min(line.size(), kind.size() + 1));
    if (!readEnds(family, line, *result.header)) return invalid("bad addresses or ports");
    return result;
}

}  // namespace

const std::string* ProxyHeader::find(std::uint8_t wanted) const noexcept {
    auto isWanted = [&](const Tlv& tlv) { return tlv.type == wanted; };
    auto found = std::find_if(tlvs.begin(), tlvs.end(), isWanted);
    return found == tlvs.end() ? nullptr : &found->value;
}

ProxyHeaderResult parseProxyHeader(BytesView bytes) {
    std::string_view text = asText(bytes);
    if (isBeginning(text, detail::proxySignature)) return detail::parseProxyHeaderV2(text);
    if (!isBeginning(text, wordV1)) return invalid("neither version 1 nor version 2");
    if (text.size() < wordV1.size()) return {};
    return parseLine(text);
}

}  // namespace wring
