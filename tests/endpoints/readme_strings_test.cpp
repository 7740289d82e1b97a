#include <wring/tests/endpoints/endpoint_strings.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <vector>

namespace wring {
namespace {

using namespace testing;
using Strings = std::vector<std::string>;

/// What stands between marks such as `these`.
Strings quotedIn(std::string_view text) {
    Strings found;
    while (text.find('`') != text.npos) {
        text.remove_prefix(text.find('`') + 1);
        found.emplace_back(text.substr(0, text.find('`')));
        text.remove_prefix(found.back().size() + 1);
    }
    return found;
}

/// The parameters that strings such as "tcp:port:backlog=50" show, in their order.
std::string parametersOf(const Strings& shown, const std::string& type) {
    Strings names;
    for (const std::string& each : shown) {
        if (!each.starts_with(type + ":")) continue;
        Description description = parseDescription(each);
        std::map<std::size_t, std::string> inOrder;
        for (const auto& one : description.positional()) inOrder[one.position] = one.text;
        for (const auto& one : description.keywords()) inOrder[one.position] = one.name;
        for (const auto& [position, name] : inOrder) {
            if (!name.empty() && std::ranges::count(names, name) == 0) names.push_back(name);
        }
    }
    std::string text;
    for (const std::string& each : names) text += (text.empty() ? "" : ", ") + each;
    return text.empty() ? "none" : text;
}

/// The parameters that a type says it knows when it is given another one.
std::string known(const std::string& complaint) {
    constexpr std::string_view start = "(known: ";
    std::size_t begin = complaint.find(start);
    if (begin == complaint.npos) return complaint;
    std::string names = complaint.substr(begin + start.size());
    names.resize(names.find(')'));
    constexpr std::string_view formerName = ", checkPID";
    return names.substr(0, names.find(formerName));
}

class ReadmeStringsTest : public EndpointStringTest {
 protected:
    /// The only line that begins so, without that.
    static std::string lineAfter(std::string_view start) {
        std::string found;
        std::ifstream file(WRING_TEST_README);
        for (std::string line; std::getline(file, line);) {
            if (!line.starts_with(start)) continue;
            EXPECT_EQ(found, "") << "two lines begin with " << start;
            found = line.substr(start.size());
        }
        return found;
    }
    /// The columns of the table's line for a type: what listens and what connects.
    static std::array<Strings, 2> shownFor(const std::string& type) {
        std::string line = lineAfter("| `" + type + "` | ");
        std::size_t middle = std::min(line.find('|'), line.size());
        return {quotedIn(line.substr(0, middle)), quotedIn(line.substr(middle))};
    }
};

TEST_F(ReadmeStringsTest, theTableHasEachParameterOfEachTypeInItsPlace) {
    auto expectKnown = [](const Strings& shown, const std::string& type, auto complaintOf) {
        std::string answer = complaintOf(type + ":bogus=1");
        if (shown.empty()) {
            EXPECT_PRED2(has, answer, "unknown endpoint type");
        } else {
            EXPECT_EQ(parametersOf(shown, type), known(answer));
        }
    };
    for (std::string type : {"tcp", "tcp6", "unix", "systemd", "fd", "ssl", "tls", "stdio"}) {
        auto [listening, connecting] = shownFor(type);
        EXPECT_GT(listening.size() + connecting.size(), 0u) << type;
        expectKnown(listening, type, [this](const std::string& text) { return server(text); });
        expectKnown(connecting, type, [this](const std::string& text) { return client(text); });
    }
}

TEST_F(ReadmeStringsTest, itsExamplesAreAccepted) {
    Strings listening = quotedIn(lineAfter("To listen: "));
    EXPECT_GT(listening.size(), 4u);
    for (const std::string& each : listening) EXPECT_EQ(server(each), "accepted") << each;
    Strings connecting = quotedIn(lineAfter("To connect: "));
    EXPECT_GT(connecting.size(), 3u);
    for (const std::string& each : connecting) EXPECT_EQ(client(each), "accepted") << each;
}

}  // namespace
}  // namespace wring
