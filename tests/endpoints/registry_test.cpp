#include <wring/endpoints/registry.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using RegistryTest = ReactorTest;

/// What making the endpoint complains about, or "accepted". Nothing may be opened by it.
template <class F>
std::string complaint(F make) {
    int before = openDescriptors();
    std::string text = "accepted";
    try {
        make();
    } catch (const EndpointSyntaxError& error) {
        text = error.what();
        constexpr std::string_view start = "Bad endpoint description: ";
        EXPECT_EQ(text.substr(0, start.size()), start);
        text = text.substr(start.size(), text.size() - start.size() - 1);
    }
    EXPECT_EQ(openDescriptors(), before);
    return text;
}

class EndpointStringTest : public ::testing::Test {
 protected:
    EndpointStringTest() : reactor_(epollOptions()) {}
    std::string server(std::string_view text) {
        return complaint([&] { serverFromString(reactor_, text); });
    }
    std::string client(std::string_view text) {
        return complaint([&] { clientFromString(reactor_, text); });
    }
    static ReactorOptions epollOptions() { return ReactorOptions("epoll"); }
    Reactor reactor_;
};

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST_F(EndpointStringTest, needsAType) {
    for (const char* text : {"", ":"}) {
        EXPECT_PRED2(has, server(text), "empty endpoint type");
        EXPECT_PRED2(has, client(text), "empty endpoint type");
    }
}

TEST_F(EndpointStringTest, anUnknownTypeIsToldTheKnownOnes) {
    EXPECT_PRED2(has, server("foo:80"), "unknown endpoint type 'foo' (known: ");
    EXPECT_PRED2(has, server("foo:80"), "tcp, tcp6");
    EXPECT_PRED2(has, client("ftl:80"), "unknown endpoint type 'ftl' (known: ");
    EXPECT_PRED2(has, server("80"), "unknown endpoint type '80'");
}

TEST_F(EndpointStringTest, aTypeThatOnlyListensCannotBeConnectedTo) {
    EXPECT_PRED2(has, client("tcp6:80"), "unknown endpoint type 'tcp6'");
}

TEST_F(EndpointStringTest, aTypeIsNamedInAnyLetterCase) {
    EXPECT_EQ(server("TCP:80"), "accepted");
    EXPECT_EQ(server("Tcp6:80"), "accepted");
    EXPECT_EQ(client("TCP:h:80"), "accepted");
}

TEST_F(EndpointStringTest, aServerNeedsAPort) {
    EXPECT_PRED2(has, server("tcp"), "missing port");
    EXPECT_PRED2(has, server("tcp:"), "port is empty");
    EXPECT_PRED2(has, server("tcp6"), "missing port");
}

TEST_F(EndpointStringTest, aPortIsFromZeroTo65535) {
    EXPECT_EQ(server("tcp:0"), "accepted");
    EXPECT_EQ(server("tcp:65535"), "accepted");
    EXPECT_PRED2(has, server("tcp:65536"), "port 65536 out of 0..65535");
    EXPECT_NE(server("tcp:-1"), "accepted");
}

TEST_F(EndpointStringTest, aPortIsDecimalDigitsAndNothingElse) {
    for (const char* text :
         {"tcp: 80", "tcp:80 ", "tcp:+80", "tcp:8_0", "tcp:\xd9\xa8\xd9\xa0", "tcp:0x50",
          "tcp:080", "tcp:80.0", "tcp:1e2", "tcp:http"}) {
        EXPECT_PRED2(has, server(text), "port") << text;
    }
}

TEST_F(EndpointStringTest, argumentsAreKnownAndGivenOnce) {
    EXPECT_PRED2(has, server("tcp:80:bogus=1"), "unknown argument 'bogus'");
    EXPECT_PRED2(has, server("tcp:80:backlog=5:backlog=6"), "given twice");
    EXPECT_NE(server("tcp:80:interface=127.0.0.1:50"), "accepted");
    EXPECT_NE(server("tcp:80:127.0.0.1:5:6"), "accepted");
    EXPECT_NE(client("tcp:h:80:90"), "accepted");
    EXPECT_PRED2(has, client("tcp:h:80:bogus=1"), "unknown argument 'bogus'");
}

TEST_F(EndpointStringTest, positionalOrderOfTcp6DiffersFromThatOfTcp) {
    EXPECT_EQ(server("tcp:80:127.0.0.1:5"), "accepted");
    EXPECT_EQ(server("tcp6:80:5:\\:\\:1"), "accepted");
    EXPECT_NE(server("tcp:80:5:127.0.0.1"), "accepted");
    EXPECT_NE(server("tcp6:80:\\:\\:1:5"), "accepted");
}

TEST_F(EndpointStringTest, anIPv6InterfaceHasToBeEscaped) {
    EXPECT_EQ(server("tcp6:8080:interface=\\:\\:1"), "accepted");
    EXPECT_PRED2(has, server("tcp6:8080:interface=::1"), "escape ':' as '\\:'");
}

TEST_F(EndpointStringTest, anInterfaceIsAnAddressOfTheRightFamily) {
    EXPECT_PRED2(has, server("tcp:80:interface=eth0"), "'eth0' is not an IP address");
    EXPECT_PRED2(has, server("tcp6:80:interface=127.0.0.1"), "is not an IPv6 address");
}

TEST_F(EndpointStringTest, aBacklogIsAWholeNumber) {
    EXPECT_EQ(server("tcp:80:backlog=0"), "accepted");
    EXPECT_PRED2(has, server("tcp:80:backlog=-1"), "backlog");
    EXPECT_PRED2(has, server("tcp:80:backlog=abc"), "backlog");
}

TEST_F(EndpointStringTest, aHugeBacklogIsCutWithOneWarning) {
    CapturedLog log;
    EXPECT_EQ(server("tcp:80:backlog=1000000000"), "accepted");
    EXPECT_EQ(CapturedLog::lines().size(), 1u);
    EXPECT_TRUE(log.has("somaxconn"));
}

TEST_F(EndpointStringTest, aTimeoutIsANumberAboveZero) {
    EXPECT_PRED2(has, client("tcp:host=localhost:port=80:timeout=0"), "must be > 0");
    EXPECT_PRED2(has, client("tcp:host=localhost:port=80:timeout=-1"), "must be > 0");
    EXPECT_PRED2(has, client("tcp:host=localhost:port=80:timeout=nan"), "not a number");
    EXPECT_PRED2(has, client("tcp:host=localhost:port=80:timeout=abc"), "not a number");
    EXPECT_PRED2(has, client("tcp:host=localhost:port=80:timeout=1e308"), "too large, max 1e9 s");
    EXPECT_EQ(client("tcp:host=localhost:port=80:timeout=0.5"), "accepted");
}

TEST_F(EndpointStringTest, aClientNeedsHostAndPort) {
    EXPECT_PRED2(has, client("tcp"), "missing host");
    EXPECT_PRED2(has, client("tcp:h"), "missing port");
    EXPECT_PRED2(has, client("tcp:host=h"), "missing port");
    EXPECT_PRED2(has, client("tcp:h:0"), "port");
    EXPECT_NE(client("tcp:::1:80"), "accepted");
    EXPECT_EQ(client("tcp:host=\\:\\:1:port=80"), "accepted");
}

TEST_F(EndpointStringTest, aBindAddressIsAnAddress) {
    EXPECT_EQ(client("tcp:h:80:bindAddress=127.0.0.1"), "accepted");
    EXPECT_PRED2(has, client("tcp:h:80:bindAddress=here"), "'here' is not an IP address");
}

TEST_F(EndpointStringTest, aDanglingEscapeIsRefused) {
    EXPECT_PRED2(has, server("tcp:80\\"), "dangling escape");
}

TEST_F(EndpointStringTest, anErrorTellsWhereTheCulpritStands) {
    try {
        serverFromString(reactor_, "tcp:80:bogus=1");
        ADD_FAILURE() << "accepted";
    } catch (const EndpointSyntaxError& error) {
        EXPECT_EQ(error.position(), 7u);
    }
}

/// "counted:N": listens on a TCP port of the loopback, after counting.
struct CountedServer final : IStreamServerEndpointStringParser {
    std::string prefix() const override { return "counted"; }
    Ref<IStreamServerEndpoint> parseStreamServer(Reactor& reactor,
                                                 const Description& description) override {
        arguments = description.positional().size();
        return serverFromString(reactor, "tcp:0:interface=127.0.0.1");
    }
    static inline std::size_t arguments = 0;
};

struct CountedClient final : IStreamClientEndpointStringParser {
    std::string prefix() const override { return "counted"; }
    Ref<IStreamClientEndpoint> parseStreamClient(Reactor& reactor,
                                                 const Description& description) override {
        return clientFromString(reactor, "tcp:127.0.0.1:" + description.positional().at(0).text);
    }
};

void registerCounted() {
    static const bool once = [] {
        EndpointRegistry::instance().add(std::make_unique<CountedServer>());
        EndpointRegistry::instance().add(std::make_unique<CountedClient>());
        return true;
    }();
    EXPECT_TRUE(once);
}

Task<> greet(Stream peer) { co_await peer.write("hi"); }

TEST_P(RegistryTest, aTypeOfTheUsersOwnEntersByTheSameDoor) {
    registerCounted();
    run([](Reactor& reactor) -> Task<> {
        auto port = co_await serverFromString(reactor, "Counted:a:b")->listen(serve(greet));
        EXPECT_EQ(CountedServer::arguments, 2u);
        std::string text = "counted:" + std::to_string(port->getHost().port());
        Stream stream = co_await clientFromString(reactor, text)->connectStream();
        EXPECT_EQ(co_await readText(&stream), "hi");
        co_await stream.close();
        co_await port->drain(10s);
    });
}

TEST_F(EndpointStringTest, aTypeCannotBeRegisteredTwice) {
    registerCounted();
    EXPECT_THROW(EndpointRegistry::instance().add(std::make_unique<CountedServer>()), UsageError);
    EXPECT_THROW(EndpointRegistry::instance().add(std::make_unique<CountedClient>()), UsageError);
    EXPECT_PRED2(has, server("foo"), "counted, stdio, tcp");
    EXPECT_EQ(server("counted"), "accepted");
}

INSTANTIATE_TEST_SUITE_P(Drivers, RegistryTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
