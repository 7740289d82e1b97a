#include <wring/net/address.hpp>

#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <type_traits>
#include <unordered_set>

namespace wring {
namespace {

std::string roundTrip(std::string_view host) {
    const auto address = Address::parse(host, 80);
    return address ? address->format() : "refused";
}

TEST(AddressTest, isACheapValue) {
    EXPECT_TRUE(std::is_nothrow_copy_constructible_v<Address>);
    EXPECT_TRUE(std::is_nothrow_move_constructible_v<Address>);
    EXPECT_LE(sizeof(Address), 32u);
}

TEST(AddressTest, holdsNothingUntilGivenSomething) {
    const Address none;
    EXPECT_EQ(none.family(), AddressFamily::none);
    EXPECT_EQ(none.format(), "none");
    EXPECT_EQ(none.host(), "");
    EXPECT_EQ(none.port(), 0);
    EXPECT_EQ(none.sockaddrSize(), 0u);
    EXPECT_EQ(none.withPort(80), none);
    EXPECT_FALSE(none.ipv4() || none.ipv6());
}

TEST(AddressTest, readsLiteralsAndWritesThemCanonically) {
    EXPECT_EQ(roundTrip("127.0.0.1"), "127.0.0.1:80");
    EXPECT_EQ(roundTrip("255.255.255.255"), "255.255.255.255:80");
    EXPECT_EQ(roundTrip("::1"), "[::1]:80");
    EXPECT_EQ(roundTrip("0:0:0:0:0:0:0:1"), "[::1]:80");
    EXPECT_EQ(roundTrip("2001:DB8::A"), "[2001:db8::a]:80");
    EXPECT_EQ(roundTrip("::ffff:192.0.2.1"), "[::ffff:192.0.2.1]:80");
}

TEST(AddressTest, refusesWhatIsNoLiteral) {
    using namespace std::string_view_literals;
    for (const std::string_view text : {""sv,
                                        "localhost"sv,
                                        "1"sv,
                                        "127.1"sv,
                                        "1.2.3"sv,
                                        "1.2.3.4.5"sv,
                                        "1.2.3."sv,
                                        ".1.2.3"sv,
                                        "1.2.3.256"sv,
                                        "01.2.3.4"sv,
                                        "1.2.3.00"sv,
                                        "0x7f.0.0.1"sv,
                                        "+1.2.3.4"sv,
                                        " 1.2.3.4"sv,
                                        "1.2.3.4 "sv,
                                        "1.2.3.4\n"sv,
                                        "1.2.3.4\0"sv,
                                        "1.2.3.\xd9\xa1"sv,
                                        "1.2.3.4%1"sv,
                                        "[::1]"sv,
                                        ":::"sv,
                                        "1::2::3"sv,
                                        "::12345"sv,
                                        "1:2:3:4:5:6:7"sv,
                                        "::1\0"sv,
                                        "::1%"sv,
                                        "%1"sv,
                                        "::1%no-such-if"sv,
                                        "::1%4294967296"sv,
                                        "::1%a-name-longer-than-any"sv,
                                        "::1%lo\0"sv})
        EXPECT_FALSE(Address::parse(text, 80)) << '"' << text << '"';
    EXPECT_FALSE(Address::parse(std::string(100'000, '1'), 80));
}

TEST(AddressTest, readsAScopeByNameOrNumberAndWritesTheNameIfItHasOne) {
    const auto loopback = if_nametoindex("lo");
    if (loopback == 0) GTEST_SKIP() << "this network namespace has no interface lo";
    EXPECT_EQ(roundTrip("fe80::1%lo"), "[fe80::1%lo]:80");
    EXPECT_EQ(roundTrip("fe80::1%" + std::to_string(loopback)), "[fe80::1%lo]:80");
    EXPECT_EQ(Address::parse("fe80::1%lo", 80)->ipv6()->scopeId(), loopback);
}

TEST(AddressTest, writesTheNumberOfAnInterfaceThatDoesNotExist) {
    EXPECT_EQ(roundTrip("fe80::1%4294967295"), "[fe80::1%4294967295]:80");
}

TEST(AddressTest, namesTheWellKnownAddresses) {
    EXPECT_EQ(Address::any4(1).format(), "0.0.0.0:1");
    EXPECT_EQ(Address::loopback4(65535).format(), "127.0.0.1:65535");
    EXPECT_EQ(Address::any6(0).format(), "[::]:0");
    EXPECT_EQ(Address::loopback6(80).format(), "[::1]:80");
}

TEST(AddressTest, changesThePortAndNothingElse) {
    EXPECT_EQ(Address::loopback4(1).withPort(258), Address::loopback4(258));
    EXPECT_EQ(Address::loopback6(1).withPort(258), Address::loopback6(258));
    EXPECT_EQ(Address::loopback4(1).withPort(258).port(), 258);
}

TEST(AddressTest, givesAndTakesWhatTheKernelUses) {
    for (const Address& address : {Address::loopback4(4660), *Address::parse("fe80::1%7", 4660)}) {
        sockaddr_storage kernel{};
        std::memcpy(&kernel, address.sockaddrData(), address.sockaddrSize());
        EXPECT_EQ(Address::fromSockaddr(&kernel, address.sockaddrSize()), address);
        EXPECT_EQ(Address::fromSockaddr(&kernel, sizeof kernel), address);
        EXPECT_EQ(Address::fromSockaddr(&kernel, address.sockaddrSize() - 1), Address());
    }
    EXPECT_EQ(Address::loopback4(0).sockaddrSize(), sizeof(sockaddr_in));
    EXPECT_EQ(Address::loopback4(0).sockaddrData()->sa_family, AF_INET);
    EXPECT_EQ(Address::loopback6(0).sockaddrSize(), sizeof(sockaddr_in6));
}

TEST(AddressTest, isNoneForFamiliesItDoesNotKnow) {
    sockaddr_un vsock{};
    vsock.sun_family = AF_VSOCK;
    EXPECT_EQ(Address::fromSockaddr(&vsock, sizeof vsock), Address());
    EXPECT_EQ(Address::fromSockaddr(&vsock, 1), Address());
    EXPECT_EQ(Address::fromSockaddr(nullptr, 0), Address());
}

TEST(AddressTest, doesNotCompareThePaddingOfTheKernelsForm) {
    const Address address = Address::loopback4(80);
    sockaddr_in padded;
    std::memset(&padded, 0xff, sizeof padded);
    std::memcpy(&padded, address.sockaddrData(), offsetof(sockaddr_in, sin_zero));
    EXPECT_EQ(Address::fromSockaddr(&padded, sizeof padded), address);
}

TEST(AddressTest, differsInAnyFieldAndHashesAccordingly) {
    const std::unordered_set<Address> distinct{Address(),
                                               Address::any4(80),
                                               Address::loopback4(80),
                                               Address::loopback4(81),
                                               Address::any6(80),
                                               Address::loopback6(80),
                                               *Address::parse("::1%7", 80),
                                               Address::loopback4(80)};
    EXPECT_EQ(distinct.size(), 7u);
    EXPECT_EQ(distinct.count(*Address::parse("127.0.0.1", 80)), 1u);
}

TEST(AddressTest, becomesTheApplicationsFormAndBack) {
    const Address four = Address::loopback4(80);
    EXPECT_EQ(four.ipv4(AddressType::udp), IPv4Address(AddressType::udp, "127.0.0.1", 80));
    EXPECT_FALSE(four.ipv6());
    EXPECT_EQ(Address::from(*four.ipv4()), four);

    const auto six =
        Address::from(IPv6Address(AddressType::tcp, "fe80::1", 80, 0x12345, 4000000000));
    ASSERT_TRUE(six);
    EXPECT_EQ(six->format(), "[fe80::1%4000000000]:80");
    EXPECT_EQ(six->ipv6(),
              IPv6Address(AddressType::tcp, "fe80::1%4000000000", 80, 0x12345, 4000000000));
    EXPECT_FALSE(six->ipv4());
    EXPECT_EQ(Address::from(*six->ipv6()), six);
}

TEST(AddressTest, isNotMadeFromAnApplicationsFormThatIsNoLiteral) {
    EXPECT_FALSE(Address::from(IPv4Address(AddressType::tcp, "::1", 80)));
    EXPECT_FALSE(Address::from(IPv6Address(AddressType::tcp, "127.0.0.1", 80)));
    EXPECT_FALSE(Address::from(IPv4Address(AddressType::tcp, "localhost", 80)));
}

TEST(IPv4AddressTest, isEqualWhenAllFieldsAre) {
    const std::unordered_set<IPv4Address> distinct{{AddressType::tcp, "1.2.3.4", 1},
                                                   {AddressType::udp, "1.2.3.4", 1},
                                                   {AddressType::tcp, "1.2.3.5", 1},
                                                   {AddressType::tcp, "1.2.3.4", 2},
                                                   {AddressType::tcp, "1.2.3.4", 1}};
    EXPECT_EQ(distinct.size(), 4u);
}

TEST(IPv6AddressTest, isEqualWhenAllFieldsAre) {
    const std::unordered_set<IPv6Address> distinct{
        {AddressType::tcp, "::1", 1},    {AddressType::udp, "::1", 1},
        {AddressType::tcp, "::2", 1},    {AddressType::tcp, "::1", 2},
        {AddressType::tcp, "::1", 1, 1}, {AddressType::tcp, "::1", 1, 0, 1},
        {AddressType::tcp, "::1", 1}};
    EXPECT_EQ(distinct.size(), 6u);
}

TEST(IsIPAddressTest, wantsFourDottedPartsUnlessAskedForIPv6) {
    EXPECT_TRUE(isIPAddress("192.0.2.1"));
    EXPECT_FALSE(isIPAddress("192.0.2"));
    EXPECT_FALSE(isIPAddress("::1"));
    EXPECT_TRUE(isIPAddress("::1", AddressFamily::ipv6));
    EXPECT_FALSE(isIPAddress("192.0.2.1", AddressFamily::ipv6));
    EXPECT_FALSE(isIPAddress("192.0.2.1", AddressFamily::none));
}

TEST(IsIPv6AddressTest, doesNotLookAtTheScope) {
    EXPECT_TRUE(isIPv6Address("fe80::1"));
    EXPECT_TRUE(isIPv6Address("fe80::1%no-such-if"));
    EXPECT_TRUE(isIPv6Address("fe80::1%"));
    EXPECT_FALSE(isIPv6Address("%lo"));
    EXPECT_FALSE(isIPv6Address("fe80"));
}

}  // namespace
}  // namespace wring
