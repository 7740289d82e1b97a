#include <wring/net/hostname.hpp>

#include <gtest/gtest.h>

namespace wring {
namespace {

struct Case {
    std::string host;
    std::string expected;  // the name, or a part of the complaint
};

std::string labels(std::size_t count, std::size_t size) {
    std::string name;
    while (count-- > 0) name += (name.empty() ? "" : ".") + std::string(size, 'a');
    return name;
}

void PrintTo(const Case& example, std::ostream* out) { *out << example.host; }

class ValidHostnameTest : public ::testing::TestWithParam<Case> {};
class InvalidHostnameTest : public ::testing::TestWithParam<Case> {};

TEST_P(ValidHostnameTest, hasOneAsciiForm) {
    Result<std::string> name = asciiHostname(GetParam().host);
    ASSERT_TRUE(name) << name.error().getErrorMessage();
    EXPECT_EQ(*name, GetParam().expected);
}

TEST_P(InvalidHostnameTest, isRefusedWithTheReason) {
    Result<std::string> name = asciiHostname(GetParam().host);
    ASSERT_FALSE(name) << *name;
    EXPECT_TRUE(name.error().check<InvalidHostnameError>());
    EXPECT_TRUE(name.error().check<DNSLookupError>());
    std::string text = name.error().getErrorMessage();
    EXPECT_EQ(text.rfind("Invalid hostname: '", 0), 0u) << text;
    EXPECT_NE(text.find(GetParam().expected), std::string::npos) << text;
}

INSTANTIATE_TEST_SUITE_P(
    Names, ValidHostnameTest,
    ::testing::Values(Case{"example.com", "example.com"}, Case{"EXAMPLE.com.", "example.com."},
                      Case{"_sip._tcp.example", "_sip._tcp.example"}, Case{"a-1", "a-1"},
                      Case{"bücher.example", "xn--bcher-kva.example"},
                      Case{"BÜCHER.example", "xn--bcher-kva.example"},
                      Case{"bu\u0308cher.example", "xn--bcher-kva.example"},
                      Case{"xn--bcher-kva.example", "xn--bcher-kva.example"},
                      Case{"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
                      Case{"пример.example", "xn--e1afmkfd.example"},
                      Case{"例え.example", "xn--r8jz45g.example"},
                      Case{"abc.пример", "abc.xn--e1afmkfd"}, Case{labels(4, 49), labels(4, 49)},
                      Case{labels(1, 63), labels(1, 63)},
                      Case{labels(4, 61) + ".aaaaa", labels(4, 61) + ".aaaaa"}));

INSTANTIATE_TEST_SUITE_P(
    Names, InvalidHostnameTest,
    ::testing::Values(Case{"", "it is empty"}, Case{".", "it is empty"},
                      Case{"a..b", "a label is empty"}, Case{".a", "a label is empty"},
                      Case{"a...", "a label is empty"},
                      Case{labels(4, 61) + ".aaaaaa", "longer than 253 bytes"},
                      Case{labels(1, 64) + ".example", "a label is longer than 63 bytes"},
                      Case{"host name", "a character that no name has"},
                      Case{"user@host", "a character that no name has"},
                      Case{std::string("a\0b", 3), "a character that no name has"},
                      Case{"\U0001F600.example", "disallowed"},
                      Case{"\xff\xfe.example", "'\\xff\\xfe.example': "},
                      Case{"r\u0430ypal.example", "letters of several scripts"},
                      Case{"xn--pypal-4ve.example", "letters of several scripts"},
                      Case{"xn--\u0430.example", "'xn--"}));

}  // namespace
}  // namespace wring
