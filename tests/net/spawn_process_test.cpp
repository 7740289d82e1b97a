#include <wring/net/spawn_process.hpp>

#include <wring/runtime/file_descriptor.hpp>
#include <wring/tests/net/process_record.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <algorithm>
#include <csignal>
#include <stdexcept>

namespace wring {
namespace {

using namespace testing;
using SpawnProcessTest = ReactorTest;

TEST_P(SpawnProcessTest, eventsComeInOrderAndProcessEndedLast) {
    run([](Reactor& reactor) -> Task<> {
        ProcessRecord record;
        auto process = runScript(reactor, &record, "read x; echo got $x; echo oops >&2");
        EXPECT_EQ(record.events, (Strings{"made"}));
        EXPECT_GT(process.transport->pid().value_or(0), 0);
        process.transport->write("this\n");
        co_await process.protocol;
        EXPECT_EQ(record.received[1], "got this\n");
        EXPECT_EQ(record.received[2], "oops\n");
        EXPECT_EQ(record.events.back(), "ended");
        for (const char* each : {"lost 0", "lost 1", "lost 2", "exited"}) {
            EXPECT_TRUE(record.has(each)) << each;
        }
        EXPECT_FALSE(process.transport->pid());
        EXPECT_EQ(record.ended,
                  "ProcessDone: A process has ended without apparent errors: process finished with "
                  "exit code 0.");
        EXPECT_EQ(record.exited, record.ended);
    });
}

TEST_P(SpawnProcessTest, theReasonTellsTheExitCode) {
    run([](Reactor& reactor) -> Task<> {
        ProcessRecord record;
        co_await runScript(reactor, &record, "exit 42").protocol;
        EXPECT_EQ(record.ended,
                  "ProcessTerminated: A process has ended with a probable error condition: process "
                  "ended with exit code 42.");
        EXPECT_EQ(record.status, (ExitStatus{42, 0}));
    });
}

TEST_P(SpawnProcessTest, theReasonsAreKindsOfConnectionDoneAndLost) {
    EXPECT_TRUE(processFailure(ExitStatus{0, 0}).check<ConnectionDone>());
    EXPECT_TRUE(processFailure(ExitStatus{1, 0}).check<ConnectionLost>());
    EXPECT_FALSE(processFailure(ExitStatus{}).check<ProcessDone>());
    EXPECT_FALSE(exitStatusOf(Failure::of<ConnectionLost>()).isKnown());
}

struct SignalName {
    const char* name;
    int number;
};

TEST_P(SpawnProcessTest, signalsAreSentByNameAndByNumber) {
    run([](Reactor& reactor) -> Task<> {
        for (SignalName each : {SignalName{"HUP", SIGHUP},
                                {"INT", SIGINT},
                                {"KILL", SIGKILL},
                                {"TERM", SIGTERM},
                                {"", SIGUSR1}}) {
            ProcessRecord record;
            RecordedProcess process(reactor, &record, "cat");
            if (*each.name) {
                process.transport->signalProcess(each.name);
            } else {
                process.transport->signalProcess(each.number);
            }
            co_await process.protocol;
            EXPECT_EQ(record.status, (ExitStatus{-1, each.number})) << each.name;
            EXPECT_EQ(record.ended,
                      "ProcessTerminated: A process has ended with a probable error condition: "
                      "process ended by signal " +
                          std::to_string(each.number) + ".");
        }
    });
}

TEST_P(SpawnProcessTest, aStoppedProcessGoesOnWhenItIsTold) {
    run([](Reactor& reactor) -> Task<> {
        ProcessRecord record;
        RecordedProcess process(reactor, &record, "cat");
        process.transport->signalProcess("STOP");
        process.transport->write("still there");
        co_await turns(reactor);
        process.transport->signalProcess("CONT");
        co_await until(reactor, [&] { return record.received[1] == "still there"; });
        EXPECT_THROW(process.transport->signalProcess("NONSENSE"), UsageError);
        EXPECT_THROW(process.transport->signalProcess(12345), Error);
        process.transport->closeStdin();
        co_await process.protocol;
        EXPECT_THROW(process.transport->signalProcess("KILL"), ProcessExitedAlready);
        EXPECT_THROW(process.transport->signalProcess(SIGKILL), ProcessExitedAlready);
    });
}

TEST_P(SpawnProcessTest, whatCannotBeStartedFailsWithoutAnEvent) {
    run([](Reactor& reactor) -> Task<> {
        ProcessRecord record;
        EXPECT_THROW(RecordedProcess(reactor, &record, "/no/such/program"), SpawnError);
        EXPECT_EQ(record.events, Strings());
        co_await turns(reactor, 1);
    });
}

TEST_P(SpawnProcessTest, closingStdinSendsWhatWasWrittenBefore) {
    run([](Reactor& reactor) -> Task<> {
        ProcessRecord record;
        RecordedProcess process(reactor, &record, "cat");
        std::string text = pattern(300000);
        std::vector<BytesView> parts{asBytes(text), asBytes("end")};
        process.transport->writeSequence(parts);
        EXPECT_EQ(process.transport->queuedBytes(), 300003u);
        process.transport->closeStdin();
        process.transport->write("too late");
        co_await process.protocol;
        EXPECT_TRUE(record.received[1] == text + "end") << record.received[1].size();
        process.transport->write("much too late");
        EXPECT_EQ(process.transport->queuedBytes(), 0u);
    });
}

TEST_P(SpawnProcessTest, otherDescriptorsAreReadAndWrittenByTheirNumbers) {
    run([](Reactor& reactor) -> Task<> {
        ProcessRecord record;
        ProcessOptions options;
        options.childFDs({{3, ChildFD::parentWrites()}, {4, ChildFD::parentReads()}});
        auto process = runScript(reactor, &record, "exec cat <&3 >&4", options);
        process.transport->writeToChild(3, "there and back");
        process.transport->writeToChild(4, "not a pipe to write to");
        process.transport->write("no input");
        process.transport->closeChildFD(77);
        process.transport->closeChildFD(3);
        co_await process.protocol;
        EXPECT_EQ(record.received[4], "there and back");
        EXPECT_TRUE(record.has("lost 3") && record.has("lost 4") && !record.has("lost 0"));
    });
}

TEST_P(SpawnProcessTest, losingTheConnectionClosesThePipesAndTheProcessGoesOnUntilItNotices) {
    run([](Reactor& reactor) -> Task<> {
        ProcessRecord record;
        RecordedProcess process(reactor, &record, "yes");
        co_await until(reactor, [&] { return record.has("data 1"); });
        process.transport->loseConnection();
        co_await process.protocol;
        EXPECT_EQ(record.status, (ExitStatus{-1, SIGPIPE}));
        EXPECT_TRUE(record.has("lost 0") && record.has("lost 1") && record.has("lost 2"));
    });
}

TEST_P(SpawnProcessTest, aChildThatClosesItsPipesIsSeenToDoSoWhileItRuns) {
    run([](Reactor& reactor) -> Task<> {
        ProcessRecord record;
        auto process = runScript(reactor, &record, "exec <&- >&-; kill -STOP $$");
        co_await until(reactor, [&] { return record.has("lost 0") && record.has("lost 1"); });
        EXPECT_FALSE(record.has("exited"));
        process.transport->signalProcess("KILL");
        co_await process.protocol;
        EXPECT_EQ(record.status.signal, SIGKILL);
    });
}

TEST_P(SpawnProcessTest, theEndIsToldBeforeThePipesAreClosedIfSomebodyElseHoldsThem) {
    run([](Reactor& reactor) -> Task<> {
        ProcessRecord record;
        ProcessOptions options;
        options.childFD(3, ChildFD::parentWrites());
        auto process = runScript(reactor, &record, "cat <&3 & exit 3", options);
        co_await until(reactor, [&] { return record.has("exited"); });
        EXPECT_FALSE(record.has("ended"));
        process.transport->writeToChild(3, "from the grandchild");
        process.transport->closeChildFD(3);
        co_await process.protocol;
        EXPECT_EQ(record.received[1], "from the grandchild");
        EXPECT_EQ(record.status, (ExitStatus{3, 0}));
    });
}

TEST_P(SpawnProcessTest, whilePausedNothingIsDelivered) {
    run([](Reactor& reactor) -> Task<> {
        ProcessRecord record;
        RecordedProcess process(reactor, &record, "cat");
        process.transport->pauseProducing();
        process.transport->write("kept");
        process.transport->closeStdin();
        co_await until(reactor, [&] { return record.has("exited"); });
        co_await turns(reactor);
        EXPECT_EQ(record.received[1], "");
        EXPECT_FALSE(record.has("lost 1"));
        process.transport->resumeProducing();
        EXPECT_EQ(record.received[1], "");
        co_await process.protocol;
        EXPECT_EQ(record.received[1], "kept");
    });
}

struct Source final : IProducer {
    void pauseProducing() override { ++pauses; }
    void resumeProducing() override { ++resumes; }
    void stopProducing() override { ++stops; }
    int pauses = 0, resumes = 0, stops = 0;
};

TEST_P(SpawnProcessTest, aProducerIsPausedWhileTheChildDoesNotRead) {
    run([](Reactor& reactor) -> Task<> {
        ProcessRecord record;
        Source source;
        RecordedProcess process(reactor, &record, "cat");
        process.transport->signalProcess("STOP");
        process.transport->registerProducer(source, true);
        process.transport->write(pattern(200000));
        EXPECT_EQ(source.pauses, 1);
        co_await turns(reactor);
        EXPECT_EQ(source.resumes, 0);
        process.transport->signalProcess("CONT");
        co_await until(reactor, [&] { return source.resumes == 1; });
        process.transport->closeStdin();
        process.transport->write("from the producer");
        process.transport->unregisterProducer();
        co_await process.protocol;
        EXPECT_EQ(record.received[1].size(), 200017u);
        EXPECT_EQ(source.stops, 0);
    });
}

TEST_P(SpawnProcessTest, aProducerWithoutAnybodyToTakeItsBytesIsStopped) {
    run([](Reactor& reactor) -> Task<> {
        ProcessRecord record;
        Source source, late;
        RecordedProcess process(reactor, &record, "cat");
        process.transport->registerProducer(source, true);
        process.transport->signalProcess("KILL");
        co_await process.protocol;
        EXPECT_EQ(source.stops, 1);
        process.transport->registerProducer(late, true);
        EXPECT_EQ(late.stops, 1);
    });
}

TEST_P(SpawnProcessTest, aTerminalIsReadAsOutputAndWrittenAsInput) {
    run([](Reactor& reactor) -> Task<> {
        ProcessRecord record;
        ProcessOptions options;
        options.usePTY();
        auto process = runScript(
            reactor, &record, "stty -echo; test -t 1 && echo ready; read x; echo got $x", options);
        co_await until(reactor, [&] { return record.received[1] == "ready\r\n"; });
        process.transport->write("typed\n");
        co_await process.protocol;
        EXPECT_EQ(record.received[1], "ready\r\ngot typed\r\n");
        EXPECT_EQ(record.status, (ExitStatus{0, 0}));
    });
}

TEST_P(SpawnProcessTest, whatCallbacksThrowIsLoggedAndClosesThePipe) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        ProcessRecord record;
        record.onMade = [](IProcessTransport&) { throw std::runtime_error("bad start"); };
        record.onData = [](IProcessTransport&, int, std::string_view) {
            throw std::runtime_error("bad data");
        };
        co_await RecordedProcess(reactor, &record, "yes").protocol;
        EXPECT_TRUE(log.has("bad start") && log.has("bad data"));
        EXPECT_EQ(record.status.signal, SIGPIPE);
    });
}

TEST_P(SpawnProcessTest, aTransportMayBeClosedFromWithinAnyEvent) {
    run([](Reactor& reactor) -> Task<> {
        ProcessRecord record;
        record.onMade = [](IProcessTransport& it) { it.write("go"); };
        record.onData = [](IProcessTransport& it, int, std::string_view) {
            it.loseConnection();
            it.signalProcess("TERM");
        };
        co_await RecordedProcess(reactor, &record, "cat").protocol;
        EXPECT_EQ(record.received[1], "go");
        EXPECT_EQ(record.events.back(), "ended");
    });
}

TEST_P(SpawnProcessTest, childrenOfOthersAreNotReaped) {
    run([](Reactor& reactor) -> Task<> {
        pid_t other = -1;
        char shell[] = "sh", option[] = "-c", script[] = "exit 7";
        char* args[] = {shell, option, script, nullptr};
        EXPECT_EQ(::posix_spawnp(&other, "sh", nullptr, nullptr, args, ::environ), 0);
        ProcessRecord record;
        co_await RecordedProcess(reactor, &record, "true").protocol;
        int status = 0;
        EXPECT_EQ(::waitpid(other, &status, 0), other);
        EXPECT_EQ(WEXITSTATUS(status), 7);
    });
}

// A thousand children are a thousand descriptors.
bool hasDescriptors(rlim_t wanted) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < wanted) limit.rlim_cur = std::min(limit.rlim_max, wanted);
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= wanted;
}

TEST_P(SpawnProcessTest, aThousandChildrenThatEndAtOnceAreReapedWithTheirStatusesSlow) {
    if (!hasDescriptors(1200)) GTEST_SKIP() << "the limit on open files is too low here";
    run([](Reactor& reactor) -> Task<> {
        constexpr std::size_t count = 1000;
        std::vector<ProcessRecord> records(count);
        std::vector<RecordedProcess> processes;
        ProcessOptions gate;
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        FileDescriptor waits(ends[0]), opens(ends[1]);
        gate.childFDs({{0, ChildFD::given(waits.get())}});
        for (std::size_t i = 0; i < count; ++i) {
            Strings args{"gate", std::to_string(i % 256)};
            processes.emplace_back(reactor, &records[i], WRING_EXIT_GATE, args, gate);
        }
        opens = FileDescriptor();
        for (std::size_t i = 0; i < count; ++i) {
            co_await processes[i].protocol;
            EXPECT_EQ(records[i].status, (ExitStatus{static_cast<int>(i % 256), 0}));
        }
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    });
}

TEST_P(SpawnProcessTest, aStoppingReactorClosesThePipesAndLeavesTheProcess) {
    ProcessRecord record;
    int pid = 0;
    {
        Reactor reactor(options());
        reactor.callWhenRunning([&] {
            pid = *runScript(reactor, &record, "kill -STOP $$").transport->pid();
            reactor.callLater(Duration::zero(), [&] { reactor.stop(); });
        });
        reactor.run(false);
    }
    EXPECT_EQ(record.events.back(), "ended");
    std::sort(record.events.begin(), record.events.end());
    EXPECT_EQ(record.events, (Strings{"ended", "lost 0", "lost 1", "lost 2", "made"}));
    EXPECT_EQ(record.ended.rfind("ConnectionLost: ", 0), 0u) << record.ended;
    ::kill(pid, SIGKILL);
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

INSTANTIATE_TEST_SUITE_P(Drivers, SpawnProcessTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
