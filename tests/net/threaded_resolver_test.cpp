#include <wring/net/threaded_resolver.hpp>

#include <wring/runtime/thread_pool.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

namespace wring {
namespace {

using namespace testing;
using Addresses = std::vector<Address>;

class ThreadedResolverTest : public ReactorTest {
 protected:
    // What a thread hands over was allocated there: the fixture's count of this thread's blocks
    // says nothing.
    void runWithThreads(Task<> (*body)(Reactor&)) {
        Reactor reactor(options());
        Result<void> result = Failure::of<TimeoutError>();
        reactor.callWhenRunning([&] {
            startCall(body, std::ref(reactor)).addBoth([&](Result<void> ended) {
                result = std::move(ended);
                reactor.requestStop();
            });
        });
        reactor.run(false);
        EXPECT_TRUE(result.has_value()) << result.error().getErrorMessage();
        EXPECT_TRUE(reactor.fibers().empty());
    }
};

TEST_P(ThreadedResolverTest, givesWhatTheSystemsResolverSays) {
    runWithThreads([](Reactor& reactor) -> Task<> {
        ThreadedResolver resolver(reactor);
        Addresses found = co_await resolver.resolveHostName("localhost", 80, AF_INET);
        EXPECT_EQ(found, Addresses{Address::loopback4(80)});
    });
}

TEST_P(ThreadedResolverTest, moreLookUpsThanThreadsWaitAndAreCounted) {
    runWithThreads([](Reactor& reactor) -> Task<> {
        ThreadedResolver resolver(reactor, 2);
        std::vector<Deferred<Addresses>> all;
        for (int i = 0; i < 70; ++i) {
            all.push_back(start(resolver.resolveHostName("localhost", 80, AF_INET)));
            EXPECT_LE(resolver.stats().threads, 2u);
        }
        for (Deferred<Addresses>& each : all) {
            Addresses found = co_await each;
            EXPECT_EQ(found.size(), 1u);
        }
        co_await until(reactor, [&] { return resolver.stats().done == 70; });
    });
}

TEST_P(ThreadedResolverTest, aNameThatNobodyHasFailsAndIsNamed) {
    runWithThreads([](Reactor& reactor) -> Task<> {
        ThreadedResolver resolver(reactor);
        // An address of the other family needs no server to be refused.
        auto found = co_await outcome(resolver.resolveHostName("127.0.0.1", 80, AF_INET6));
        EXPECT_TRUE(!found && found.error().check<DNSLookupError>());
        if (!found) {
            std::string text = found.error().getErrorMessage();
            EXPECT_EQ(text.rfind("DNS lookup failed: address '127.0.0.1' not found: ", 0), 0u)
                << text;
        }
    });
}

TEST_P(ThreadedResolverTest, whoIsCancelledDoesNotWaitForTheThread) {
    runWithThreads([](Reactor& reactor) -> Task<> {
        ThreadedResolver resolver(reactor);
        auto resolving = start(resolver.resolveHostName("localhost", 80, AF_INET));
        EXPECT_FALSE(resolving.called());
        resolving.cancel();
        EXPECT_TRUE(resolving.called());
        auto found = co_await outcome(resolving);
        EXPECT_TRUE(!found && found.error().check<CancelledError>());
        co_await until(reactor, [&] { return resolver.stats().done == 1; });
    });
}

TEST_P(ThreadedResolverTest, aReactorThatStopsCancelsLookUps) {
    CapturedLog log;
    Reactor reactor(options());
    Deferred<Addresses> resolving;
    auto resolver = std::make_shared<ThreadedResolver>(reactor);
    reactor.callWhenRunning([&] {
        resolving = start(resolver->resolveHostName("localhost", 80, AF_INET));
        resolving.addErrback([](const Failure& failure) -> Result<Addresses> {
            EXPECT_TRUE(failure.check<CancelledError>() || failure.check<ReactorStopped>());
            return Addresses();
        });
        reactor.stop();
    });
    reactor.run(false);
    EXPECT_TRUE(resolving.called());
    EXPECT_FALSE(log.has("did not end"));
}

INSTANTIATE_TEST_SUITE_P(Drivers, ThreadedResolverTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
