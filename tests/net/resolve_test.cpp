#include <wring/net/hostname.hpp>
#include <wring/net/resolve.hpp>

#include <wring/tests/support/fake_resolver.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <stdexcept>

namespace wring {
namespace {

using namespace testing;
using Addresses = std::vector<Address>;
using ResolveTest = ReactorTest;

TEST_P(ResolveTest, aLiteralIsItsOwnAddress) {
    run([](Reactor& reactor) -> Task<> {
        Addresses found = co_await resolveHost(reactor, "192.0.2.1", 80, AF_INET);
        EXPECT_EQ(found, Addresses{*Address::parse("192.0.2.1", 80)});
        found = co_await resolveHost(reactor, "2001:db8::1", 81, AF_UNSPEC);
        EXPECT_EQ(found, Addresses{*Address::parse("2001:db8::1", 81)});
    });
}

TEST_P(ResolveTest, localhostIsTheLoopbackOfTheFamily) {
    run([](Reactor& reactor) -> Task<> {
        Addresses four{Address::loopback4(80)}, six{Address::loopback6(80)};
        Addresses both{Address::loopback4(80), Address::loopback6(80)};
        for (std::string name : {"localhost", "LocalHost.", "db.localhost"}) {
            Addresses found = co_await resolveHost(reactor, name, 80, AF_INET);
            EXPECT_EQ(found, four) << name;
            found = co_await resolveHost(reactor, name, 80, AF_INET6);
            EXPECT_EQ(found, six) << name;
            found = co_await resolveHost(reactor, name, 80, AF_UNSPEC);
            EXPECT_EQ(found, both) << name;
        }
    });
}

TEST_P(ResolveTest, theInstalledResolverIsAskedForTheAsciiFormOfANameAndTheFamily) {
    run([](Reactor& reactor) -> Task<> {
        auto names = fakeNames(reactor, {"192.0.2.7", "192.0.2.8"});
        Addresses found = co_await resolveHost(reactor, "bücher.example", 80, AF_UNSPEC);
        EXPECT_EQ(found,
                  (Addresses{*Address::parse("192.0.2.7", 80), *Address::parse("192.0.2.8", 80)}));
        co_await resolveHost(reactor, "BÜCHER.example", 80, AF_INET);
        co_await resolveHost(reactor, "xn--bcher-kva.example", 80, AF_INET6);
        EXPECT_EQ(names->asked, (Strings{"xn--bcher-kva.example", "xn--bcher-kva.example 4",
                                         "xn--bcher-kva.example 6"}));
    });
}

TEST_P(ResolveTest, aTextThatIsNoNameFailsBeforeAnybodyIsAsked) {
    run([](Reactor& reactor) -> Task<> {
        auto names = fakeNames(reactor, {"192.0.2.7"});
        for (std::string text : {"", ".", "a..b", "a b", "\U0001F600"}) {
            auto found = co_await outcome(resolveHost(reactor, text, 80, AF_UNSPEC));
            EXPECT_TRUE(!found && found.error().check<InvalidHostnameError>()) << text;
        }
        EXPECT_TRUE(names->asked.empty());
    });
}

TEST_P(ResolveTest, invalidHasNoHostsWhateverAResolverWouldSay) {
    run([](Reactor& reactor) -> Task<> {
        auto names = fakeNames(reactor, {"192.0.2.7"});
        auto found = co_await outcome(resolveHost(reactor, "name.INVALID.", 80, AF_INET));
        EXPECT_TRUE(!found && found.error().check<DNSLookupError>());
        if (!found) {
            EXPECT_FALSE(found.error().check<ConnectError>());
            EXPECT_EQ(found.error().getErrorMessage(),
                      "DNS lookup failed: address 'name.INVALID.' not found: no host has such a "
                      "name.");
        }
        EXPECT_TRUE(names->asked.empty());
    });
}

TEST_P(ResolveTest, noAddressesAndABrokenResolverAreLookupErrorsThatNameTheHost) {
    run([](Reactor& reactor) -> Task<> {
        auto names = fakeNames(reactor);
        auto found = co_await outcome(resolveHost(reactor, "a.test", 80, AF_UNSPEC));
        EXPECT_TRUE(!found && found.error().check<DNSLookupError>());
        EXPECT_EQ(found.error().getErrorMessage(),
                  "DNS lookup failed: no results for hostname lookup: a.test.");
        names->failure = Failure(std::runtime_error("broken"));
        found = co_await outcome(resolveHost(reactor, "a.test", 80, AF_UNSPEC));
        EXPECT_TRUE(!found && found.error().check<DNSLookupError>());
        EXPECT_EQ(found.error().getErrorMessage(),
                  "DNS lookup failed: Couldn't find the hostname 'a.test': broken.");
    });
}

TEST_P(ResolveTest, cancelledWhileTheResolverWorksItEndsWithIt) {
    run([](Reactor& reactor) -> Task<> {
        auto names = fakeNames(reactor, {"192.0.2.7"});
        names->go.clear();
        auto resolving = start(resolveHost(reactor, "a.test", 80, AF_INET));
        EXPECT_FALSE(resolving.called());
        resolving.cancel();
        auto found = co_await outcome(resolving);
        EXPECT_TRUE(!found && found.error().check<CancelledError>());
        EXPECT_EQ(names->cancelled, 1);
    });
}

TEST_P(ResolveTest, aResolverThatIsReplacedMeanwhileStillAnswers) {
    run([](Reactor& reactor) -> Task<> {
        auto names = fakeNames(reactor, {"192.0.2.7"});
        names->go.clear();
        Event& go = names->go;
        auto resolving = start(resolveHost(reactor, "a.test", 80, AF_INET));
        auto before = installNameResolver(reactor, nullptr);
        EXPECT_EQ(before, names);
        before.reset();
        names.reset();
        go.set();
        Addresses found = co_await resolving;
        EXPECT_EQ(found.size(), 1u);
    });
}

TEST_P(ResolveTest, installingNothingBringsTheFirstResolverBack) {
    Reactor reactor(options());
    auto first = nameResolver(reactor);
    auto names = std::make_shared<FakeResolver>();
    EXPECT_EQ(installNameResolver(reactor, names), first);
    EXPECT_EQ(nameResolver(reactor), names);
    EXPECT_EQ(installNameResolver(reactor, nullptr), names);
    EXPECT_NE(nameResolver(reactor), nullptr);
    EXPECT_NE(nameResolver(reactor), names);
}

INSTANTIATE_TEST_SUITE_P(Drivers, ResolveTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
