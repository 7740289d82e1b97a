#include <wring/endpoints/description.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <tuple>

namespace wring {

// Lets a failing comparison show what it compared.
static bool operator==(const Description::Argument& a, const Description::Argument& b) {
    return std::tie(a.name, a.text, a.position) == std::tie(b.name, b.text, b.position);
}

static void PrintTo(const Description::Argument& argument, std::ostream* out) {
    *out << argument.name << '=' << argument.text << '@' << argument.position;
}

namespace {

using namespace std::string_view_literals;
using List = std::vector<Description::Argument>;

struct Mistake {
    std::string text;
    std::string complaint;
    std::size_t position;
};

void expectMistake(const Mistake& mistake) {
    try {
        parseDescription(mistake.text);
        ADD_FAILURE() << "accepted " << mistake.text.substr(0, 100);
    } catch (const EndpointSyntaxError& error) {
        const std::string place = " (at byte " + std::to_string(mistake.position) + ").";
        EXPECT_EQ(error.what(), "Bad endpoint description: " + mistake.complaint + place);
        EXPECT_EQ(error.position(), mistake.position);
    }
}

TEST(DescriptionTest, separatesPositionalFromKeywordArgumentsWhateverTheirOrder) {
    const auto description = parseDescription("a:b:d=1:c");
    EXPECT_EQ(description.type(), "a");
    EXPECT_EQ(description.positional(), (List{{"", "b", 2}, {"", "c", 8}}));
    EXPECT_EQ(description.keywords(), (List{{"d", "1", 4}}));
    EXPECT_EQ(description.end(), 9u);
}

TEST(DescriptionTest, mayBeATypeAlone) {
    const auto description = parseDescription("stdio");
    EXPECT_EQ(description.type(), "stdio");
    EXPECT_TRUE(description.positional().empty());
    EXPECT_TRUE(description.keywords().empty());
}

TEST(DescriptionTest, keepsEmptyArguments) {
    EXPECT_EQ(parseDescription("tcp:").positional(), (List{{"", "", 4}}));
    EXPECT_EQ(parseDescription("tcp::").positional(), (List{{"", "", 4}, {"", "", 5}}));
    EXPECT_EQ(parseDescription("tcp:a=").keywords(), (List{{"a", "", 4}}));
}

TEST(DescriptionTest, takesOnlyTheFirstEqualsSignOfAPartForASeparator) {
    EXPECT_EQ(parseDescription("t:a=b=c==").keywords(), (List{{"a", "b=c==", 2}}));
}

TEST(DescriptionTest, takesAnyByteLiterallyAfterABackslash) {
    EXPECT_EQ(parseDescription(R"(unix:/tmp/a\:b\=c\\d\x)").positional(),
              (List{{"", R"(/tmp/a:b=c\dx)", 5}}));
    EXPECT_EQ(parseDescription(R"(t:k\=\:e\y=v\:)").keywords(), (List{{"k=:ey", "v:", 2}}));
    EXPECT_EQ(parseDescription(R"(a\:b\=c:d)").type(), "a:b=c");
}

TEST(DescriptionTest, trimsNothingAndAcceptsAnyByte) {
    EXPECT_EQ(parseDescription("t: a b :\t= \n").positional(), (List{{"", " a b ", 2}}));
    EXPECT_EQ(parseDescription("t: a b :\t= \n").keywords(), (List{{"\t", " \n", 8}}));
    EXPECT_EQ(parseDescription("t:/a\0b\xff"sv).positional(), (List{{"", {"/a\0b\xff", 5}, 2}}));
}

TEST(DescriptionTest, lowersTheTypeAndNothingElse) {
    const auto description = parseDescription("TcP6:HoSt:Key=VaLue");
    EXPECT_EQ(description.type(), "tcp6");
    EXPECT_EQ(description.positional().front().text, "HoSt");
    EXPECT_EQ(description.keywords().front().name, "Key");
}

TEST(DescriptionTest, saysWhatIsWrongAndWhere) {
    const Mistake mistakes[] = {
        {"", "empty endpoint type", 0},
        {":", "empty endpoint type", 0},
        {":80", "empty endpoint type", 0},
        {"a=b:tcp", "endpoint type expected before argument 'a'", 0},
        {"\\", "dangling escape '\\'", 0},
        {"unix:/tmp/a\\", "dangling escape '\\'", 11},
        {"unix:/tmp/a\\\\\\", "dangling escape '\\'", 13},
        {"tcp:=80", "empty argument name before '='", 4},
        {"tcp:80:backlog=5:backlog=6", "argument 'backlog' given twice", 17},
        {R"(tcp:80:backlog=5:back\log=5)", "argument 'backlog' given twice", 17},
        {"tcp:\x1b[1m=1:\x1b[1m=1", R"(argument '\x1b[1m' given twice)", 11},
    };
    for (const auto& mistake : mistakes) expectMistake(mistake);
}

TEST(DescriptionTest, hasNoMoreArgumentsThanStated) {
    std::string text = "t";
    for (std::size_t i = 0; i < Description::argumentsMax; ++i) text += ":x";
    EXPECT_EQ(parseDescription(text).positional().size(), Description::argumentsMax);
    expectMistake({text + ":k=v", "more than 64 arguments", text.size() + 1});
}

TEST(DescriptionTest, copesWithAMebibyteOfOneCharacter) {
    constexpr std::size_t mebibyte = 1 << 20;
    const std::string colons(mebibyte, ':');
    expectMistake({colons, "empty endpoint type", 0});
    expectMistake({"tcp" + colons, "more than 64 arguments", 68});
    const std::string slashes(mebibyte, '\\');
    EXPECT_EQ(parseDescription(slashes).type().size(), mebibyte / 2);
    expectMistake({"t:" + slashes + "\\", "dangling escape '\\'", mebibyte + 2});
}

TEST(DescriptionTest, quotesNoMoreThanTheStartOfALongCulprit) {
    const std::string name(1000, 'n');
    expectMistake({"t:" + name + "=:" + name + "=",
                   "argument '" + std::string(40, 'n') + "...' given twice", 1004});
}

TEST(DescriptionTest, givesTheDescriptionThatAWrapperStandsInFrontOf) {
    const auto inner = parseDescription(R"(haproxy:TCP:80:interface=\:\:1)").inner();
    EXPECT_EQ(inner.type(), "tcp");
    EXPECT_EQ(inner.positional(), (List{{"", "80", 12}}));
    EXPECT_EQ(inner.keywords(), (List{{"interface", "::1", 15}}));
    EXPECT_THROW(parseDescription("haproxy").inner(), EndpointSyntaxError);
    EXPECT_THROW(parseDescription("haproxy:").inner(), EndpointSyntaxError);
}

TEST(EndpointSyntaxErrorTest, isAnErrorOfItsOwnClass) {
    const EndpointSyntaxError error("empty endpoint type", 7);
    EXPECT_EQ(&error.kind(), &EndpointSyntaxError::errorClass());
    EXPECT_EQ(error.kind().base, &Error::errorClass());
    EXPECT_EQ(error.number(), EINVAL);
}

TEST(QuoteStringArgumentTest, escapesWhatTheGrammarGivesAMeaning) {
    EXPECT_EQ(quoteStringArgument(R"(/a:b=c\d e)"), R"(/a\:b\=c\\d e)");
    EXPECT_EQ(quoteStringArgument(""), "");
}

TEST(QuoteStringArgumentTest, isUndoneByTheParserForAnyBytes) {
    std::mt19937 random(20260101);
    for (int round = 0; round < 10'000; ++round) {
        std::string text(random() % 24, '\0');
        // Half of the bytes are special ones, so that every neighbourhood of them occurs.
        for (char& c : text)
            c = random() % 2 ? ":=\\\0"[random() % 4] : static_cast<char>(random());
        const auto argument = quoteStringArgument(text);
        const auto description = parseDescription("t:" + argument + ":k=" + argument);
        ASSERT_EQ(description.positional(), (List{{"", text, 2}}));
        ASSERT_EQ(description.keywords(), (List{{"k", text, argument.size() + 3}}));
    }
}

}  // namespace
}  // namespace wring
