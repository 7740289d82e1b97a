#include <wring/net/transport.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

namespace wring {
namespace {

using namespace testing;
using TransportPauseTest = ReactorTest;

TEST_P(TransportPauseTest, aProtocolThatPausesInConnectionMadeGetsNothingUntilItResumes) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        record.onMade = [](Recorder& it) { it.transport().pauseProducing(); };
        Peer far = serveOne<Recorder>(reactor, record);
        far.send("early");
        co_await turns(reactor);
        EXPECT_EQ(record.events, Strings{"made"});
        record.protocol->transport().resumeProducing();
        EXPECT_EQ(record.events, Strings{"made"});
        co_await until(reactor, [&] { return record.received == "early"; });
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportPauseTest, aPausedPeerIsHeldBackAndNothingIsLostSlow) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record, 65536);
        record.protocol->transport().pauseProducing();
        std::string sent = pattern(10 << 20);
        std::size_t done = 0;
        for (int i = 0; i < 100; ++i) {
            done += far.send(std::string_view(sent).substr(done));
            co_await turns(reactor, 2);
        }
        EXPECT_LT(done, 1u << 20);
        EXPECT_EQ(record.received, "");
        EXPECT_EQ(reactor.driver().stats().buffersLent, 0u);
        record.protocol->transport().resumeProducing();
        while (record.received.size() < sent.size()) {
            done += far.send(std::string_view(sent).substr(done));
            co_await turns(reactor, 1);
        }
        EXPECT_TRUE(record.received == sent);
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportPauseTest, pausingAndResumingInEveryDataReceivedIsNeverReentrant) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        record.onData = [](Recorder& it, std::string_view) {
            it.transport().pauseProducing();
            it.transport().resumeProducing();
        };
        Peer far = serveOne<Recorder>(reactor, record);
        std::string sent = pattern(1 << 19);
        std::size_t done = 0;
        while (record.received.size() < sent.size()) {
            done += far.send(std::string_view(sent).substr(done));
            co_await turns(reactor, 1);
        }
        EXPECT_TRUE(record.received == sent);
        EXPECT_EQ(record.events, (Strings{"made", "data"}));
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportPauseTest, aPausedProtocolLearnsOfTheEndAfterTheBytesBeforeIt) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        record.onMade = [](Recorder& it) { it.transport().pauseProducing(); };
        Peer far = serveOne<Recorder>(reactor, record);
        far.send("then the end");
        far.close();
        co_await turns(reactor);
        EXPECT_EQ(record.events, Strings{"made"});
        record.protocol->transport().resumeProducing();
        co_await until(reactor, [&] { return record.lost > 0; });
        EXPECT_EQ(record.events, (Strings{"made", "data", "lost"}));
        EXPECT_EQ(record.received, "then the end");
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, TransportPauseTest, ::testing::ValuesIn(allDrivers()), nameOf);

}  // namespace
}  // namespace wring
