#include <wring/net/process.hpp>

#include <wring/deferred/start.hpp>
#include <wring/net/errors.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <sys/wait.h>
#include <csignal>

namespace wring {
namespace {

using namespace testing;
using ProcessTest = ReactorTest;

Strings script(const std::string& text) { return {"sh", "-c", text}; }

Task<std::string> readAll(Process* process, int childFD) {
    std::string all;
    for (;;) {
        std::string piece = co_await process->read(childFD);
        if (piece.empty()) co_return all;
        all += piece;
    }
}

TEST_P(ProcessTest, talksThroughItsPipes) {
    run([](Reactor& reactor) -> Task<> {
        Process process(reactor, "cat");
        EXPECT_GT(process.pid().value_or(0), 0);
        co_await process.write("hello");
        EXPECT_EQ(co_await process.read(), "hello");
        process.closeStdin();
        EXPECT_EQ(co_await process.read(), "");
        ExitStatus status = co_await process.wait();
        EXPECT_TRUE(status.isSuccess());
        EXPECT_EQ(co_await process.wait(), status);
        EXPECT_FALSE(process.pid());
    });
}

TEST_P(ProcessTest, eachPipeIsReadByItself) {
    run([](Reactor& reactor) -> Task<> {
        // More on one of them than anybody keeps, while the other one is read first.
        auto args = script("yes | head -c 500000 >&2 & echo out; wait; exit 5");
        Process process(reactor, "sh", args);
        EXPECT_EQ(co_await process.read(1), "out\n");
        co_await turns(reactor);
        EXPECT_EQ((co_await readAll(&process, 2)).size(), 500000u);
        EXPECT_EQ((co_await process.wait()).exitCode, 5);
        EXPECT_EQ(co_await process.read(1), "");
        auto wrong = co_await outcome(process.read(9));
        EXPECT_TRUE(!wrong && wrong.error().check<UsageError>());
    });
}

TEST_P(ProcessTest, writingWaitsForTheProgramToRead) {
    run([](Reactor& reactor) -> Task<> {
        Process process(reactor, "cat");
        process.signal("STOP");
        Deferred<> writing = start(process.write(pattern(500000)));
        co_await turns(reactor);
        EXPECT_FALSE(writing.called());
        process.signal(SIGCONT);
        Deferred<std::string> reading = start(readAll(&process, 1));
        co_await writing;
        process.closeStdin();
        EXPECT_TRUE(co_await reading == pattern(500000));
    });
}

TEST_P(ProcessTest, writingToAProgramThatDoesNotReadAnyMoreFails) {
    run([](Reactor& reactor) -> Task<> {
        auto args = script("exec <&-; echo closed; cat <&2");
        ProcessOptions options;
        options.childFD(2, ChildFD::parentWrites());
        Process process(reactor, "sh", args, options);
        EXPECT_EQ(co_await process.read(), "closed\n");
        for (;;) {
            auto written = co_await outcome(process.write("anybody?"));
            if (!written) {
                EXPECT_TRUE(written.error().check<ConnectionLost>());
                break;
            }
            co_await turns(reactor, 1);
        }
    });
}

TEST_P(ProcessTest, waitsCanBeCancelledAndTheProgramGoesOn) {
    run([](Reactor& reactor) -> Task<> {
        Process process(reactor, "cat");
        Deferred<ExitStatus> ending = start(process.wait());
        Deferred<std::string> reading = start(process.read());
        ending.cancel();
        reading.cancel();
        EXPECT_TRUE((co_await outcome(ending)).error().check<CancelledError>());
        EXPECT_TRUE((co_await outcome(reading)).error().check<CancelledError>());
        co_await process.write("still there");
        EXPECT_EQ(co_await process.read(), "still there");
    });
}

TEST_P(ProcessTest, aHandleThatGoesKillsTheProgram) {
    run([](Reactor& reactor) -> Task<> {
        Deferred<ExitStatus> ending;
        {
            Process process(reactor, "cat");
            Process moved(std::move(process));
            ending = start(moved.wait());
        }
        EXPECT_EQ(co_await ending, (ExitStatus{-1, SIGKILL}));
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    });
}

TEST_P(ProcessTest, whatCannotBeStartedThrows) {
    run([](Reactor& reactor) -> Task<> {
        EXPECT_THROW(Process(reactor, "/no/such/program"), SpawnError);
        co_await turns(reactor, 1);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, ProcessTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
