#include <wring/net/proxy_header.hpp>
#include <wring/tests/fuzz/input.hpp>
#include <wring/tests/fuzz/property.hpp>

#include <algorithm>
#include <tuple>

// The bytes are parsed as they are, and then taken for the parts of a good header of version 2.

namespace wring::testing {

namespace {

using State = ProxyHeaderResult::State;

ProxyHeaderResult parse(std::string_view text) { return parseProxyHeader(asBytes(text)); }

bool isInet(const Address& address) { return address.port() != 0 || !address.host().empty(); }

// The same ends in a header of version 1.
void checkLine(const ProxyHeader& header, std::string_view text) {
    if (!isInet(header.source)) return;
    bool isIPv4 = header.source.family() == AddressFamily::ipv4;
    std::string line = isIPv4 ? "PROXY TCP4 " : "PROXY TCP6 ";
    line += header.source.host() + " " + header.destination.host() + " ";
    line += std::to_string(header.source.port()) + " " + std::to_string(header.destination.port());
    line += "\r\n";
    if (header.version == 1 && isIPv4) require(line == text, "a line is printed as it was");
    ProxyHeaderResult again = parse(line);
    require(again.state == State::complete, "what is printed is a header");
    bool isSame =
        again.header->source == header.source && again.header->destination == header.destination;
    require(isSame, "the ends that are printed are those that were parsed");
}

ProxyHeaderResult checkBytes(std::string_view text) {
    ProxyHeaderResult whole = parse(text);
    // All of what may be a line, and most of what is longer, in time.
    std::size_t step = 1 + text.size() / 256;
    for (std::size_t size = 0; size < text.size(); size += step) {
        ProxyHeaderResult part = parse(text.substr(0, size));
        if (part.state == State::invalid) {
            require(whole.state == State::invalid, "what has begun wrong stays wrong");
        } else if (part.state == State::complete) {
            require(whole.state == State::complete && whole.size == part.size,
                    "what follows a header is not looked at");
        } else {
            bool isMore = whole.state != State::complete || whole.size > size;
            require(isMore, "a header is seen as soon as it is there");
        }
    }
    if (whole.state != State::complete) return whole;
    require(whole.header && whole.size > 0 && whole.size <= text.size(), "a header has a size");
    if (whole.header->version == 1) require(whole.size <= 107, "a line has at most 107 bytes");
    checkLine(*whole.header, text.substr(0, whole.size));
    return whole;
}

std::string big16(std::size_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value & 255)};
}

// A piece of a type of which nothing else is demanded.
ProxyHeader::Tlv takeTlv(Input& input) {
    std::uint8_t type = input.byte();
    if (type == ProxyHeader::crc32c || type == ProxyHeader::ssl) type = 0xe0;
    return {type, std::string(input.text(input.byte() % 16))};
}

void checkParts(Input input) {
    constexpr std::size_t addressBytes[] = {0, 12, 36, 216};
    unsigned family = input.byte() % 4, transport = input.byte() % 3;
    std::string block(input.text(addressBytes[family]));
    block.resize(addressBytes[family]);
    std::vector<ProxyHeader::Tlv> tlvs;
    while (!input.empty() && tlvs.size() < 200) {
        tlvs.push_back(takeTlv(input));
        block += static_cast<char>(tlvs.back().type) + big16(tlvs.back().value.size());
        block += tlvs.back().value;
    }
    std::string header("\r\n\r\n\0\r\nQUIT\n\x21", 13);
    header += static_cast<char>(family << 4 | transport);
    header += big16(block.size()) + block;

    ProxyHeaderResult result = checkBytes(header + "PROXY");
    require(result.state == State::complete && result.size == header.size(), "it is a header");
    const auto isSame = [](const ProxyHeader::Tlv& a, const ProxyHeader::Tlv& b) {
        return std::tie(a.type, a.value) == std::tie(b.type, b.value);
    };
    const auto& found = result.header->tlvs;
    bool areAll = std::equal(found.begin(), found.end(), tlvs.begin(), tlvs.end(), isSame);
    require(areAll, "all further information is there, in order");
    bool isTold = family != 0 && transport != 0;
    bool isThere = result.header->source.family() != AddressFamily::none;
    require(isTold == isThere, "there are ends where the header tells them");
}

}  // namespace

}  // namespace wring::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    wring::testing::Input input(data, size);
    wring::testing::checkBytes(input.rest());
    wring::testing::checkParts(input);
    return 0;
}
