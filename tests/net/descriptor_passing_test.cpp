#include <wring/net/descriptor_passing.hpp>

#include <wring/net/unix_errors.hpp>

#include <wring/tests/support/descriptors.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/tls.hpp>

#include <optional>

namespace wring {
namespace {

using namespace testing;
using DescriptorPassingTest = ReactorTest;

/// Two streams over a UNIX connection.
struct UnixStreams {
    explicit UnixStreams(Reactor& reactor) : UnixStreams(reactor, unixPair()) {}
    UnixStreams(Reactor& reactor, std::array<int, 2> fds)
        : near(Socket(reactor, fds[0])), far(Socket(reactor, fds[1])) {}
    Stream near;
    Stream far;
};

TEST_P(DescriptorPassingTest, aDescriptorComesWithItsByteAndIsTheReceivers) {
    run([](Reactor& reactor) -> Task<> {
        UnixStreams ends(reactor);
        Pipe pipe;
        int fd = pipe.in.fd();
        co_await sendDescriptors(ends.near, asBytes("here"), std::span(&fd, 1));
        DescriptorMessage got = co_await receiveDescriptors(ends.far);
        EXPECT_EQ(got.bytes.text(), "here");
        EXPECT_EQ(got.descriptors.size(), 1u);
        int taken = got.descriptors.at(0).get();
        EXPECT_NE(taken, fd);
        EXPECT_TRUE(isSameFile(taken, fd));
        EXPECT_EQ(::fcntl(taken, F_GETFD), FD_CLOEXEC);
        got.descriptors.clear();
        EXPECT_TRUE(pipe.isDeserted());
    });
}

TEST_P(DescriptorPassingTest, asManyAsTheKernelTakesAndNotOneMore) {
    run([](Reactor& reactor) -> Task<> {
        UnixStreams ends(reactor);
        Pipe pipe;
        std::vector<int> many(descriptorsMax, pipe.in.fd());
        co_await sendDescriptors(ends.near, asBytes("x"), many);
        DescriptorMessage got = co_await receiveDescriptors(ends.far);
        EXPECT_EQ(got.descriptors.size(), descriptorsMax);
        many.push_back(pipe.in.fd());
        auto tooMany = co_await outcome(sendDescriptors(ends.near, asBytes("x"), many));
        EXPECT_TRUE(!tooMany && tooMany.error().number() == EINVAL);
        auto bare = co_await outcome(sendDescriptors(ends.near, {}, std::span(many).first(1)));
        EXPECT_TRUE(!bare && bare.error().check<FileDescriptorOverrun>());
        co_await sendDescriptors(ends.near, {}, {});
        co_await sendDescriptors(ends.near, asBytes("plain"), {});
        got = co_await receiveDescriptors(ends.far);
        EXPECT_EQ(got.bytes.text(), "plain");
        EXPECT_TRUE(got.descriptors.empty());
    });
}

TEST_P(DescriptorPassingTest, messagesWithDescriptorsAreNotRunTogether) {
    run([](Reactor& reactor) -> Task<> {
        UnixStreams ends(reactor);
        Pipe pipe;
        int out = pipe.out.fd(), in = pipe.in.fd();
        co_await sendDescriptors(ends.near, asBytes("first"), std::span(&out, 1));
        co_await sendDescriptors(ends.near, asBytes("second"), std::span(&in, 1));
        DescriptorMessage first = co_await receiveDescriptors(ends.far);
        DescriptorMessage second = co_await receiveDescriptors(ends.far, 2);
        DescriptorMessage rest = co_await receiveDescriptors(ends.far);
        EXPECT_EQ(first.bytes.text(), "first");
        EXPECT_TRUE(isSameFile(first.descriptors.at(0).get(), out));
        EXPECT_EQ(second.bytes.text(), "se");
        EXPECT_TRUE(isSameFile(second.descriptors.at(0).get(), in));
        EXPECT_EQ(rest.bytes.text(), "cond");
        EXPECT_TRUE(rest.descriptors.empty());
    });
}

TEST_P(DescriptorPassingTest, muchMoreThanFitsIsSentWhole) {
    run([](Reactor& reactor) -> Task<> {
        UnixStreams ends(reactor);
        Pipe pipe;
        int fd = pipe.in.fd();
        std::string text = pattern(2 << 20);
        auto body = [](Stream* stream, const std::string* all, int passed) -> Task<> {
            co_await sendDescriptors(*stream, asBytes(*all), std::span(&passed, 1));
        };
        auto sending = startCall(body, &ends.near, &text, fd);
        DescriptorMessage got = co_await receiveDescriptors(ends.far, 100);
        EXPECT_EQ(got.descriptors.size(), 1u);
        std::string all(got.bytes.text());
        all += co_await readExactText(&ends.far, text.size() - all.size());
        co_await sending;
        EXPECT_TRUE(all == text);
    });
}

TEST_P(DescriptorPassingTest, aReaderWhoDoesNotAskForThemLeaksNone) {
    run([](Reactor& reactor) -> Task<> {
        UnixStreams ends(reactor);
        Pipe pipe;
        int fd = pipe.in.fd();
        co_await sendDescriptors(ends.near, asBytes("data"), std::span(&fd, 1));
        EXPECT_EQ(co_await readText(&ends.far), "data");
        EXPECT_TRUE(pipe.isDeserted());
    });
}

TEST_P(DescriptorPassingTest, theEndOfTheStreamIsAnEmptyMessageAndAClosedStreamAnError) {
    run([](Reactor& reactor) -> Task<> {
        UnixStreams ends(reactor);
        co_await ends.near.close();
        DescriptorMessage got = co_await receiveDescriptors(ends.far);
        EXPECT_TRUE(got.bytes.empty() && got.descriptors.empty());
        auto sent = co_await outcome(sendDescriptors(ends.far, asBytes("x"), {}));
        EXPECT_TRUE(!sent && sent.error().check<ConnectionLost>());
        auto again = co_await outcome(receiveDescriptors(ends.near));
        EXPECT_TRUE(!again && again.error().check<ConnectionLost>());
    });
}

Task<DescriptorMessage> receiveFrom(Stream* stream) {
    co_return co_await receiveDescriptors(*stream);
}

TEST_P(DescriptorPassingTest, aCancelledReceiveLosesNothing) {
    run([](Reactor& reactor) -> Task<> {
        UnixStreams ends(reactor);
        Pipe pipe;
        auto waiting = startCall(receiveFrom, &ends.far);
        co_await turns(reactor, 3);
        EXPECT_FALSE(waiting.called());
        waiting.cancel();
        auto ended = co_await outcome(waiting);
        EXPECT_TRUE(!ended && ended.error().check<CancelledError>());
        int fd = pipe.in.fd();
        co_await sendDescriptors(ends.near, asBytes("x"), std::span(&fd, 1));
        auto late = startCall(receiveFrom, &ends.far);
        co_await until(reactor, [&] { return late.called(); });
        late.cancel();
        DescriptorMessage got = co_await late;
        EXPECT_EQ(got.descriptors.size(), 1u);
    });
}

TEST_P(DescriptorPassingTest, aSendThatWaitsForRoomCanBeCancelled) {
    run([](Reactor& reactor) -> Task<> {
        UnixStreams ends(reactor);
        std::string text = pattern(4 << 20);
        auto body = [](Stream* stream, const std::string* all) -> Task<> {
            co_await sendDescriptors(*stream, asBytes(*all), {});
        };
        auto sending = startCall(body, &ends.near, &text);
        co_await turns(reactor, 3);
        EXPECT_FALSE(sending.called());
        sending.cancel();
        auto ended = co_await outcome(sending);
        EXPECT_TRUE(!ended && ended.error().check<CancelledError>());
    });
}

TEST_P(DescriptorPassingTest, closingTheStreamUnderAReceiverIsSafe) {
    run([](Reactor& reactor) -> Task<> {
        UnixStreams ends(reactor);
        auto waiting = startCall(receiveFrom, &ends.far);
        co_await turns(reactor, 3);
        co_await ends.far.close();
        EXPECT_FALSE(waiting.called());
        waiting.cancel();
        auto ended = co_await outcome(waiting);
        EXPECT_TRUE(!ended && ended.error().check<CancelledError>());
    });
}

TEST_P(DescriptorPassingTest, aSecuredStreamCarriesNone) {
    run([](Reactor& reactor) -> Task<> {
        UnixStreams ends(reactor);
        auto context = contextOf(testAuthority().client());
        auto securing = start(secureAs(&ends.near, context, TLSRole::client));
        auto sent = co_await outcome(sendDescriptors(ends.near, asBytes("in clear"), {}));
        EXPECT_TRUE(!sent && sent.error().check<UsageError>());
        auto got = co_await outcome(receiveDescriptors(ends.near));
        EXPECT_TRUE(!got && got.error().check<UsageError>());
        ends.near.abort();
        auto ended = co_await outcome(securing);
        EXPECT_FALSE(ended);
    });
}

TEST_P(DescriptorPassingTest, droppedDescriptorsEndTheConnection) {
    run([](Reactor& reactor) -> Task<> {
        UnixStreams ends(reactor);
        Pipe pipe;
        std::vector<int> fds(200, pipe.in.fd());
        co_await sendDescriptors(ends.near, asBytes("x"), fds);
        std::optional<DescriptorLimit> limit(60);
        auto got = co_await outcome(receiveDescriptors(ends.far));
        limit.reset();
        EXPECT_TRUE(!got && got.error().check<ConnectionLost>());
        EXPECT_FALSE(ends.far.isOpen());
        EXPECT_TRUE(pipe.isDeserted());
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, DescriptorPassingTest, ::testing::ValuesIn(bothDrivers()),
                         nameOf);

}  // namespace
}  // namespace wring
