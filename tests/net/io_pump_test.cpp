#include <wring/net/io_pump.hpp>

#include <wring/runtime/clock.hpp>
#include <wring/tests/support/streams.hpp>

#include <memory>
#include <stdexcept>

namespace wring {
namespace {

using testing::CapturedLog;
using testing::connectedServerAndClient;
using testing::HalfCloseRecorder;
using testing::IOPump;
using testing::MemoryConnection;
using testing::Record;
using testing::Recorder;

constexpr const char* done = "ConnectionDone";
constexpr const char* lost = "ConnectionLost";
constexpr const char* aborted = "ConnectionAborted";

class IOPumpTest : public ::testing::Test {
 protected:
    template <class Server = Recorder, class Client = Recorder>
    void connect(bool greet = true) {
        pump_ = std::make_unique<IOPump>(connectedServerAndClient(
            makeRef<Server>(&serverRecord_), makeRef<Client>(&clientRecord_), greet));
    }
    ITransport& server() { return pump_->server().transport(); }
    ITransport& client() { return pump_->client().transport(); }

    /// How the two were lost, by the names of the classes; empty: they were not.
    static std::string endOf(const MemoryConnection& side) {
        return side.reason() ? side.reason()->className() : std::string();
    }
    void expectEnds(const std::string& ofServer, const std::string& ofClient) {
        EXPECT_EQ(endOf(pump_->server()), ofServer);
        EXPECT_EQ(endOf(pump_->client()), ofClient);
        EXPECT_EQ(serverRecord_.lost, ofServer.empty() ? 0 : 1);
        EXPECT_EQ(clientRecord_.lost, ofClient.empty() ? 0 : 1);
    }

    Record serverRecord_;
    Record clientRecord_;
    std::unique_ptr<IOPump> pump_;
};

TEST_F(IOPumpTest, connectsTheServerFirstAndGreets) {
    std::string order;
    serverRecord_.onMade = [&](Recorder& self) {
        order += "server ";
        self.transport().write("welcome");
    };
    clientRecord_.onMade = [&](Recorder&) { order += "client"; };
    connect();
    EXPECT_EQ(order, "server client");
    EXPECT_EQ(clientRecord_.received, "welcome");
    EXPECT_EQ(server().getPeer(), client().getHost());
    EXPECT_EQ(server().getHost(), client().getPeer());
}

TEST_F(IOPumpTest, doesNotGreetUnlessAsked) {
    serverRecord_.onMade = [](Recorder& self) { self.transport().write("welcome"); };
    connect(false);
    EXPECT_EQ(clientRecord_.received, "");
    EXPECT_TRUE(pump_->pump());
    EXPECT_EQ(clientRecord_.received, "welcome");
}

TEST_F(IOPumpTest, movesWhatWasWrittenOneWayEachAndNotTheAnswers) {
    serverRecord_.onData = [](Recorder& self, std::string_view text) {
        self.transport().write("answer to " + std::string(text));
    };
    connect();
    client().write("question");
    server().write("news;");
    EXPECT_TRUE(pump_->pump());
    EXPECT_EQ(serverRecord_.received, "question");
    EXPECT_EQ(clientRecord_.received, "news;");
    EXPECT_TRUE(pump_->pump());
    EXPECT_EQ(clientRecord_.received, "news;answer to question");
    EXPECT_FALSE(pump_->pump());
    EXPECT_FALSE(pump_->flush());
}

TEST_F(IOPumpTest, flushesUntilNobodyHasSomethingToSay) {
    auto countDown = [](Recorder& self, std::string_view text) {
        int left = std::stoi(std::string(text)) - 1;
        if (left > 0) self.transport().write(std::to_string(left));
    };
    serverRecord_.onData = clientRecord_.onData = countDown;
    connect();
    client().write("9");
    EXPECT_TRUE(pump_->flush());
    EXPECT_EQ(serverRecord_.received, "97531");
    EXPECT_EQ(clientRecord_.received, "8642");
}

TEST_F(IOPumpTest, givesUpOnTwoThatGoOnForEver) {
    auto echo = [](Recorder& self, std::string_view text) { self.transport().write(text); };
    serverRecord_.onData = clientRecord_.onData = echo;
    connect();
    client().write("x");
    EXPECT_THROW(pump_->flush(), UsageError);
    EXPECT_GE(serverRecord_.received.size(), 500u);
}

TEST_F(IOPumpTest, runsWhatIsDueOnTheClock) {
    Clock clock;
    bool hasRun = false;
    auto pump = connectedServerAndClient(makeRef<Recorder>(&serverRecord_),
                                         makeRef<Recorder>(&clientRecord_), false, &clock);
    clock.callLater(Duration::zero(), [&] { hasRun = true; });
    EXPECT_FALSE(pump.pump());
    EXPECT_TRUE(hasRun);
}

TEST_F(IOPumpTest, aClosedSideHasSentEverythingAndBothAreDone) {
    connect();
    client().write("good-bye");
    client().loseConnection();
    expectEnds("", "");
    EXPECT_TRUE(pump_->flush());
    EXPECT_EQ(serverRecord_.received, "good-bye");
    expectEnds(done, done);
    EXPECT_FALSE(pump_->flush());
}

TEST_F(IOPumpTest, whatComesToAClosedSideIsDropped) {
    connect();
    client().loseConnection();
    server().write("crossing");
    pump_->flush();
    EXPECT_EQ(clientRecord_.received, "");
    expectEnds(done, done);
}

TEST_F(IOPumpTest, anAbortedSideTakesBackWhatWasUnderWay) {
    connect();
    server().write("never seen");
    server().abortConnection();
    pump_->flush();
    EXPECT_EQ(clientRecord_.received, "");
    expectEnds(aborted, lost);
}

TEST_F(IOPumpTest, anAbortAfterACloseIsAnAbort) {
    connect();
    client().loseConnection();
    client().abortConnection();
    pump_->flush();
    expectEnds(lost, aborted);
}

TEST_F(IOPumpTest, aSideThatThrowsResetsTheOther) {
    CapturedLog log;
    serverRecord_.onData = [](Recorder&, std::string_view) {
        throw MessageLengthError(0, "read", "too long");
    };
    connect();
    client().write("x");
    pump_->flush();
    expectEnds("MessageLengthError", lost);
}

TEST_F(IOPumpTest, aTestMayBreakOneSide) {
    connect();
    pump_->client().lose(Failure::of<ConnectionLost>());
    pump_->pump();
    expectEnds(lost, lost);
}

TEST_F(IOPumpTest, aHalfCloseableSideGoesOnAfterTheEndOfTheOther) {
    connect<HalfCloseRecorder, HalfCloseRecorder>();
    client().write("request");
    client().loseWriteConnection();
    pump_->flush();
    EXPECT_EQ(serverRecord_.events, (testing::Strings{"made", "data", "readLost"}));
    EXPECT_EQ(clientRecord_.events, (testing::Strings{"made", "writeLost"}));
    server().write("response");
    server().loseConnection();
    pump_->flush();
    EXPECT_EQ(clientRecord_.received, "response");
    expectEnds(done, "");
    client().loseConnection();
    pump_->flush();
    expectEnds(done, done);
}

TEST_F(IOPumpTest, whatIsWrittenToASideThatIsGoneBreaksTheConnection) {
    connect<HalfCloseRecorder, Recorder>();
    client().loseConnection();
    pump_->flush();
    expectEnds("", done);
    server().write("anybody there?");
    pump_->flush();
    expectEnds(lost, done);
}

TEST_F(IOPumpTest, anyOtherSideAnswersAndEndsAfterTheEndOfTheOther) {
    serverRecord_.onData = [](Recorder& self, std::string_view) {
        self.transport().write("answer");
    };
    connect<Recorder, HalfCloseRecorder>();
    client().write("request");
    client().loseWriteConnection();
    pump_->flush();
    EXPECT_EQ(clientRecord_.received, "answer");
    expectEnds(done, "");
}

TEST_F(IOPumpTest, aPausedSideGetsAllWhenItGoesOn) {
    connect();
    server().pauseProducing();
    client().write("patience");
    client().loseConnection();
    pump_->flush();
    EXPECT_EQ(serverRecord_.received, "");
    expectEnds("", done);
    server().resumeProducing();
    EXPECT_TRUE(pump_->flush());
    EXPECT_EQ(serverRecord_.received, "patience");
    expectEnds(done, done);
}

TEST_F(IOPumpTest, carriesWhatAProducerWrites) {
    struct Counter final : IProducer {
        explicit Counter(ITransport& to) : transport(to) {}
        void resumeProducing() override {
            transport.write(std::to_string(++count));
            if (count == 5) transport.unregisterProducer();
        }
        void stopProducing() override {}
        ITransport& transport;
        int count = 0;
    };
    connect();
    Counter counter(server());
    server().registerProducer(counter, false);
    server().loseConnection();
    pump_->flush();
    EXPECT_EQ(clientRecord_.received, "12345");
    expectEnds(done, done);
}

TEST_F(IOPumpTest, aProtocolMayPumpAndDestroyThePump) {
    serverRecord_.onData = [this](Recorder& self, std::string_view) {
        self.transport().write("answer");
        pump_->flush();
        pump_.reset();
    };
    connect();
    client().write("x");
    pump_->pump();
    EXPECT_FALSE(pump_);
    EXPECT_EQ(clientRecord_.received, "answer");
    EXPECT_EQ(serverRecord_.events, (testing::Strings{"made", "data"}));
}

TEST_F(IOPumpTest, aClientThatThrowsTakesTheServerWithIt) {
    clientRecord_.onMade = [](Recorder&) { throw std::runtime_error("not today"); };
    EXPECT_THROW(connect(), std::runtime_error);
    EXPECT_EQ(serverRecord_.lost, 1);
    EXPECT_EQ(clientRecord_.lost, 1);
}

}  // namespace
}  // namespace wring
