#include <wring/net/unix_transport.hpp>

#include <wring/net/detail/rights_message.hpp>
#include <wring/net/timeout_factory.hpp>
#include <wring/net/unix_errors.hpp>

#include <wring/tests/support/descriptors.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/tls.hpp>

#include <optional>
#include <stdexcept>

namespace wring {
namespace {

using namespace testing;
using UnixTransportTest = ReactorTest;

/// A protocol that keeps the descriptors it gets, and writes down when.
class Taker final : public Recorder, public IFileDescriptorReceiver {
 public:
    explicit Taker(Record* record) : Recorder(record) {}
    void fileDescriptorReceived(FileDescriptor descriptor) override {
        record().events.push_back("fd");
        taken.push_back(std::move(descriptor));
        if (onDescriptor) onDescriptor(*this);
    }
    std::vector<FileDescriptor> taken;
    std::function<void(Taker&)> onDescriptor;
};

/// A connection between two protocols, and a pipe of which an end is passed.
template <class P = Taker>
struct Ends {
    explicit Ends(Reactor& reactor) {
        std::array<int, 2> fds = unixPair();
        factory<Recorder>(&near)->connectionAccepted(Socket(reactor, fds[0]));
        factory<P>(&far)->connectionAccepted(Socket(reactor, fds[1]));
    }
    ITransport& transport() { return near.protocol->transport(); }
    IUNIXTransport& sender() { return *IUNIXTransport::of(transport()); }
    /// Sends the pipe's end so often, then the text.
    void pass(int count, std::string_view text) {
        for (int i = 0; i < count; ++i) sender().sendFileDescriptor(pipe.in.fd());
        transport().write(text);
    }
    P& taker() { return static_cast<P&>(*far.protocol); }
    Record near, far;
    Pipe pipe;
};

Task<> finishBoth(Reactor* reactor, Record* near, Record* far) {
    co_await finish(*reactor, near);
    co_await until(*reactor, [=] { return far->lost > 0; });
}

Task<> untilReceived(Reactor* reactor, const Record* record, std::size_t bytes) {
    co_await until(*reactor, [=] { return record->received.size() >= bytes; });
}

TEST_P(UnixTransportTest, aDescriptorComesBeforeItsBytesAndIsTheProtocols) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends(reactor);
        ends.pass(1, "here");
        co_await untilReceived(&reactor, &ends.far, 4);
        EXPECT_EQ(ends.far.events, (Strings{"made", "fd", "data"}));
        EXPECT_EQ(ends.far.received, "here");
        auto& taken = ends.taker().taken;
        EXPECT_TRUE(isSameFile(taken.at(0).get(), ends.pipe.in.fd()));
        EXPECT_EQ(::fcntl(taken.at(0).get(), F_GETFD), FD_CLOEXEC);
        EXPECT_EQ(ends.transport().queuedBytes(), 0u);
        taken.clear();
        EXPECT_TRUE(ends.pipe.isDeserted());
        co_await finishBoth(&reactor, &ends.near, &ends.far);
    });
}

TEST_P(UnixTransportTest, eachByteCarriesOneAndTheRestFollows) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends(reactor);
        std::string text = pattern(400);
        ends.pass(300, text);
        ends.pass(1, "!");
        co_await untilReceived(&reactor, &ends.far, 401);
        EXPECT_EQ(ends.far.received, text + "!");
        EXPECT_EQ(ends.taker().taken.size(), 301u);
        std::size_t changes = 0;  // from descriptors to bytes
        for (const std::string& each : ends.far.events) changes += each == "data";
        EXPECT_GE(changes, 301u);
        co_await finishBoth(&reactor, &ends.near, &ends.far);
    });
}

TEST_P(UnixTransportTest, theCallerMayCloseItsOwnAtOnce) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends(reactor);
        ends.pass(1, "x");
        ends.pipe.in.close();
        co_await untilReceived(&reactor, &ends.far, 1);
        EXPECT_EQ(::write(ends.taker().taken.at(0).get(), "y", 1), 1);
        char byte = 0;
        EXPECT_EQ(::read(ends.pipe.out.fd(), &byte, 1), 1);
        co_await finishBoth(&reactor, &ends.near, &ends.far);
    });
}

TEST_P(UnixTransportTest, moreDescriptorsThanBytesEndTheConnection) {
    run([](Reactor& reactor) -> Task<> {
        for (std::string text : {"", "ab"}) {
            Ends ends(reactor);
            ends.pass(3, text);
            EXPECT_EQ(ends.near.lost, 0);
            co_await until(reactor, [&] { return ends.near.lost + ends.far.lost == 2; });
            EXPECT_TRUE(ends.near.reason.starts_with("FileDescriptorOverrun")) << ends.near.reason;
            EXPECT_TRUE(ends.far.reason.starts_with("ConnectionDone")) << ends.far.reason;
            EXPECT_TRUE(ends.pipe.isDeserted());
        }
    });
}

TEST_P(UnixTransportTest, aProtocolThatTakesNoneGetsTheBytesAlone) {
    run([](Reactor& reactor) -> Task<> {
        Ends<Recorder> ends(reactor);
        ends.pass(2, "bytes");
        co_await untilReceived(&reactor, &ends.far, 5);
        EXPECT_EQ(ends.far.received, "bytes");
        EXPECT_TRUE(ends.pipe.isDeserted());
        co_await finishBoth(&reactor, &ends.near, &ends.far);
    });
}

TEST_P(UnixTransportTest, whileReceivingIsPausedDescriptorsWaitWithTheirBytes) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends(reactor);
        ends.taker().transport().pauseProducing();
        ends.pass(1, "a");
        co_await turns(reactor);
        ends.pass(1, "b");
        co_await turns(reactor);
        EXPECT_EQ(ends.far.events, Strings{"made"});
        ends.taker().transport().resumeProducing();
        co_await untilReceived(&reactor, &ends.far, 2);
        EXPECT_EQ(ends.far.events, (Strings{"made", "fd", "data", "fd", "data"}));
        co_await finishBoth(&reactor, &ends.near, &ends.far);
    });
}

TEST_P(UnixTransportTest, aPauseInADescriptorStillDeliversItsBytes) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends(reactor);
        ends.taker().onDescriptor = [](Taker& it) { it.transport().pauseProducing(); };
        ends.pass(1, "x");
        co_await untilReceived(&reactor, &ends.far, 1);
        ends.pass(1, "y");
        co_await turns(reactor);
        EXPECT_EQ(ends.far.received, "x");
        co_await finishBoth(&reactor, &ends.far, &ends.near);
        EXPECT_TRUE(ends.pipe.isDeserted());
    });
}

TEST_P(UnixTransportTest, nothingFollowsADescriptorThatEndsTheConnection) {
    struct Way {
        std::function<void(Taker&)> end;
        std::string reason;
    };
    run([](Reactor& reactor) -> Task<> {
        std::vector<Way> ways{
            {[](Taker& it) { it.transport().loseConnection(); }, "ConnectionDone"},
            {[](Taker& it) { it.transport().abortConnection(); }, "ConnectionAborted"},
            {[](Taker&) { throw std::runtime_error("no more"); }, "std::runtime_error"}};
        for (const Way& way : ways) {
            Ends ends(reactor);
            ends.taker().onDescriptor = way.end;
            ends.pass(2, "abc");
            co_await until(reactor, [&] { return ends.near.lost + ends.far.lost == 2; });
            EXPECT_EQ(ends.far.events, (Strings{"made", "fd", "lost"}));
            EXPECT_TRUE(ends.far.reason.starts_with(way.reason)) << ends.far.reason;
            EXPECT_TRUE(ends.pipe.isDeserted());
        }
    });
}

TEST_P(UnixTransportTest, descriptorsThatTheKernelDroppedEndTheConnection) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Pipe pipe;
        std::array<int, 2> fds = unixPair();
        factory<Taker>(&record)->connectionAccepted(Socket(reactor, fds[0]));
        Peer far(fds[1]);
        std::vector<int> many(200, pipe.in.fd());
        detail::RightsMessage message("x", 1);
        message.put(many);
        std::optional<DescriptorLimit> limit(60);
        EXPECT_EQ(::sendmsg(far.fd(), &message.raw(), 0), 1);
        co_await until(reactor, [&] { return record.lost > 0; });
        limit.reset();
        EXPECT_EQ(record.events, (Strings{"made", "lost"}));
        EXPECT_TRUE(record.reason.starts_with("ConnectionLost")) << record.reason;
        EXPECT_TRUE(pipe.isDeserted());
    });
}

TEST_P(UnixTransportTest, anAbortLeavesNoDescriptorThatCameOrWaits) {
    run([](Reactor& reactor) -> Task<> {
        for (int wait = 0; wait < 4; ++wait) {
            Ends ends(reactor);
            ends.taker().transport().pauseProducing();
            ends.pass(5, pattern(1 << 20));
            co_await turns(reactor, wait);
            ends.taker().transport().abortConnection();
            co_await finishBoth(&reactor, &ends.near, &ends.far);
            EXPECT_TRUE(ends.pipe.isDeserted());
        }
    });
}

TEST_P(UnixTransportTest, descriptorsKeepTheirPlaceBehindBytesThatWaitForRoom) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends(reactor);
        std::string text = pattern(2 << 20);
        ends.transport().write(text);
        co_await turns(reactor, 1);
        ends.pass(2, "after");
        ends.transport().loseConnection();
        co_await until(reactor, [&] { return ends.near.lost + ends.far.lost == 2; });
        EXPECT_EQ(ends.far.received, text + "after");
        EXPECT_EQ(std::count(ends.far.events.begin(), ends.far.events.end(), "fd"), 2);
        EXPECT_TRUE(ends.near.reason.starts_with("ConnectionDone")) << ends.near.reason;
    });
}

TEST_P(UnixTransportTest, aPolicyLetsThemPassInBothDirections) {
    run([](Reactor& reactor) -> Task<> {
        Record near, far;
        Pipe pipe;
        std::array<int, 2> fds = unixPair();
        auto sending = makeRef<TimeoutFactory>(factory<Recorder>(&near));
        auto receiving = makeRef<TimeoutFactory>(factory<Taker>(&far));
        sending->connectionAccepted(Socket(reactor, fds[0]));
        receiving->connectionAccepted(Socket(reactor, fds[1]));
        ITransport& transport = near.protocol->transport();
        IUNIXTransport::of(transport)->sendFileDescriptor(pipe.in.fd());
        transport.write("x");
        co_await untilReceived(&reactor, &far, 1);
        EXPECT_EQ(far.events, (Strings{"made", "fd", "data"}));
        co_await finishBoth(&reactor, &near, &far);
    });
}

/// Writes until it is told to hold back.
struct Pausable final : IProducer {
    void pauseProducing() override { isPaused = true; }
    void resumeProducing() override { isPaused = false; }
    void stopProducing() override {}
    bool isPaused = false;
};

TEST_P(UnixTransportTest, manyWaitingDescriptorsPauseAProducer) {
    run([](Reactor& reactor) -> Task<> {
        Ends ends(reactor);
        Pausable producer;
        ends.transport().registerProducer(producer, true);
        ends.pass(64, pattern(100));
        EXPECT_FALSE(producer.isPaused);
        ends.pass(1, "");
        EXPECT_TRUE(producer.isPaused);
        co_await until(reactor, [&] { return !producer.isPaused; });
        co_await untilReceived(&reactor, &ends.far, 100);
        EXPECT_EQ(ends.taker().taken.size(), 65u);
        ends.transport().unregisterProducer();
        co_await finishBoth(&reactor, &ends.near, &ends.far);
    });
}

TEST_P(UnixTransportTest, onlyAClearUnixConnectionCarriesThem) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Taker>(reactor, record);
        EXPECT_EQ(IUNIXTransport::of(record.protocol->transport()), nullptr);
        far.send("plain");
        co_await untilReceived(&reactor, &record, 5);
        co_await finish(reactor, &record);

        Ends ends(reactor);
        IUNIXTransport& sender = ends.sender();
        sender.sendFileDescriptor(ends.pipe.in.fd());
        ends.transport().write("x");
        auto context = contextOf(testAuthority().client());
        EXPECT_THROW(ends.transport().startTLS(context, false), UsageError);
        co_await untilReceived(&reactor, &ends.far, 1);
        EXPECT_THROW(sender.sendFileDescriptor(-1), Error);
        ends.transport().startTLS(context, false);
        EXPECT_THROW(sender.sendFileDescriptor(ends.pipe.in.fd()), UsageError);
        co_await finishBoth(&reactor, &ends.near, &ends.far);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, UnixTransportTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
