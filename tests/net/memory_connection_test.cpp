#include <wring/net/memory_connection.hpp>

#include <wring/tests/support/streams.hpp>

#include <stdexcept>

namespace wring {
namespace {

using testing::CapturedLog;
using testing::HalfCloseRecorder;
using testing::MemoryConnection;
using testing::Record;
using testing::Recorder;
using testing::Strings;

/// Writes a numbered piece each time, until it has written three; then it is done.
struct PullProducer final : IProducer {
    explicit PullProducer(ITransport& to) : transport(to) {}
    void resumeProducing() override {
        transport.write("piece " + std::to_string(++pieces) + ";");
        if (pieces == 3) transport.unregisterProducer();
    }
    void stopProducing() override { isStopped = true; }
    ITransport& transport;
    int pieces = 0;
    bool isStopped = false;
};

class MemoryConnectionTest : public ::testing::Test {
 protected:
    /// Connects a P that writes into record_.
    template <class P = Recorder>
    void connect() {
        connection_ = makeRef<MemoryConnection>(makeRef<P>(&record_));
        connection_->connect();
    }
    ITransport& transport() { return connection_->transport(); }

    Record record_;
    Ref<MemoryConnection> connection_;
};

TEST_F(MemoryConnectionTest, callsAProtocolInTheOrderOfARealConnection) {
    connect();
    EXPECT_TRUE(connection_->isOpen());
    connection_->receive("hello");
    connection_->lose();
    connection_->lose(Failure::of<ConnectionLost>());
    EXPECT_EQ(record_.events, (Strings{"made", "data", "lost"}));
    EXPECT_EQ(record_.received, "hello");
    EXPECT_TRUE(connection_->reason()->check<ConnectionDone>());
    EXPECT_TRUE(connection_->protocol()->lost().isSet());
    EXPECT_FALSE(transport().connected());
    EXPECT_FALSE(connection_->isOpen());
}

TEST_F(MemoryConnectionTest, givesWhatTheProtocolHasSentOnce) {
    record_.onData = [](Recorder& self, std::string_view text) { self.transport().write(text); };
    connect();
    connection_->receive("echo");
    EXPECT_FALSE(connection_->mayClose());
    EXPECT_EQ(connection_->take(), "echo");
    EXPECT_EQ(connection_->take(), "");
    EXPECT_TRUE(connection_->mayClose());
}

TEST_F(MemoryConnectionTest, keepsWhatComesWhileTheProtocolHasPaused) {
    connect();
    transport().pauseProducing();
    connection_->receive("one");
    connection_->receive("two");
    EXPECT_TRUE(connection_->finish());
    EXPECT_FALSE(connection_->deliver());
    EXPECT_EQ(record_.received, "");
    transport().resumeProducing();
    EXPECT_TRUE(connection_->deliver());
    EXPECT_EQ(record_.received, "onetwo");
    EXPECT_TRUE(transport().disconnecting());
    transport().resumeProducing();
    transport().pauseProducing();
    EXPECT_FALSE(connection_->deliver()) << "and to pause now is no error";
}

TEST_F(MemoryConnectionTest, dropsWhatIsWrittenAfterItWasClosed) {
    connect();
    transport().write("before");
    transport().loseConnection();
    transport().write("after");
    transport().loseWriteConnection();
    connection_->receive("nobody reads");
    EXPECT_EQ(connection_->take(), "before");
    EXPECT_EQ(record_.received, "");
    EXPECT_FALSE(connection_->transport().isWriteLost());
    transport().abortConnection();
    EXPECT_EQ(connection_->take(), "");
}

TEST_F(MemoryConnectionTest, dropsWhatWasWrittenWhenItIsAborted) {
    connect();
    transport().write("before");
    transport().abortConnection();
    EXPECT_EQ(connection_->take(), "");
}

TEST_F(MemoryConnectionTest, tellsAHalfCloseableProtocolOfEachDirection) {
    connect<HalfCloseRecorder>();
    EXPECT_TRUE(connection_->finish());
    EXPECT_FALSE(connection_->finish());
    connection_->receive("too late");
    EXPECT_FALSE(connection_->shutWrite()) << "nobody has asked for that";
    transport().write("still");
    transport().loseWriteConnection();
    EXPECT_TRUE(connection_->shutWrite());
    EXPECT_FALSE(connection_->shutWrite());
    transport().write("no more");
    EXPECT_EQ(connection_->take(), "still");
    EXPECT_EQ(record_.events, (Strings{"made", "readLost", "writeLost"}));
    EXPECT_FALSE(transport().disconnecting());
}

TEST_F(MemoryConnectionTest, doesNotNestWhatComesFromWithin) {
    record_.onData = [this](Recorder&, std::string_view text) {
        if (text != "first") return;
        connection_->receive("second");
        EXPECT_EQ(record_.received, "first");
        connection_->finish();
        EXPECT_FALSE(transport().disconnecting());
    };
    connect();
    connection_->receive("first");
    EXPECT_EQ(record_.received, "firstsecond");
    EXPECT_TRUE(transport().disconnecting());
}

TEST_F(MemoryConnectionTest, isLostOnlyWhenTheProtocolHasReturned) {
    record_.onData = [this](Recorder&, std::string_view) {
        connection_->receive("never");
        connection_->lose();
        EXPECT_EQ(record_.lost, 0);
        EXPECT_FALSE(connection_->isOpen());
    };
    connect();
    connection_->receive("now");
    EXPECT_EQ(record_.lost, 1);
    EXPECT_EQ(record_.received, "now");
}

TEST_F(MemoryConnectionTest, isLostWithWhatTheProtocolThrows) {
    CapturedLog log;
    record_.onData = [](Recorder&, std::string_view) { throw std::runtime_error("a bad line"); };
    connect();
    connection_->receive("x");
    EXPECT_NE(record_.reason.find("a bad line"), std::string::npos);
    EXPECT_TRUE(log.has("dataReceived threw: a bad line"));
}

TEST_F(MemoryConnectionTest, letsPassWhatIsThrownWhenItIsMade) {
    record_.onMade = [](Recorder&) { throw std::runtime_error("not today"); };
    EXPECT_THROW(connect(), std::runtime_error);
    EXPECT_EQ(record_.events, (Strings{"made", "lost"}));
    EXPECT_FALSE(connection_->isOpen());
}

TEST_F(MemoryConnectionTest, logsWhatTheEndThrows) {
    CapturedLog log;
    record_.onLost = [](Recorder&) { throw std::runtime_error("at the end"); };
    int calls = 0;
    connect();
    connection_->whenLost([&] {
        ++calls;
        EXPECT_FALSE(connection_->protocol()->lost().isSet());
    });
    connection_->lose();
    EXPECT_TRUE(log.has("connectionLost threw: at the end"));
    EXPECT_TRUE(connection_->protocol()->lost().isSet());
    EXPECT_EQ(calls, 1);
}

TEST_F(MemoryConnectionTest, mayGoInWhatItCalls) {
    record_.onData = [this](Recorder&, std::string_view) {
        Ref<MemoryConnection> gone = std::move(connection_);
        gone->lose();
    };
    connect();
    connection_->receive("x");
    EXPECT_FALSE(connection_);
    EXPECT_EQ(record_.events, (Strings{"made", "data", "lost"}));
}

TEST_F(MemoryConnectionTest, pullsAPieceOfAProducerEachTime) {
    connect();
    PullProducer producer(transport());
    transport().registerProducer(producer, false);
    transport().loseConnection();
    EXPECT_EQ(connection_->take(), "piece 1;");
    EXPECT_FALSE(connection_->mayClose());
    EXPECT_EQ(connection_->take(), "piece 2;");
    EXPECT_EQ(connection_->take(), "piece 3;");
    EXPECT_EQ(connection_->take(), "");
    EXPECT_TRUE(connection_->mayClose());
    transport().unregisterProducer();
    EXPECT_FALSE(producer.isStopped);
}

TEST_F(MemoryConnectionTest, stopsAProducerThatNobodyHearsAnyMore) {
    connect();
    PullProducer before(transport()), after(transport());
    transport().registerProducer(before, true);
    connection_->lose();
    transport().registerProducer(after, true);
    EXPECT_TRUE(before.isStopped);
    EXPECT_TRUE(after.isStopped);
    EXPECT_EQ(connection_->transport().producer(), nullptr);
}

TEST_F(MemoryConnectionTest, hasTheAddressesAndTheReactorItWasGiven) {
    Reactor reactor;
    Address host = Address::loopback4(1), peer = Address::loopback4(2);
    auto made = makeRef<MemoryConnection>(makeRef<Recorder>(&record_), host, peer, &reactor);
    EXPECT_EQ(made->transport().getHost(), host);
    EXPECT_EQ(made->transport().getPeer(), peer);
    EXPECT_EQ(&made->transport().reactor(), &reactor);
    connect();
    EXPECT_EQ(transport().getPeer().format(), "192.168.1.1:54321");
}

}  // namespace
}  // namespace wring
