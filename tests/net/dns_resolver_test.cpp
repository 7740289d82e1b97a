#include <wring/deferred/timeout.hpp>
#include <wring/net/dns_resolver.hpp>
#include <wring/runtime/clock.hpp>

#include <wring/tests/net/dnsmasq.hpp>
#include <wring/tests/net/name_server.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <fcntl.h>
#include <algorithm>
#include <cstdio>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using Addresses = std::vector<Address>;
using DnsResolverTest = ReactorTest;

DnsOptions askingAt(std::string servers) {
    DnsOptions options;
    options.servers = std::move(servers);
    return options;
}

Strings textOf(const Addresses& addresses) {
    Strings text;
    for (const Address& each : addresses) text.push_back(each.format());
    std::sort(text.begin(), text.end());
    return text;
}

/// The addresses, or the failure's text.
Task<std::string> lookUp(DnsResolver* resolver, std::string name, int family = AF_UNSPEC) {
    auto found = co_await outcome(resolver->resolveHostName(std::move(name), 80, family));
    if (!found) co_return found.error().getErrorMessage();
    std::string text;
    for (const std::string& each : textOf(*found)) text += (text.empty() ? "" : " ") + each;
    co_return text;
}

TEST_P(DnsResolverTest, bothFamiliesAreAskedForUnlessOneIsWanted) {
    run([](Reactor& reactor) -> Task<> {
        NameServer server(reactor);
        NameServer::Answer answer{{"127.0.0.5", "127.0.0.6", "::1"}, 0, false};
        server.answers["a.b.test"] = answer;
        DnsResolver resolver(reactor, askingAt(server.address()));
        EXPECT_EQ(co_await lookUp(&resolver, "a.b.test"), "127.0.0.5:80 127.0.0.6:80 [::1]:80");
        std::sort(server.asked.begin(), server.asked.end());
        EXPECT_EQ(server.asked, (Strings{"a.b.test A", "a.b.test AAAA"}));
        EXPECT_EQ(co_await lookUp(&resolver, "a.b.test", AF_INET), "127.0.0.5:80 127.0.0.6:80");
        EXPECT_EQ(co_await lookUp(&resolver, "a.b.test", AF_INET6), "[::1]:80");
        co_await server.stop();
    });
}

TEST_P(DnsResolverTest, whatTheServerSaysIsTold) {
    run([](Reactor& reactor) -> Task<> {
        NameServer server(reactor);
        NameServer::Answer empty, broken{{}, 2, false}, refusing{{}, 5, false};
        server.answers["empty.test"] = empty;
        server.answers["broken.test"] = broken;
        server.answers["refused.test"] = refusing;
        DnsOptions options = askingAt(server.address());
        options.tries = 1;
        DnsResolver resolver(reactor, options);
        const std::pair<const char*, const char*> rows[] = {
            {"nobody.test.", "Domain name not found"},
            {"empty.test.", "no addresses"},
            {"broken.test.", "DNS server returned general failure"},
            {"refused.test.", "DNS server refused query"},
        };
        for (const auto& [name, reason] : rows) {
            std::string expected =
                "DNS lookup failed: address '" + std::string(name) + "' not found: " + reason + ".";
            EXPECT_EQ(co_await lookUp(&resolver, name), expected);
        }
        co_await server.stop();
    });
}

TEST_P(DnsResolverTest, whereNoServerListensTheLookUpFailsAtOnce) {
    run([](Reactor& reactor) -> Task<> {
        Address nobody = *Address::parse(ownLoopback(), 9);
        DnsResolver resolver(reactor, askingAt(nobody.format()));
        EXPECT_EQ(co_await lookUp(&resolver, "a.test."),
                  "DNS lookup failed: address 'a.test.' not found: Could not contact DNS servers.");
    });
}

TEST_P(DnsResolverTest, aSilentServerIsGivenUpAfterItsTries) {
    run([](Reactor& reactor) -> Task<> {
        NameServer server(reactor);
        server.answers["a.test"].isSilent = true;
        DnsOptions options = askingAt(server.address());
        options.timeout = 5ms;
        options.tries = 2;
        DnsResolver resolver(reactor, options);
        EXPECT_EQ(co_await lookUp(&resolver, "a.test.", AF_INET),
                  "DNS lookup failed: address 'a.test.' not found: Timeout while contacting DNS "
                  "servers.");
        EXPECT_EQ(server.asked, (Strings{"a.test A", "a.test A"}));
        co_await server.stop();
    });
}

TEST_P(DnsResolverTest, theReactorGoesOnWhileAServerThinks) {
    run([](Reactor& reactor) -> Task<> {
        NameServer server(reactor);
        server.answers["a.test"].isSilent = true;
        DnsResolver resolver(reactor, askingAt(server.address()));
        auto resolving = start(lookUp(&resolver, "a.test."));
        co_await until(reactor, [&] { return server.asked.size() == 2; });
        std::uint64_t before = reactor.turns();
        co_await turns(reactor, 100);
        EXPECT_GE(reactor.turns(), before + 100);
        EXPECT_FALSE(resolving.called());
        resolving.cancel();
        static_cast<void>(co_await outcome(resolving));
        co_await server.stop();
    });
}

TEST_P(DnsResolverTest, cancelledAtAnyTurnItLeavesNothing) {
    run([](Reactor& reactor) -> Task<> {
        NameServer server(reactor);
        NameServer::Answer answer{{"127.0.0.5"}, 0, false};
        server.answers["a.test"] = answer;
        DnsResolver resolver(reactor, askingAt(server.address()));
        int cancelled = 0;
        for (int wait = 0; wait < 12; ++wait) {
            auto resolving = start(resolver.resolveHostName("a.test.", 80, AF_UNSPEC));
            co_await turns(reactor, wait);
            resolving.cancel();
            auto found = co_await outcome(resolving);
            if (!found) {
                EXPECT_TRUE(found.error().check<CancelledError>());
                ++cancelled;
            }
        }
        EXPECT_GE(cancelled, 1);
        co_await server.stop();
    });
}

TEST_P(DnsResolverTest, aDeadlineCoversTheLookUp) {
    run([](Reactor& reactor) -> Task<> {
        NameServer server(reactor);
        server.answers["a.test"].isSilent = true;
        DnsResolver resolver(reactor, askingAt(server.address()));
        Clock clock;
        auto limited = start(withTimeout(5s, lookUp(&resolver, "a.test."), clock));
        co_await until(reactor, [&] { return !server.asked.empty(); });
        clock.advance(5s);
        auto found = co_await outcome(limited);
        // The look-up tells its own end, which is the deadline's doing.
        EXPECT_TRUE(found ? found->find("ancelled") != std::string::npos
                          : found.error().check<TimeoutError>());
        co_await server.stop();
    });
}

TEST_P(DnsResolverTest, serversThatCannotBeReadAreNamed) {
    run([](Reactor& reactor) -> Task<> {
        DnsResolver resolver(reactor, askingAt("no server"));
        std::string text = co_await lookUp(&resolver, "a.test.");
        EXPECT_NE(text.find("servers 'no server': "), std::string::npos) << text;
    });
}

TEST_P(DnsResolverTest, aReactorThatStopsEndsLookUps) {
    CapturedLog log;
    Reactor reactor(options());
    Deferred<Addresses> resolving;
    std::optional<NameServer> server;
    std::optional<DnsResolver> resolver;
    reactor.callWhenRunning([&] {
        server.emplace(reactor);
        server->answers["a.test"].isSilent = true;
        resolver.emplace(reactor, askingAt(server->address()));
        resolving = start(resolver->resolveHostName("a.test.", 80, AF_INET));
        resolving.addErrback([](const Failure& failure) -> Result<Addresses> {
            EXPECT_TRUE(failure.check<CancelledError>());
            return Addresses();
        });
        reactor.stop();
    });
    reactor.run(false);
    EXPECT_TRUE(resolving.called());
    EXPECT_EQ(reactor.driver().stats().inFlight, 0u);
    EXPECT_FALSE(log.has("did not end"));
}

TEST_P(DnsResolverTest, theHostsFileIsReadBeforeAnyServerIsAsked) {
    char path[] = "/tmp/wring-hosts-XXXXXX";
    Peer file(::mkstemp(path));
    EXPECT_GT(::write(file.fd(), "127.0.0.9 a.test\n", 17), 0);
    file.close();
    ::setenv("CARES_HOSTS", path, 1);
    run([](Reactor& reactor) -> Task<> {
        NameServer server(reactor);
        DnsResolver resolver(reactor, askingAt(server.address()));
        EXPECT_EQ(co_await lookUp(&resolver, "a.test", AF_INET), "127.0.0.9:80");
        EXPECT_TRUE(server.asked.empty());
        co_await server.stop();
    });
    ::unsetenv("CARES_HOSTS");
    ::unlink(path);
}

class DnsmasqTest : public ReactorTest {
 protected:
    static void SetUpTestSuite() {
        std::vector<std::string> records{"--host-record=a.test,127.0.0.5,::1",
                                         "--cname=c.test,a.test"};
        for (int i = 1; i <= 60; ++i) {
            records.push_back("--address=/many.test/127.0.1." + std::to_string(i));
        }
        server = std::make_unique<Dnsmasq>(std::move(records));
    }
    static void TearDownTestSuite() { server.reset(); }
    static inline std::unique_ptr<Dnsmasq> server;
};

TEST_P(DnsmasqTest, aRealServerAnswers) {
    ASSERT_NE(server->address(), "") << "dnsmasq could not be started";
    run([](Reactor& reactor) -> Task<> {
        DnsResolver resolver(reactor, askingAt(server->address()));
        EXPECT_EQ(co_await lookUp(&resolver, "a.test."), "127.0.0.5:80 [::1]:80");
        EXPECT_EQ(co_await lookUp(&resolver, "c.test.", AF_INET), "127.0.0.5:80");
        EXPECT_EQ(co_await lookUp(&resolver, "nobody.test."),
                  "DNS lookup failed: address 'nobody.test.' not found: Domain name not found.");
    });
}

TEST_P(DnsmasqTest, anAnswerTooLongForADatagramComesByStream) {
    ASSERT_NE(server->address(), "") << "dnsmasq could not be started";
    run([](Reactor& reactor) -> Task<> {
        DnsResolver resolver(reactor, askingAt(server->address()));
        auto found = co_await resolver.resolveHostName("many.test.", 80, AF_INET);
        EXPECT_EQ(found.size(), 60u);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, DnsResolverTest, ::testing::ValuesIn(bothDrivers()), nameOf);
INSTANTIATE_TEST_SUITE_P(Drivers, DnsmasqTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
