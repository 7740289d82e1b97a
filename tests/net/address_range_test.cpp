#include <wring/net/address_range.hpp>

#include <gtest/gtest.h>

namespace wring {
namespace {

Address at(std::string_view host) { return Address::parse(host, 80).value_or(Address()); }

TEST(AddressRangeTest, holdsWhatBeginsWithTheSameBits) {
    struct Case {
        const char* range;
        const char* inside;
        const char* outside;
    };
    for (Case each :
         {Case{"10.0.0.0/8", "10.255.0.1", "11.0.0.0"}, Case{"192.0.2.1", "192.0.2.1", "192.0.2.2"},
          Case{"192.0.2.128/25", "192.0.2.255", "192.0.2.127"}, Case{"0.0.0.0/0", "1.2.3.4", "::1"},
          Case{"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"}, Case{"::1", "::1", "::2"},
          Case{"::/0", "2001::1", "1.2.3.4"},
          Case{"10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3"}}) {
        auto range = AddressRange::parse(each.range);
        ASSERT_TRUE(range) << each.range;
        EXPECT_TRUE(range->contains(at(each.inside))) << each.range;
        EXPECT_FALSE(range->contains(at(each.outside))) << each.range;
        EXPECT_FALSE(range->contains(Address()));
        EXPECT_FALSE(range->contains(*Address::fromPath("/run/sock")));
    }
}

TEST(AddressRangeTest, unixHoldsEveryUnixSocketAndNothingElse) {
    auto range = AddressRange::parse("unix");
    ASSERT_TRUE(range);
    EXPECT_TRUE(range->contains(*Address::fromPath("/run/sock")));
    EXPECT_FALSE(range->contains(at("127.0.0.1")));
    EXPECT_FALSE(range->contains(Address()));
}

TEST(AddressRangeTest, refusesWhatIsNoRange) {
    for (const char* text :
         {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8",
          "::1/129", "::1/64", "localhost", "10.0.0.0/8/8", "fe80::%1/64", "UNIX"}) {
        EXPECT_FALSE(AddressRange::parse(text)) << text;
    }
}

}  // namespace
}  // namespace wring
