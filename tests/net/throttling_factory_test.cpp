#include <wring/net/throttling_factory.hpp>

#include <wring/runtime/clock.hpp>
#include <wring/tests/net/wrapped.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using State = StringTransport::ProducerState;

class ThrottlingFactoryTest : public ::testing::Test {
 protected:
    ThrottlingFactoryTest() { options_.time = &clock_; }
    Ref<ThrottlingFactory> make() {
        return makeRef<ThrottlingFactory>(factory<Recorder>(&record_), options_);
    }
    /// With limits of 10 bytes a second for both directions.
    Ref<ThrottlingFactory> makeSlow() {
        options_.readLimit = options_.writeLimit = 10;
        return make();
    }

    Clock clock_;
    Record record_;
    ThrottleOptions options_;
};

TEST_F(ThrottlingFactoryTest, connectionsOverTheMaximumAreRefusedUntilOneEnds) {
    options_.maxConnectionCount = 2;
    auto throttling = make();
    WrappedConnection first(*throttling, record_), second(*throttling, record_);
    EXPECT_FALSE(throttling->buildProtocol(Address::loopback4(1)));
    EXPECT_EQ(throttling->connectionCount(), 2u);
    first.lose();
    EXPECT_TRUE(throttling->buildProtocol(Address::loopback4(1)));
    EXPECT_EQ(throttling->connectionCount(), 1u);
}

TEST_F(ThrottlingFactoryTest, timersRunOnlyForLimitsAndOnlyWhileThereAreConnections) {
    auto unlimited = make();
    WrappedConnection without(*unlimited, record_);
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
    auto throttling = makeSlow();
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
    WrappedConnection first(*throttling, record_), second(*throttling, record_);
    EXPECT_EQ(clock_.getDelayedCalls().size(), 2u);
    first.receive(std::string(1000, 'x'));
    clock_.advance(1s);
    EXPECT_EQ(clock_.getDelayedCalls().size(), 3u);
    first.lose();
    second.lose();
    EXPECT_TRUE(clock_.getDelayedCalls().empty());
    WrappedConnection third(*throttling, record_);
    EXPECT_EQ(clock_.getDelayedCalls().size(), 2u);
    EXPECT_EQ(third.outside().producerState(), State::producing);
}

TEST_F(ThrottlingFactoryTest, readingTooMuchStopsReadingOnAllForTheTimeThatItTakes) {
    auto throttling = makeSlow();
    WrappedConnection first(*throttling, record_), second(*throttling, record_);
    first.receive(std::string(15, 'x'));
    second.receive(std::string(15, 'y'));
    EXPECT_EQ(first.outside().producerState(), State::producing);
    clock_.advance(1s);
    EXPECT_EQ(first.outside().producerState(), State::paused);
    EXPECT_EQ(second.outside().producerState(), State::paused);
    clock_.pump({1s, 1s - 1ns});
    EXPECT_EQ(first.outside().producerState(), State::paused);
    clock_.advance(1ns);
    EXPECT_EQ(first.outside().producerState(), State::producing);
    EXPECT_EQ(second.outside().producerState(), State::producing);
}

TEST_F(ThrottlingFactoryTest, asMuchAsTheLimitEachSecondIsNotHeldBack) {
    auto throttling = makeSlow();
    WrappedConnection it(*throttling, record_);
    CountingProducer producer;
    it.inside().registerProducer(producer, true);
    for (int i = 0; i < 5; ++i) {
        it.receive("0123456789");
        it.inside().write("0123456789");
        clock_.advance(1s);
        EXPECT_EQ(it.outside().producerState(), State::producing);
    }
    EXPECT_EQ(producer.paused, 0);
    it.inside().unregisterProducer();
}

TEST_F(ThrottlingFactoryTest, aConnectionThatItsProtocolPausedStaysPaused) {
    auto throttling = makeSlow();
    WrappedConnection it(*throttling, record_);
    it.receive(std::string(20, 'x'));
    it.inside().pauseProducing();
    clock_.advance(1s);
    clock_.advance(1s);
    EXPECT_EQ(it.outside().producerState(), State::paused);
    it.inside().resumeProducing();
    EXPECT_EQ(it.outside().producerState(), State::producing);
}

TEST_F(ThrottlingFactoryTest, aProtocolThatResumesMeanwhileWaitsForTheEnd) {
    auto throttling = makeSlow();
    WrappedConnection it(*throttling, record_);
    it.receive(std::string(20, 'x'));
    clock_.advance(1s);
    it.inside().pauseProducing();
    it.inside().resumeProducing();
    EXPECT_EQ(it.outside().producerState(), State::paused);
    clock_.advance(1s);
    EXPECT_EQ(it.outside().producerState(), State::producing);
}

TEST_F(ThrottlingFactoryTest, aConnectionMadeMeanwhileWaitsLikeTheOthers) {
    auto throttling = makeSlow();
    WrappedConnection first(*throttling, record_);
    first.receive(std::string(20, 'x'));
    clock_.advance(1s);
    WrappedConnection second(*throttling, record_);
    EXPECT_EQ(second.outside().producerState(), State::paused);
    clock_.advance(1s);
    EXPECT_EQ(second.outside().producerState(), State::producing);
}

TEST_F(ThrottlingFactoryTest, aConnectionThatIsClosingIsLeftAlone) {
    auto throttling = makeSlow();
    WrappedConnection it(*throttling, record_);
    it.receive(std::string(20, 'x'));
    it.inside().loseConnection();
    clock_.pump({1s, 1s, 1s});  // this transport would complain
    EXPECT_EQ(it.outside().producerState(), State::producing);
}

TEST_F(ThrottlingFactoryTest, writingTooMuchHoldsProducersBackForTheTimeThatItTakes) {
    auto throttling = makeSlow();
    WrappedConnection first(*throttling, record_), second(*throttling, record_);
    CountingProducer producer;
    second.inside().registerProducer(producer, true);
    BytesView parts[] = {asBytes("0123456789"), asBytes("0123456789")};
    first.inside().writeSequence(parts);
    clock_.advance(1s);
    EXPECT_EQ(producer.paused, 1);
    EXPECT_EQ(producer.resumed, 0);
    clock_.advance(1s);
    EXPECT_EQ(producer.resumed, 1);
    second.inside().unregisterProducer();
}

TEST_F(ThrottlingFactoryTest, whatIsWrittenWithoutAProducerIsNotHeldBack) {
    auto throttling = makeSlow();
    WrappedConnection it(*throttling, record_);
    it.inside().write(std::string(30, 'x'));
    clock_.advance(1s);
    it.inside().write(std::string(30, 'y'));
    EXPECT_EQ(it.outside().value().size(), 60u);
}

TEST_F(ThrottlingFactoryTest, moreOfItMeanwhileMakesItLongerAndNeverShorter) {
    auto throttling = makeSlow();
    WrappedConnection it(*throttling, record_);
    CountingProducer producer;
    it.inside().registerProducer(producer, true);
    it.inside().write(std::string(50, 'x'));
    clock_.advance(1s);  // four seconds from now
    it.inside().write(std::string(20, 'x'));
    clock_.advance(1s);  // this would be one second
    clock_.pump({1s, 1s - 1ns});
    EXPECT_EQ(producer.resumed, 0);
    it.inside().write(std::string(30, 'x'));
    clock_.advance(1ns);  // two seconds from now
    clock_.pump({1s, 1s - 1ns});
    EXPECT_EQ(producer.resumed, 0);
    clock_.advance(1ns);
    EXPECT_EQ(producer.resumed, 1);
    EXPECT_EQ(producer.paused, 1);
    it.inside().unregisterProducer();
}

TEST_F(ThrottlingFactoryTest, aPullProducerIsNotAskedMeanwhile) {
    auto throttling = makeSlow();
    WrappedConnection it(*throttling, record_);
    CountingProducer producer;
    it.inside().registerProducer(producer, false);
    it.inside().write(std::string(20, 'x'));
    clock_.advance(1s);
    it.outside().producer()->resumeProducing();
    EXPECT_EQ(producer.resumed, 0);
    EXPECT_EQ(producer.paused, 0);
    clock_.advance(1s);
    EXPECT_EQ(producer.resumed, 1);
    it.outside().producer()->resumeProducing();
    EXPECT_EQ(producer.resumed, 2);
    it.inside().unregisterProducer();
}

TEST_F(ThrottlingFactoryTest, aProducerGoesOnOnlyWhenBothTheTransportAndTheLimitAllowIt) {
    auto throttling = makeSlow();
    WrappedConnection it(*throttling, record_);
    CountingProducer producer;
    it.inside().registerProducer(producer, true);
    it.inside().write(std::string(30, 'x'));
    IProducer& seen = *it.outside().producer();
    seen.pauseProducing();
    clock_.advance(1s);
    EXPECT_EQ(producer.paused, 1);
    clock_.advance(2s);
    EXPECT_EQ(producer.resumed, 0);
    seen.resumeProducing();
    EXPECT_EQ(producer.resumed, 1);
    it.inside().unregisterProducer();
}

TEST_F(ThrottlingFactoryTest, aProducerRegisteredMeanwhileIsPaused) {
    auto throttling = makeSlow();
    WrappedConnection it(*throttling, record_);
    it.inside().write(std::string(20, 'x'));
    clock_.advance(1s);
    CountingProducer producer;
    it.inside().registerProducer(producer, true);
    EXPECT_EQ(producer.paused, 1);
    clock_.advance(1s);
    EXPECT_EQ(producer.resumed, 1);
    it.inside().unregisterProducer();
}

TEST_F(ThrottlingFactoryTest, aSecondProducerIsRefusedAndTheFirstStays) {
    auto throttling = makeSlow();
    WrappedConnection it(*throttling, record_);
    CountingProducer first, second;
    it.inside().registerProducer(first, true);
    EXPECT_THROW(it.inside().registerProducer(second, true), UsageError);
    it.outside().producer()->stopProducing();
    EXPECT_EQ(first.stopped, 1);
    EXPECT_EQ(second.stopped, 0);
}

TEST_F(ThrottlingFactoryTest, aProducerThatLeftIsToldNothingMore) {
    auto throttling = makeSlow();
    WrappedConnection it(*throttling, record_);
    CountingProducer producer;
    it.inside().registerProducer(producer, true);
    it.inside().write(std::string(20, 'x'));
    it.inside().unregisterProducer();
    clock_.pump({1s, 1s, 1s});
    EXPECT_EQ(producer.paused + producer.resumed + producer.stopped, 0);
}

}  // namespace
}  // namespace wring
