#include <wring/net/line_receiver.hpp>
#include <wring/net/string_transport.hpp>
#include <wring/runtime/reactor.hpp>

#include <gtest/gtest.h>

namespace wring {
namespace {

using testing::StringTransport;

/// A protocol as a user has it: answers lines, "bye" ends the connection.
class Greeter final : public LineReceiver {
 public:
    void connectionMade() override { sendLine("hello"); }
    void lineReceived(std::string_view line) override {
        if (line == "bye") return transport().loseConnection();
        if (line == "wait") return pauseProducing();
        sendLine(line);
    }
};

class StringTransportTest : public ::testing::Test {
 protected:
    void receive(std::string_view text) { greeter_->dataReceived(asBytes(text)); }

    Ref<StringTransport> transport_ = makeRef<StringTransport>();
    Ref<Greeter> greeter_ = makeRef<Greeter>();
};

struct CountedProducer final : IProducer {
    void resumeProducing() override { ++resumed; }
    void stopProducing() override {}
    int resumed = 0;
};

TEST_F(StringTransportTest, writesDownWhatAProtocolSends) {
    greeter_->makeConnection(transport_);
    EXPECT_EQ(transport_->value(), "hello\r\n");
    transport_->clear();
    receive("one\r\ntw");
    receive("o\r\n");
    EXPECT_EQ(transport_->value(), "one\r\ntwo\r\n");
    EXPECT_GT(transport_->writes(), 1);
}

TEST_F(StringTransportTest, tellsHowTheProtocolEndsIt) {
    greeter_->makeConnection(transport_);
    EXPECT_FALSE(transport_->disconnecting());
    receive("bye\r\n");
    EXPECT_TRUE(transport_->disconnecting());
    EXPECT_FALSE(transport_->isAborted());
    transport_->abortConnection();
    EXPECT_TRUE(transport_->isAborted());
    EXPECT_TRUE(transport_->connected());
    transport_->disconnect();
    EXPECT_FALSE(transport_->connected());
}

TEST_F(StringTransportTest, tellsWhetherTheProtocolWantsToReceive) {
    using State = StringTransport::ProducerState;
    greeter_->makeConnection(transport_);
    EXPECT_EQ(transport_->producerState(), State::producing);
    receive("wait\r\n");
    EXPECT_EQ(transport_->producerState(), State::paused);
    greeter_->resumeProducing();
    EXPECT_EQ(transport_->producerState(), State::producing);
    transport_->loseConnection();
    EXPECT_THROW(transport_->pauseProducing(), UsageError);
}

TEST_F(StringTransportTest, keepsOneProducerAtATime) {
    CountedProducer producer;
    EXPECT_THROW(transport_->unregisterProducer(), UsageError);
    transport_->registerProducer(producer, true);
    EXPECT_EQ(transport_->producer(), &producer);
    EXPECT_TRUE(transport_->streaming());
    EXPECT_THROW(transport_->registerProducer(producer, false), UsageError);
    transport_->unregisterProducer();
    EXPECT_EQ(transport_->producer(), nullptr);
    EXPECT_EQ(producer.resumed, 0);
}

TEST_F(StringTransportTest, hasTheReactorThatItWasGiven) {
    Reactor reactor;
    auto transport = makeRef<StringTransport>(reactor);
    EXPECT_EQ(&transport->reactor(), &reactor);
}

}  // namespace
}  // namespace wring
