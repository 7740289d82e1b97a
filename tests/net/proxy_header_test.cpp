#include <wring/net/proxy_header.hpp>

#include <gtest/gtest.h>

#include <random>

namespace wring {
namespace {

using State = ProxyHeaderResult::State;

ProxyHeaderResult parse(std::string_view text) { return parseProxyHeader(asBytes(text)); }

// Every beginning of a good header is incomplete, and what follows it is not looked at.
ProxyHeaderResult expectGood(const std::string& header) {
    for (std::size_t size = 0; size < header.size(); ++size) {
        EXPECT_EQ(parse(header.substr(0, size)).state, State::incomplete)
            << size << " bytes of " << header;
    }
    for (const char* rest : {"", "GET / HTTP/1.1\r\n", "PROXY ", "\r\n"}) {
        auto result = parse(header + rest);
        EXPECT_EQ(result.state, State::complete) << header << result.complaint;
        EXPECT_EQ(result.size, header.size());
    }
    auto result = parse(header);
    if (!result.header) result.header = makeRef<ProxyHeader>();
    return result;
}

void expectEnds(const std::string& header, const std::string& source,
                const std::string& destination) {
    auto result = expectGood(header);
    EXPECT_EQ(result.header->source.format(), source) << header;
    EXPECT_EQ(result.header->destination.format(), destination) << header;
}

TEST(ProxyHeaderV1Test, theEndsAreThoseOfTheLine) {
    expectEnds("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", "192.0.2.1:56324",
               "198.51.100.1:443");
    expectEnds("PROXY TCP6 2001:db8::1 ::1 1 2\r\n", "[2001:db8::1]:1", "[::1]:2");
    expectEnds("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n", "0.0.0.0:0",
               "255.255.255.255:65535");
    std::string six = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    expectEnds("PROXY TCP6 " + six + " " + six + " 65535 65535\r\n", "[" + six + "]:65535",
               "[" + six + "]:65535");
}

TEST(ProxyHeaderV1Test, anUnknownProtocolHasNoEnds) {
    expectEnds("PROXY UNKNOWN\r\n", "none", "none");
    expectEnds("PROXY UNKNOWN whatever stands there\r\n", "none", "none");
    expectEnds("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n", "none", "none");
}

TEST(ProxyHeaderV1Test, aBadLineIsInvalid) {
    for (std::string line : {"TCP4 300.1.1.1 1.1.1.1 1 2",
                             "TCP4 01.2.3.4 1.1.1.1 1 2",
                             "TCP4 1.1.1 1.1.1.1 1 2",
                             "TCP4 1.1.1.1 1.1.1.1 65536 2",
                             "TCP4 1.1.1.1 1.1.1.1 1 08",
                             "TCP4 1.1.1.1 1.1.1.1 1  80",
                             "TCP4 1.1.1.1 1.1.1.1 -1 2",
                             "TCP4 1.1.1.1 1.1.1.1 +1 2",
                             "TCP4 1.1.1.1 1.1.1.1 x 2",
                             "TCP4 ::1 ::1 1 2",
                             "TCP6 1.1.1.1 1.1.1.1 1 2",
                             "TCP6 fe80::1%1 ::1 1 2",
                             "TCP4  1.1.1.1 1.1.1.1 1 2",
                             "TCP4 1.1.1.1 1.1.1.1 1",
                             "TCP4 1.1.1.1 1.1.1.1 1 2 ",
                             "TCP4 1.1.1.1 1.1.1.1 1 2 3",
                             "TCP4",
                             "TCP4 ",
                             "TCP5 1.1.1.1 1.1.1.1 1 2",
                             "tcp4 1.1.1.1",
                             "UNKNOWN a\nb",
                             "UNKNOWN\ra",
                             "",
                             "UNKNOWNX",
                             "UNIX /a /b 1 2"}) {
        EXPECT_EQ(parse("PROXY " + line + "\r\n").state, State::invalid) << line;
    }
}

TEST(ProxyHeaderV1Test, aLineHasAtMost107Bytes) {
    EXPECT_EQ(parse("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n").state, State::invalid);
    EXPECT_EQ(parse("PROXY UNKNOWN " + std::string(92, 'x')).state, State::incomplete);
    EXPECT_EQ(parse("PROXY UNKNOWN " + std::string(93, 'x')).state, State::invalid);
}

TEST(ProxyHeaderV1Test, whatCannotBecomeAHeaderIsInvalidAtTheFirstSuchByte) {
    struct Case {
        std::string_view text;
        std::size_t goodBytes;
    };
    for (Case each :
         {Case{"GET / HTTP/1.1\r\n", 0}, Case{"PRX", 2}, Case{"PROXYX", 5}, Case{"PROXY TCP4G", 10},
          Case{"PROXY TCP4 1.x", 13}, Case{"PROXY UNKNOWNX", 13}, Case{"\r\n\r\nX", 4},
          Case{"PROXY TCP4 1.1.1.1\rx", 19}, Case{"PROXY UNKNOWN a\n", 15},
          Case{"PROXY UNKNOWN\ra", 14}}) {
        EXPECT_EQ(parse(each.text.substr(0, each.goodBytes)).state, State::incomplete) << each.text;
        EXPECT_EQ(parse(each.text.substr(0, each.goodBytes + 1)).state, State::invalid)
            << each.text;
    }
}

std::string number(std::size_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value & 255)};
}

std::string v2(int versionAndCommand, int familyAndTransport, const std::string& rest) {
    std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
    header += static_cast<char>(versionAndCommand);
    header += static_cast<char>(familyAndTransport);
    return header + number(rest.size()) + rest;
}

std::string tlv(int type, const std::string& value) {
    return std::string(1, static_cast<char>(type)) + number(value.size()) + value;
}

const std::string ends4("\xc0\x00\x02\x01\xc6\x33\x64\x01\xdc\x04\x01\xbb", 12);

std::string padded(std::string path) {
    path.resize(108, '\0');
    return path;
}

TEST(ProxyHeaderV2Test, theEndsAreThoseOfTheBlock) {
    expectEnds(v2(0x21, 0x11, ends4), "192.0.2.1:56324", "198.51.100.1:443");
    std::string six = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x01" +
                      std::string(15, '\0') + "\x01" + number(1) + number(2);
    expectEnds(v2(0x21, 0x21, six), "[2001:db8::1]:1", "[::1]:2");
    expectEnds(v2(0x21, 0x31, padded("/run/a") + padded("/run/b")), "unix:/run/a", "unix:/run/b");
    expectEnds(v2(0x21, 0x31, padded("") + padded('\0' + std::string("name"))),
               "unix:", "unix:@name");
    EXPECT_EQ(expectGood(v2(0x21, 0x11, ends4)).header->type, AddressType::tcp);
    EXPECT_EQ(expectGood(v2(0x21, 0x12, ends4)).header->type, AddressType::udp);
    EXPECT_EQ(expectGood(v2(0x21, 0x11, ends4)).header->version, 2);
}

TEST(ProxyHeaderV2Test, whatTellsNoEndsIsAcceptedWithoutThem) {
    for (const std::string& header :
         {v2(0x20, 0x00, ""), v2(0x20, 0x11, ends4), v2(0x20, 0x11, "short"), v2(0x21, 0x00, ""),
          v2(0x21, 0x00, "anything"), v2(0x21, 0x01, ""), v2(0x21, 0x10, ends4)}) {
        expectEnds(header, "none", "none");
    }
    EXPECT_TRUE(expectGood(v2(0x20, 0x00, "")).header->isLocal);
    EXPECT_FALSE(expectGood(v2(0x21, 0x00, "")).header->isLocal);
}

TEST(ProxyHeaderV2Test, aBadFixedPartIsInvalidAsSoonAsItIsSeen) {
    auto stateAfter = [](std::size_t bytes, const std::string& header) {
        return parse(std::string_view(header).substr(0, bytes)).state;
    };
    for (int version : {0x11, 0x31, 0x01, 0x22, 0x2f}) {
        EXPECT_EQ(stateAfter(13, v2(version, 0x11, ends4)), State::invalid) << version;
    }
    for (int family : {0x41, 0xf1, 0x13, 0x1f}) {
        EXPECT_EQ(stateAfter(14, v2(0x21, family, ends4)), State::invalid) << family;
    }
    for (std::size_t bytes : {0u, 11u}) {
        EXPECT_EQ(parse(v2(0x21, 0x11, ends4.substr(0, bytes))).state, State::invalid);
    }
    EXPECT_EQ(parse(v2(0x21, 0x21, ends4)).state, State::invalid);
    EXPECT_EQ(parse(v2(0x21, 0x31, ends4)).state, State::invalid);
}

TEST(ProxyHeaderV2Test, whatElseIsToldIsThere) {
    std::string inner = tlv(0x21, "TLSv1.3") + tlv(0x22, "a client") + tlv(0x23, "AES") +
                        tlv(0x24, "SHA256") + tlv(0x25, "RSA2048") + tlv(0x2f, "later");
    std::string tls = tlv(0x20, std::string("\x07\0\0\0\x01", 5) + inner);
    auto result =
        expectGood(v2(0x21, 0x11, ends4 + tlv(1, "h2") + tlv(4, "") + tlv(2, "name") + tls));
    const ProxyHeader& header = *result.header;
    EXPECT_EQ(header.tlvs.size(), 4u);
    ASSERT_NE(header.find(ProxyHeader::alpn), nullptr);
    EXPECT_EQ(*header.find(ProxyHeader::alpn), "h2");
    EXPECT_EQ(header.find(ProxyHeader::uniqueId), nullptr);
    ASSERT_TRUE(header.tls);
    EXPECT_EQ(header.tls->client, 7);
    EXPECT_EQ(header.tls->verify, 1u);
    EXPECT_EQ(header.tls->version, "TLSv1.3");
    EXPECT_EQ(header.tls->commonName, "a client");
    EXPECT_EQ(header.tls->cipher + header.tls->signatureAlgorithm + header.tls->keyAlgorithm,
              "AESSHA256RSA2048");
}

TEST(ProxyHeaderV2Test, aMalformedTlvIsInvalid) {
    for (const std::string& rest :
         {std::string("\x01"), std::string("\x01\x00", 2), std::string("\x01\x00\x02x", 4),
          tlv(1, "h2") + "x", tlv(0x20, ""), tlv(0x20, std::string(4, '\0')),
          tlv(0x20, std::string(5, '\0') + "\x21"),
          tlv(0x20, std::string(5, '\0') + std::string("\x21\x00\x09TLS", 6))}) {
        EXPECT_EQ(parse(v2(0x21, 0x11, ends4 + rest)).state, State::invalid);
    }
}

TEST(ProxyHeaderV2Test, aCheckSumIsChecked) {
    auto withSum = [](const std::string& sum) { return v2(0x21, 0x11, ends4 + tlv(3, sum)); };
    EXPECT_EQ(parse(withSum("\x77\x77\x77\x77")).state, State::invalid);
    EXPECT_EQ(parse(withSum("abc")).state, State::invalid);
    EXPECT_EQ(parse(withSum(std::string("\x73\x7e\xe9\x19", 4))).state, State::complete);
}

TEST(ProxyHeaderV2Test, theLongestHeaderIsTaken) {
    std::string header = v2(0x21, 0x11, ends4 + tlv(4, std::string(65535 - 15, 'x')));
    EXPECT_EQ(parse(header).size, 16u + 65535);
    EXPECT_EQ(parse(header.substr(0, header.size() - 1)).state, State::incomplete);
}

TEST(ProxyHeaderV2Test, whateverComesTheVerdictNeverChangesForTheWorseOrBetter) {
    std::mt19937 random(1);
    const std::string seeds[] = {
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n",
        v2(0x21, 0x11, ends4 + tlv(1, "h2") + tlv(0x20, "\x01\x02\x03\x04\x05")),
        v2(0x21, 0x31, padded("/a") + padded("/b"))};
    for (int round = 0; round < 3000; ++round) {
        std::string text = seeds[random() % 3] + "tail";
        for (unsigned i = random() % 3; i > 0; --i) {
            text[random() % text.size()] = static_cast<char>(random());
        }
        State whole = parse(text).state;
        for (std::size_t size = 0; size <= text.size(); ++size) {
            State now = parse(text.substr(0, size)).state;
            EXPECT_TRUE(now == State::incomplete || now == whole) << size << " of round " << round;
        }
    }
}

}  // namespace
}  // namespace wring
