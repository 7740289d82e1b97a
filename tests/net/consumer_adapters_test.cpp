#include <wring/net/consumer_to_protocol_adapter.hpp>
#include <wring/net/protocol_to_consumer_adapter.hpp>

#include <wring/net/memory_connection.hpp>
#include <wring/tests/support/streams.hpp>

namespace wring {
namespace {

using namespace testing;

/// Nobody should ask it for anything.
struct Untouched final : IProducer {
    void pauseProducing() override { ADD_FAILURE(); }
    void resumeProducing() override { ADD_FAILURE(); }
    void stopProducing() override { ADD_FAILURE(); }
};

TEST(ConsumerAdaptersTest, whatIsWrittenToAProtocolIsReceivedByIt) {
    Record record;
    auto protocol = makeRef<Recorder>(&record);
    record.events.emplace_back("begins");
    ProtocolToConsumerAdapter consumer(protocol);
    Untouched producer;
    consumer.registerProducer(producer, true);
    consumer.registerProducer(producer, false);
    consumer.write(asBytes("one "));
    consumer.write(asBytes("two"));
    consumer.unregisterProducer();
    EXPECT_EQ(record.received, "one two");
    EXPECT_EQ(record.made, 0);
}

TEST(ConsumerAdaptersTest, whatAConsumersProtocolReceivesIsWrittenToIt) {
    auto transport = makeRef<StringTransport>();
    auto connection = makeRef<MemoryConnection>(makeRef<ConsumerToProtocolAdapter>(*transport));
    connection->connect();
    connection->receive("one ");
    connection->receive("two");
    EXPECT_EQ(transport->value(), "one two");
    connection->lose();
    EXPECT_TRUE(transport->connected());
    EXPECT_EQ(transport->value(), "one two");
}

TEST(ConsumerAdaptersTest, bothTogetherHandOn) {
    Record record;
    record.events.emplace_back("begins");
    ProtocolToConsumerAdapter consumer(makeRef<Recorder>(&record));
    makeRef<ConsumerToProtocolAdapter>(consumer)->dataReceived(asBytes("through"));
    EXPECT_EQ(record.received, "through");
}

}  // namespace
}  // namespace wring
