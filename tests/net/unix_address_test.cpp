#include <wring/net/unix_address.hpp>

#include <wring/tests/support/folder.hpp>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cstring>
#include <fstream>
#include <unordered_set>

namespace wring {
namespace {

using testing::Folder;

std::string withNul(const std::string& text) { return '\0' + text; }
Address at(const std::string& path) { return Address::fromPath(path).value_or(Address()); }

TEST(UnixAddressTest, readsPathsAndAbstractNames) {
    for (const std::string& path : {std::string("/run/sock"), std::string("relative"),
                                    withNul("abstract"), withNul(withNul("two"))}) {
        Address address = at(path);
        EXPECT_EQ(address.family(), AddressFamily::unixSocket) << path;
        EXPECT_EQ(address.path(), path);
        EXPECT_EQ(address.host(), "");
        EXPECT_EQ(address.port(), 0);
        EXPECT_EQ(address.withPort(80), address);
        EXPECT_FALSE(address.ipv4() || address.ipv6());
    }
}

TEST(UnixAddressTest, isWrittenLikeADescription) {
    EXPECT_EQ(at("/run/sock").format(), "unix:/run/sock");
    EXPECT_EQ(at(withNul("name")).format(), "unix:@name");
    sa_family_t family = AF_UNIX;
    EXPECT_EQ(Address::fromSockaddr(&family, sizeof family).format(), "unix:");
}

TEST(UnixAddressTest, aPathHasAtMost107BytesAndNoNul) {
    EXPECT_TRUE(Address::fromPath(std::string(107, 'x')));
    EXPECT_FALSE(Address::fromPath(std::string(108, 'x')));
    EXPECT_TRUE(Address::fromPath(withNul(std::string(107, 'x'))));
    EXPECT_FALSE(Address::fromPath(withNul(std::string(108, 'x'))));
    EXPECT_FALSE(Address::fromPath(""));
    EXPECT_FALSE(Address::fromPath(std::string("a\0b", 3)));
}

TEST(UnixAddressTest, theKernelsFormComesBackAsItWent) {
    for (const std::string& path : {std::string("/run/sock"), std::string(107, 'x'), withNul("n"),
                                    withNul(std::string(107, 'y'))}) {
        Address address = at(path);
        EXPECT_EQ(Address::fromSockaddr(address.sockaddrData(), address.sockaddrSize()), address);
    }
}

TEST(UnixAddressTest, aPathMayComeWithoutItsNulAndAlone) {
    sockaddr_un raw{};
    raw.sun_family = AF_UNIX;
    std::memcpy(raw.sun_path, "/a", 2);
    constexpr std::size_t before = offsetof(sockaddr_un, sun_path);
    for (std::size_t size : {before + 2, before + 3, sizeof raw}) {
        EXPECT_EQ(Address::fromSockaddr(&raw, size).path(), "/a") << size;
    }
    EXPECT_EQ(Address::fromSockaddr(&raw, before).path(), "");
    EXPECT_EQ(Address::fromSockaddr(&raw, before), Address::fromSockaddr(&raw, before));
    EXPECT_NE(Address::fromSockaddr(&raw, before), Address());
}

TEST(UnixAddressTest, copiesShareTheNameAndOutliveEachOther) {
    auto first = std::make_unique<Address>(at("/run/sock"));
    Address copy = *first;
    Address moved = std::move(*first);
    EXPECT_EQ(first->family(), AddressFamily::none);
    first.reset();
    EXPECT_EQ(copy, moved);
    EXPECT_EQ(copy.sockaddrData(), moved.sockaddrData());
    copy = Address::loopback4(1);
    Address& same = moved;
    moved = same;
    EXPECT_EQ(moved.path(), "/run/sock");
    EXPECT_NE(copy, moved);
}

TEST(UnixAddressTest, equalNamesAreEqualAndHashAlike) {
    std::unordered_set<Address> all{at("/a"), at("/a"), at("/b"), at(withNul("a")),
                                    Address::loopback4(1)};
    EXPECT_EQ(all.size(), 4u);
    EXPECT_TRUE(all.contains(at("/b")));
    EXPECT_FALSE(all.contains(at("/c")));
}

TEST(UnixAddressTest, asApplicationsSeeItItHasANameOrNone) {
    EXPECT_EQ(UNIXAddress::from(at("/run/sock"))->name(), "/run/sock");
    sa_family_t family = AF_UNIX;
    auto unbound = UNIXAddress::from(Address::fromSockaddr(&family, sizeof family));
    ASSERT_TRUE(unbound);
    EXPECT_FALSE(unbound->name());
    EXPECT_EQ(unbound->toString(), "UNIXAddress(None)");
    EXPECT_EQ(UNIXAddress("/run/sock").toString(), "UNIXAddress('/run/sock')");
    EXPECT_FALSE(UNIXAddress::from(Address::loopback4(1)));
    EXPECT_FALSE(UNIXAddress::from(Address()));
}

TEST(UnixAddressTest, twoNamesOfOneFileAreTheSameAddress) {
    Folder folder;
    std::ofstream(folder / "file").put('x');
    std::ofstream(folder / "other").put('x');
    ASSERT_EQ(::link((folder / "file").c_str(), (folder / "link").c_str()), 0);
    UNIXAddress file(folder / "file"), link(folder / "link"), other(folder / "other");
    EXPECT_EQ(file, link);
    EXPECT_NE(file, other);
    EXPECT_NE(file, UNIXAddress(folder / "missing"));
    EXPECT_NE(UNIXAddress(), UNIXAddress(folder / "missing"));
    EXPECT_EQ(UNIXAddress(folder / "missing"), UNIXAddress(folder / "missing"));
    EXPECT_EQ((std::unordered_set<UNIXAddress>{file, link, other, UNIXAddress()}.size()), 3u);
}

}  // namespace
}  // namespace wring
