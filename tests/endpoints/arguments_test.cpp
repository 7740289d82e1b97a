#include <wring/endpoints/arguments.hpp>

#include <gtest/gtest.h>

#include <functional>

namespace wring {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

Arguments serverTcp(std::string_view text) {
    return Arguments(parseDescription(text), {"port", "interface", "backlog"});
}

Arguments serverTcp6(std::string_view text) {
    return Arguments(parseDescription(text), {"port", "backlog", "interface"});
}

Arguments clientTcp(std::string_view text) {
    return Arguments(parseDescription(text), {"host", "port"}, {"timeout", "bindAddress"},
                     Positionals::skipNamed);
}

Arguments serverUnix(std::string_view text) {
    return Arguments(parseDescription(text), {"address", "mode", "backlog", "lockfile"});
}

/// The message of the error that `read` meets, without what all messages have in common.
std::string complaint(const std::function<void()>& read) {
    try {
        read();
    } catch (const EndpointSyntaxError& error) {
        const std::string_view text = error.what();
        constexpr std::string_view start = "Bad endpoint description: ";
        EXPECT_EQ(text.substr(0, start.size()), start);
        return std::string(text.substr(start.size(), text.size() - start.size() - 1));
    }
    return "accepted";
}

std::string portComplaint(std::string_view text) {
    return complaint([=] { serverTcp(text).port("port"); });
}

TEST(ArgumentsTest, areFoundByPositionAndByKeyword) {
    for (const auto* text : {"tcp:80:1.2.3.4:9", "tcp:backlog=9:interface=1.2.3.4:port=80",
                             "tcp:80:backlog=9:1.2.3.4"}) {
        const auto arguments = serverTcp(text);
        EXPECT_EQ(arguments.port("port"), 80) << text;
        EXPECT_EQ(arguments.text("interface"), "1.2.3.4") << text;
        EXPECT_EQ(arguments.integer("backlog", 0, 100, 50), 9) << text;
    }
}

TEST(ArgumentsTest, fallBackWhenLeftOut) {
    const auto arguments = serverTcp("tcp:80");
    EXPECT_FALSE(arguments.has("interface"));
    EXPECT_EQ(arguments.text("interface", "any"), "any");
    EXPECT_EQ(arguments.path("interface", "file"), "file");
    EXPECT_EQ(arguments.integer("backlog", 0, 100, 50), 50);
    EXPECT_EQ(arguments.seconds("backlog", 30s), 30s);
    EXPECT_EQ(arguments.mode("backlog", 0666), 0666u);
    EXPECT_TRUE(arguments.boolean("backlog", true));
}

TEST(ArgumentsTest, letTheClientsPositionalsPassOverWhatIsGivenByKeyword) {
    for (const auto* text :
         {"tcp:h:80", "tcp:host=h:port=80", "tcp:h:port=80", "tcp:host=h:80", "tcp:80:host=h"}) {
        EXPECT_EQ(clientTcp(text).text("host"), "h") << text;
        EXPECT_EQ(clientTcp(text).port("port"), 80) << text;
    }
    EXPECT_EQ(clientTcp(R"(tcp:host=\:\:1:port=80)").text("host"), "::1");
}

TEST(ArgumentsTest, mustBelongToAParameterOnce) {
    const std::string hint = R"(; escape ':' as '\:' inside a value)";
    EXPECT_EQ(complaint([] { serverTcp("tcp:80:bogus=1"); }),
              "tcp: unknown argument 'bogus' (known: port, interface, backlog) (at byte 7)");
    EXPECT_EQ(complaint([] { Arguments(parseDescription("stdio:a=b"), {}); }),
              "stdio: unknown argument 'a' (known: none) (at byte 6)");
    EXPECT_EQ(complaint([] { serverTcp("tcp:80:interface=127.0.0.1:50"); }),
              "tcp: interface given twice, as 'interface=127.0.0.1' and as positional '50'" + hint +
                  " (at byte 27)");
    EXPECT_EQ(complaint([] { serverTcp6("tcp6:8080:interface=::1"); }),
              "tcp6: interface given twice, as 'interface=' and as positional '1'" + hint +
                  " (at byte 22)");
    EXPECT_EQ(
        complaint([] { clientTcp("tcp:::1:80"); }),
        "tcp: too many positional arguments, '1' is beyond the 2 accepted" + hint + " (at byte 6)");
    EXPECT_EQ(complaint([] { clientTcp("tcp:h:80:host=x"); }),
              "tcp: host given twice, as 'host=x' and as positional 'h'" + hint + " (at byte 4)");
    EXPECT_EQ(complaint([] { clientTcp("tcp:h:80:port=81"); }),
              "tcp: port given twice, as 'port=81' and as positional '80'" + hint + " (at byte 6)");
    EXPECT_EQ(
        complaint([] { clientTcp("tcp:h:80:5"); }),
        "tcp: too many positional arguments, '5' is beyond the 2 accepted" + hint + " (at byte 9)");
}

TEST(ArgumentsTest, acceptAPortFrom0To65535) {
    for (const int port : {0, 1, 80, 65535})
        EXPECT_EQ(serverTcp("tcp:" + std::to_string(port)).port("port"), port);
}

TEST(ArgumentsTest, refuseWhatIsNoPort) {
    EXPECT_EQ(portComplaint("tcp"), "tcp: missing port (at byte 3)");
    EXPECT_EQ(portComplaint("tcp:"), "tcp: port is empty (at byte 4)");
    EXPECT_EQ(portComplaint("tcp:65536"), "tcp: port 65536 out of 0..65535 (at byte 4)");
    EXPECT_EQ(portComplaint("tcp:-1"), "tcp: port -1 out of 0..65535 (at byte 4)");
    EXPECT_EQ(portComplaint("tcp:99999999999999999999"),
              "tcp: port 99999999999999999999 out of 0..65535 (at byte 4)");
    EXPECT_EQ(portComplaint("tcp:080"), "tcp: port '080' has a leading zero (at byte 4)");
    EXPECT_EQ(portComplaint("tcp:http"), "tcp: port 'http' is not a decimal number (at byte 4)");
    EXPECT_EQ(portComplaint("tcp:interface=:port=\xd9\xa8"),
              R"(tcp: port '\xd9\xa8' is not a decimal number (at byte 15))");
    for (const auto* text :
         {" 80", "80 ", "+80", "8_0", "0x50", "80.0", "1e2", "-", "-0", "00", "8\n"})
        EXPECT_NE(portComplaint("tcp:"s + text), "accepted") << text;
}

TEST(ArgumentsTest, checkTheRangeOfIntegers) {
    const auto backlog = [](const std::string& text) {
        return serverTcp("tcp:80:backlog=" + text).integer("backlog", 0, 2147483647, 50);
    };
    EXPECT_EQ(backlog("0"), 0);
    EXPECT_EQ(backlog("1000000000"), 1'000'000'000);
    EXPECT_EQ(complaint([&] { backlog("-1"); }),
              "tcp: backlog -1 out of 0..2147483647 (at byte 7)");
    EXPECT_EQ(complaint([&] { backlog("abc"); }),
              "tcp: backlog 'abc' is not a decimal number (at byte 7)");
    EXPECT_EQ(complaint([&] { backlog(""); }), "tcp: backlog is empty (at byte 7)");
    EXPECT_EQ(serverTcp("tcp:-5").integer("port", -10, 10, 0), -5);
}

TEST(ArgumentsTest, readSecondsToTheNanosecond) {
    const auto timeout = [](const std::string& text) {
        return clientTcp("tcp:host=localhost:port=80:timeout=" + text).seconds("timeout", 30s);
    };
    EXPECT_EQ(timeout("30"), 30s);
    EXPECT_EQ(timeout("0.1"), 100ms);
    EXPECT_EQ(timeout("2e-3"), 2ms);
    EXPECT_EQ(timeout("0.000000001"), 1ns);
    EXPECT_EQ(timeout("1e9"), 1'000'000'000s);

    const std::pair<std::string, std::string> refused[] = {
        {"0", "0 must be > 0"},
        {"-1", "-1 must be > 0"},
        {"1e-10", "1e-10 must be > 0"},
        {"nan", "'nan' is not a number"},
        {"inf", "'inf' is not a number"},
        {"abc", "'abc' is not a number"},
        {"1s", "'1s' is not a number"},
        {"+1", "'+1' is not a number"},
        {" 1", "' 1' is not a number"},
        {"1,5", "'1,5' is not a number"},
        {"-", "'-' is not a number"},
        {"1e308", "1e308 is too large, max 1e9 s"},
        {"1000000001", "1000000001 is too large, max 1e9 s"},
        {"1e400", "1e400 is out of range, must be > 0 and at most 1e9 s"},
        {"1e-400", "1e-400 is out of range, must be > 0 and at most 1e9 s"},
        {"", "is empty"},
    };
    for (const auto& [text, why] : refused)
        EXPECT_EQ(complaint([&] { timeout(text); }), "tcp: timeout " + why + " (at byte 27)");
}

TEST(ArgumentsTest, readBooleans) {
    for (const auto* text : {"1", "yes", "true"})
        EXPECT_TRUE(serverUnix("unix:s:lockfile="s + text).boolean("lockfile", false));
    for (const auto* text : {"0", "no", "false"})
        EXPECT_FALSE(serverUnix("unix:s:lockfile="s + text).boolean("lockfile", true));
    EXPECT_EQ(complaint([] { serverUnix("unix:s:lockfile=2").boolean("lockfile", true); }),
              "unix: lockfile '2' is neither yes nor no (at byte 7)");
}

TEST(ArgumentsTest, readModesInOctal) {
    const auto mode = [](const std::string& text) {
        return serverUnix("unix:s:mode=" + text).mode("mode", 0666);
    };
    EXPECT_EQ(mode("600"), 0600u);
    EXPECT_EQ(mode("0777"), 0777u);
    for (const auto* text : {"999", "8", "78", "-1", "rw", " 6", "0o6"})
        EXPECT_EQ(complaint([&] { mode(text); }),
                  "unix: mode '"s + text + "' is not octal (at byte 7)");
    for (const auto* text : {"10666", "1000", "77777777777777777777777"})
        EXPECT_EQ(complaint([&] { mode(text); }),
                  "unix: mode "s + text + " out of octal 0..777 (at byte 7)");
    EXPECT_EQ(complaint([&] { mode(""); }), "unix: mode is empty (at byte 7)");
}

TEST(ArgumentsTest, distinguishEmptyFromLeftOut) {
    EXPECT_EQ(serverTcp("tcp:80:interface=").text("interface", "any"), "");
    EXPECT_TRUE(serverTcp("tcp:80:interface=").has("interface"));
    EXPECT_EQ(complaint([] { serverTcp("tcp:80:").text("interface"); }),
              "tcp: interface is empty (at byte 7)");
    EXPECT_EQ(complaint([] { serverTcp("tcp:80:").path("interface", "file"); }),
              "tcp: interface is empty (at byte 7)");
}

TEST(ArgumentsTest, keepANulOutOfPathsOnly) {
    const auto arguments = serverUnix("unix:/a\0b"s);
    EXPECT_EQ(arguments.text("address"), "/a\0b"s);
    EXPECT_EQ(complaint([&] { arguments.path("address"); }),
              R"(unix: address '/a\x00b' contains a NUL byte (at byte 5))");
}

TEST(ArgumentsTest, letTheTypeComplainInTheSameWords) {
    const auto arguments = serverTcp("tcp:80:lo");
    EXPECT_EQ(complaint([&] { arguments.reject("interface", "'lo' is no address"); }),
              "tcp: interface 'lo' is no address (at byte 7)");
    EXPECT_EQ(complaint([&] { arguments.reject("backlog", "is needed"); }),
              "tcp: backlog is needed (at byte 9)");
}

TEST(ArgumentsDeathTest, areOnlyAskedForWhatWasDeclared) {
    EXPECT_DEATH(serverTcp("tcp:80").has("prot"), "did not declare");
}

}  // namespace
}  // namespace wring
