#include <wring/endpoints/process_endpoint.hpp>

#include <wring/net/process_errors.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <sys/wait.h>
#include <stdexcept>

namespace wring {
namespace {

using namespace testing;
using ProcessEndpointTest = ReactorTest;

Ref<IStreamClientEndpoint> shell(Reactor& reactor, const std::string& script,
                                 const ProcessOptions& options = {},
                                 StandardErrorBehavior errors = StandardErrorBehavior::log) {
    Strings args{"sh", "-c", script};
    return makeRef<ProcessEndpoint>(reactor, "sh", args, options, errors);
}

/// A factory that says when it is used.
class Counting final : public Factory {
 public:
    explicit Counting(Record* record, bool refuses = false) : record_(record), refuses_(refuses) {}
    Ref<IProtocol> buildProtocol(const Address&) override {
        if (refuses_) return nullptr;
        return makeRef<HalfCloseRecorder>(record_);
    }

 private:
    Record* record_;
    bool refuses_;
};

TEST_P(ProcessEndpointTest, theProtocolTalksToTheProgram) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        auto factory = makeRef<Counting>(&record);
        Deferred<Ref<IProtocol>> connecting = shell(reactor, "cat")->connect(factory);
        EXPECT_TRUE(connecting.called());
        EXPECT_EQ(record.made, 1);
        EXPECT_EQ(factory->numPorts(), 1);
        Ref<IProtocol> protocol = co_await connecting;
        record.protocol->transport().write("hello");
        co_await until(reactor, [&] { return record.received == "hello"; });
        record.protocol->transport().loseWriteConnection();
        co_await protocol;
        EXPECT_EQ(record.reason, "ConnectionDone: Connection was closed cleanly.");
        EXPECT_EQ(factory->numPorts(), 0);
    });
}

TEST_P(ProcessEndpointTest, aProgramThatFailsIsAConnectionThatIsLost) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        co_await co_await shell(reactor, "exit 3")->connect(makeRef<Counting>(&record));
        EXPECT_EQ(record.reason,
                  "ProcessTerminated: A process has ended with a probable error condition: process "
                  "ended with exit code 3.");
    });
}

TEST_P(ProcessEndpointTest, errorOutputIsLoggedOrDropped) {
    run([](Reactor& reactor) -> Task<> {
        for (auto behavior : {StandardErrorBehavior::log, StandardErrorBehavior::drop}) {
            CapturedLog log;
            Record record;
            ProcessOptions options;
            auto endpoint = shell(reactor, "echo complaint >&2; echo answer", options, behavior);
            co_await co_await endpoint->connect(makeRef<Counting>(&record));
            EXPECT_EQ(record.received, "answer\n");
            EXPECT_EQ(log.has("complaint"), behavior == StandardErrorBehavior::log);
        }
    });
}

TEST_P(ProcessEndpointTest, whatCannotBeStartedOrIsRefusedFailsAtOnce) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        auto factory = makeRef<Counting>(&record), refusing = makeRef<Counting>(&record, true);
        auto missing = makeRef<ProcessEndpoint>(reactor, "/no/such/program");
        auto got = co_await outcome(missing->connect(factory));
        EXPECT_TRUE(!got && got.error().check<SpawnError>());
        auto refused = co_await outcome(shell(reactor, "cat")->connect(refusing));
        EXPECT_TRUE(!refused && refused.error().check<NoProtocol>());
        auto stream = co_await outcome(missing->connectStream());
        EXPECT_TRUE(!stream && stream.error().check<SpawnError>());
        EXPECT_EQ(record.made, 0);
        EXPECT_EQ(factory->numPorts() + refusing->numPorts(), 0);
    });
}

TEST_P(ProcessEndpointTest, losingTheConnectionClosesThePipesAndAbortingKills) {
    run([](Reactor& reactor) -> Task<> {
        for (bool aborts : {false, true}) {
            Record record;
            auto protocol = co_await shell(reactor, "cat")->connect(makeRef<Counting>(&record));
            ITransport& transport = record.protocol->transport();
            EXPECT_TRUE(transport.connected() && !transport.disconnecting());
            aborts ? transport.abortConnection() : transport.loseConnection();
            EXPECT_TRUE(transport.connected() && transport.disconnecting());
            co_await protocol;
            EXPECT_EQ(record.reason.rfind(aborts ? "ConnectionAborted" : "ConnectionDone", 0), 0u)
                << record.reason;
        }
    });
}

TEST_P(ProcessEndpointTest, aHalfCloseableProtocolHearsOfEachDirection) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        auto protocol = co_await shell(reactor, "exec >&-; read x; exec <&-; kill -STOP $$")
                            ->connect(makeRef<Counting>(&record));
        co_await until(reactor, [&] { return record.events.back() == "readLost"; });
        record.protocol->transport().write("go on\n");
        co_await until(reactor, [&] { return record.events.back() == "writeLost"; });
        record.protocol->transport().abortConnection();
        co_await protocol;
        EXPECT_EQ(record.events, (Strings{"made", "readLost", "writeLost", "lost"}));
    });
}

TEST_P(ProcessEndpointTest, whatCallbacksThrowKillsTheProgram) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        Record record;
        record.onData = [](Recorder&, std::string_view) { throw std::runtime_error("bad data"); };
        co_await co_await shell(reactor, "yes")->connect(makeRef<Counting>(&record));
        EXPECT_NE(record.reason.find("bad data"), std::string::npos) << record.reason;
        Record other;
        other.onMade = [](Recorder&) { throw std::runtime_error("bad start"); };
        auto factory = makeRef<Counting>(&other);
        auto got = co_await outcome(shell(reactor, "cat")->connect(factory));
        EXPECT_TRUE(!got && got.error().check<std::runtime_error>());
        co_await until(reactor, [&] { return factory->numPorts() == 0; });
        EXPECT_EQ(other.lost, 1);
    });
}

TEST_P(ProcessEndpointTest, cancellingAConnectionThatIsMadeChangesNothing) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        auto connecting = shell(reactor, "cat")->connect(makeRef<Counting>(&record));
        connecting.cancel();
        Ref<IProtocol> protocol = co_await connecting;
        EXPECT_EQ(record.lost, 0);
        record.protocol->transport().loseConnection();
        co_await protocol;
    });
}

TEST_P(ProcessEndpointTest, aStreamIsTheProgramsInputAndOutput) {
    run([](Reactor& reactor) -> Task<> {
        Stream stream = co_await shell(reactor, "read x; echo got $x; cat")->connectStream();
        co_await stream.write(std::string_view("this\n"));
        EXPECT_EQ(co_await readExactText(&stream, 9), "got this\n");
        co_await stream.shutdownSend();
        EXPECT_FALSE(co_await stream.read());
        co_await stream.close();
        co_await until(reactor, [&] { return reactor.resources() == 0; });
        ProcessOptions terminal;
        terminal.usePTY();
        auto got = co_await outcome(shell(reactor, "cat", terminal)->connectStream());
        EXPECT_TRUE(!got && got.error().check<UsageError>());
    });
}

TEST_P(ProcessEndpointTest, aStoppingReactorLosesTheConnection) {
    Record record;
    Reactor reactor(options());
    reactor.callWhenRunning([&] {
        shell(reactor, "cat")->connect(makeRef<Counting>(&record));
        reactor.callLater(Duration::zero(), [&] { reactor.stop(); });
    });
    reactor.run(false);
    EXPECT_EQ(record.lost, 1);
    EXPECT_GT(::waitpid(-1, nullptr, 0), 0);  // it has met the end of its input
}

INSTANTIATE_TEST_SUITE_P(Drivers, ProcessEndpointTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
