#include <wring/net/resolve.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

namespace wring {
namespace {

using namespace testing;
using Addresses = std::vector<Address>;

class ResolveTest : public ReactorTest {
 protected:
    // For look-ups that reach the thread: what it hands over was allocated there, so that the
    // fixture's count of this thread's blocks says nothing.
    void runWithThread(Task<> (*body)(Reactor&)) {
        Reactor reactor(options());
        Result<void> result = Failure::of<TimeoutError>();
        reactor.callWhenRunning([&] {
            startCall(body, std::ref(reactor)).addBoth([&](Result<void> ended) {
                result = std::move(ended);
                reactor.requestStop();
            });
        });
        reactor.run(false);
        EXPECT_TRUE(result.has_value());
        EXPECT_TRUE(reactor.fibers().empty());
    }
};

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
        Addresses found = co_await resolveHost(reactor, "localhost", 80, AF_INET);
        EXPECT_EQ(found, Addresses{Address::loopback4(80)});
        found = co_await resolveHost(reactor, "localhost", 80, AF_INET6);
        EXPECT_EQ(found, Addresses{Address::loopback6(80)});
    });
}

// RFC 6761: no resolver has an address for it. May take as long as the resolver does.
TEST_P(ResolveTest, anUnknownNameFailsAndIsNamedSlow) {
    runWithThread([](Reactor& reactor) -> Task<> {
        auto found = co_await outcome(resolveHost(reactor, "name.invalid", 80, AF_INET));
        EXPECT_TRUE(!found && found.error().check<DNSLookupError>());
        if (!found) {
            EXPECT_FALSE(found.error().check<ConnectError>());
            std::string text = found.error().getErrorMessage();
            EXPECT_EQ(text.rfind("DNS lookup failed: address 'name.invalid' not found: ", 0), 0u)
                << text;
        }
    });
}

TEST_P(ResolveTest, aCancelledLookUpEndsAtOnceAndItsLateAnswerIsDropped) {
    runWithThread([](Reactor& reactor) -> Task<> {
        auto resolving = start(resolveHost(reactor, "other.invalid", 80, AF_INET));
        EXPECT_FALSE(resolving.called());
        resolving.cancel();
        EXPECT_TRUE(resolving.called());
        auto found = co_await outcome(resolving);
        EXPECT_TRUE(!found && found.error().check<CancelledError>());
        co_await turns(reactor);
    });
}

TEST_P(ResolveTest, aLookUpNeitherStopsTheReactorNorOutlivesItHarmfully) {
    CapturedLog log;
    ReactorOptions chosen = options();
    Reactor reactor(chosen);
    Deferred<Addresses> resolving;
    reactor.callWhenRunning([&] {
        resolving = start(resolveHost(reactor, "third.invalid", 80, AF_INET));
        resolving.addErrback([](const Failure& failure) -> Result<Addresses> {
            EXPECT_TRUE(failure.check<CancelledError>());
            return Addresses();
        });
        reactor.stop();
    });
    reactor.run(false);
    EXPECT_TRUE(resolving.called());
    EXPECT_FALSE(log.has("did not end"));
}

INSTANTIATE_TEST_SUITE_P(Drivers, ResolveTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
