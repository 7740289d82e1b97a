#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/standard_io_endpoint.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <fcntl.h>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using StandardIOEndpointTest = ReactorTest;

/// The input and output of a process that is there for a test only.
struct Ends {
    Ends() {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        input = Peer(ends[0]);
        feed = Peer(ends[1]);
        output = Peer(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    }
    Deferred<Ref<IListeningPort>> listen(Reactor& reactor, Ref<IFactory> served) {
        auto endpoint = makeRef<StandardIOEndpoint>(reactor, input.fd(), output.fd());
        return endpoint->listen(std::move(served));
    }
    Peer input, feed, output;
};

/// A server's factory that writes down when it is in use, and may refuse.
struct Noting final : ServerFactory {
    Noting(Record* kept, bool refusing) : record(kept), refuses(refusing) {}
    void startFactory() override { record->events.push_back("start"); }
    void stopFactory() override { record->events.push_back("stop"); }
    Ref<IProtocol> buildProtocol(const Address&) override {
        if (refuses) return nullptr;
        return makeRef<Recorder>(record);
    }
    Record* record;
    bool refuses;
};

TEST_P(StandardIOEndpointTest, listeningConnectsTheOnlyProtocolAtOnce) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends;
        Record record;
        auto port = co_await ends.listen(reactor, makeRef<Noting>(&record, false));
        EXPECT_EQ(record.events, (Strings{"start", "made"}));
        EXPECT_EQ(port->connections(), 1u);
        EXPECT_EQ(::write(ends.feed.fd(), "hello", 5), 5);
        ends.feed.close();
        co_await port;
        EXPECT_EQ(record.received, "hello");
        EXPECT_EQ(record.events, (Strings{"start", "made", "data", "lost", "stop"}));
        EXPECT_EQ(port->connections(), 0u);
    });
}

TEST_P(StandardIOEndpointTest, aFactoryThatRefusesFailsTheListening) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends;
        Record record;
        auto port = co_await outcome(ends.listen(reactor, makeRef<Noting>(&record, true)));
        EXPECT_TRUE(!port && port.error().check<NoProtocol>());
        EXPECT_EQ(record.events, (Strings{"start", "stop"}));
    });
}

TEST_P(StandardIOEndpointTest, stoppingLeavesTheConnectionAndDrainingEndsIt) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends;
        Record record;
        auto port = co_await ends.listen(reactor, makeRef<Noting>(&record, false));
        co_await port->stopListening();
        EXPECT_EQ(port->connections(), 1u);
        co_await port->drain(Duration::zero());
        EXPECT_EQ(record.reason.rfind("ConnectionAborted", 0), 0u) << record.reason;
        EXPECT_EQ(port->connections(), 0u);
    });
}

TEST_P(StandardIOEndpointTest, theDescriptionTakesNoArguments) {
    Reactor reactor(options());
    EXPECT_TRUE(serverFromString(reactor, "stdio:"));
    EXPECT_TRUE(serverFromString(reactor, "stdio"));
    for (const char* text : {"stdio:1", "stdio::", "stdio:a=b", "stdio::a=b"}) {
        EXPECT_THROW(serverFromString(reactor, text), EndpointSyntaxError) << text;
    }
}

INSTANTIATE_TEST_SUITE_P(Drivers, StandardIOEndpointTest, ::testing::ValuesIn(bothDrivers()),
                         nameOf);

}  // namespace
}  // namespace wring
