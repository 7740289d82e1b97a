#include <wring/net/process_output.hpp>

#include <wring/deferred/start.hpp>
#include <wring/runtime/process_options.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <sys/wait.h>
#include <csignal>

namespace wring {
namespace {

using namespace testing;
using ProcessOutputTest = ReactorTest;

const std::string shell = "/bin/sh";
Strings script(const std::string& text) { return {"-c", text}; }

bool hasChildren() { return ::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD; }

TEST_P(ProcessOutputTest, theOutputIsGivenHoweverTheProgramEnds) {
    run([](Reactor& reactor) -> Task<> {
        EXPECT_EQ(co_await getProcessOutput(reactor, shell, script("echo one; exit 3")), "one\n");
        EXPECT_EQ(co_await getProcessOutput(reactor, shell, script("echo two; kill $$")), "two\n");
    });
}

TEST_P(ProcessOutputTest, errorOutputIsMixedInIfThatIsAskedFor) {
    run([](Reactor& reactor) -> Task<> {
        Strings args = script("echo a; echo b >&2; echo c");
        ProcessOptions both;
        std::string all = co_await getProcessOutput(reactor, shell, args, both, true);
        EXPECT_EQ(all.size(), 6u) << all;
        EXPECT_NE(all.find("b\n"), std::string::npos);
    });
}

TEST_P(ProcessOutputTest, unexpectedErrorOutputFailsAtOnceAndTheEndCanBeAwaited) {
    run([](Reactor& reactor) -> Task<> {
        auto got = co_await outcome(
            getProcessOutput(reactor, shell, script("echo oops >&2; read x; exit 1")));
        EXPECT_TRUE(!got && got.error().check<UnexpectedErrorOutput>());
        EXPECT_EQ(got.error().getErrorMessage(), "got stderr: 'oops\\n'.");
        Deferred<> ended;
        try {
            got.value();
        } catch (const UnexpectedErrorOutput& error) {
            ended = error.processEnded;
        }
        EXPECT_TRUE(hasChildren());
        co_await ended;
        EXPECT_FALSE(hasChildren());
    });
}

TEST_P(ProcessOutputTest, theValueIsTheExitCode) {
    run([](Reactor& reactor) -> Task<> {
        EXPECT_EQ(co_await getProcessValue(reactor, "true"), 0);
        EXPECT_EQ(co_await getProcessValue(reactor, shell, script("echo x; exit 41")), 41);
        auto killed = co_await outcome(getProcessValue(reactor, shell, script("kill -9 $$")));
        EXPECT_EQ(exitStatusOf(killed.error()), (ExitStatus{-1, SIGKILL}));
    });
}

TEST_P(ProcessOutputTest, outputErrorsAndValueComeTogether) {
    run([](Reactor& reactor) -> Task<> {
        Strings args = script("cat; echo err >&2; exit 7");
        ProcessOptions options;
        std::string text = pattern(200000);
        auto all = co_await getProcessOutputAndValue(reactor, shell, args, options, text);
        EXPECT_TRUE(all.output == text) << all.output.size();
        EXPECT_EQ(all.errorOutput, "err\n");
        EXPECT_EQ(all.exitCode, 7);
    });
}

TEST_P(ProcessOutputTest, whatWasWrittenBeforeASignalIsInTheError) {
    run([](Reactor& reactor) -> Task<> {
        Strings args = script("echo out; echo err >&2; kill $$");
        try {
            co_await getProcessOutputAndValue(reactor, shell, args);
            ADD_FAILURE() << "has ended well";
        } catch (const ProcessKilled& error) {
            EXPECT_EQ(error.written().output, "out\n");
            EXPECT_EQ(error.written().errorOutput, "err\n");
            EXPECT_EQ(error.status().signal, SIGTERM);
        }
    });
}

TEST_P(ProcessOutputTest, aMissingProgramFailsTheDeferred) {
    run([](Reactor& reactor) -> Task<> {
        auto output = co_await outcome(getProcessOutput(reactor, "/no/such/program"));
        auto value = co_await outcome(getProcessValue(reactor, "/no/such/program"));
        auto all = co_await outcome(getProcessOutputAndValue(reactor, "/no/such/program"));
        for (const Failure& each : {output.error(), value.error(), all.error()}) {
            EXPECT_TRUE(each.check<SpawnError>()) << each.getErrorMessage();
        }
    });
}

TEST_P(ProcessOutputTest, theOptionsReachTheProgram) {
    run([](Reactor& reactor) -> Task<> {
        ProcessOptions options;
        options.variable("COLOUR", "blue").path("/");
        Strings args = script("echo $COLOUR; pwd");
        EXPECT_EQ(co_await getProcessOutput(reactor, shell, args, options), "blue\n/\n");
    });
}

/// Cancels what has begun and tells whether that was the end of the process.
template <class T>
Task<> cancelled(Deferred<T> running) {
    EXPECT_TRUE(hasChildren());
    running.cancel();
    auto got = co_await outcome(running);
    EXPECT_TRUE(!got && got.error().template check<CancelledError>());
    EXPECT_FALSE(hasChildren());
}

TEST_P(ProcessOutputTest, cancellingKillsTheProcessAndAwaitsItsEnd) {
    run([](Reactor& reactor) -> Task<> {
        // Also one that ignores what could be ignored, and whose child keeps the pipes.
        Strings args = script("trap '' TERM HUP; cat");
        co_await cancelled(getProcessOutput(reactor, shell, args));
        co_await cancelled(getProcessValue(reactor, shell, args));
        co_await cancelled(getProcessOutputAndValue(reactor, shell, args));
    });
}

TEST_P(ProcessOutputTest, cancellingAfterTheEndChangesNothing) {
    run([](Reactor& reactor) -> Task<> {
        Deferred<int> value = getProcessValue(reactor, "false");
        co_await until(reactor, [&] { return value.called(); });
        value.cancel();
        EXPECT_EQ(co_await value, 1);
    });
}

TEST_P(ProcessOutputTest, aStoppingReactorKillsTheProcess) {
    Reactor reactor(options());
    std::string failure;
    reactor.callWhenRunning([&] {
        getProcessOutput(reactor, "cat").addBoth([&](Result<std::string> result) {
            failure = result ? "none" : result.error().className();
        });
        reactor.callLater(Duration::zero(), [&] { reactor.stop(); });
    });
    reactor.run(false);
    EXPECT_EQ(failure, "CancelledError");
    EXPECT_FALSE(hasChildren());
}

INSTANTIATE_TEST_SUITE_P(Drivers, ProcessOutputTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
