#include <wring/net/stream.hpp>

#include <wring/tests/support/tls.hpp>

namespace wring {
namespace {

using namespace testing;
using StreamWriteSequenceTest = ReactorTest;

/// Texts of given sizes, and what they are together.
struct Parts {
    explicit Parts(const std::vector<std::size_t>& sizes) {
        std::size_t bytes = 0;
        for (std::size_t size : sizes) bytes += size;
        whole = pattern(bytes);
        std::string_view left = whole;
        for (std::size_t size : sizes) {
            views.push_back(asBytes(left.substr(0, size)));
            left.remove_prefix(size);
        }
    }
    std::string whole;
    std::vector<BytesView> views;
};

constexpr int smallBuffers = 16384;

/// More than sockets with small buffers take.
Parts muchMore() { return Parts({1 << 20, 0, 2 << 20, 1 << 20}); }

Task<> writeParts(Stream* stream, const Parts* parts) {
    co_await stream->writeSequence(parts->views);
}

struct SequenceCase {
    const char* name;
    std::vector<std::size_t> sizes;
};

std::vector<SequenceCase> sequences() {
    std::vector<std::size_t> lastOnly(130, 0);
    lastOnly.back() = 50000;
    return {{"nothing", {}},
            {"nothing but empty parts", {0, 0, 0}},
            {"short parts", {1, 0, 2, 3}},
            {"one long part", {300000}},
            {"long parts with empty ones between", {0, 100000, 0, 0, 65536, 1, 0}},
            {"more parts than one message takes", std::vector<std::size_t>(200, 1000)},
            {"a long part behind many empty ones", lastOnly}};
}

Task<> expectInOrder(Stream* from, Stream* to) {
    for (const SequenceCase& shown : sequences()) {
        Parts parts(shown.sizes);
        auto writing = start(writeParts(from, &parts));
        std::string got = co_await readExactText(to, parts.whole.size());
        EXPECT_TRUE(got == parts.whole) << shown.name;
        co_await writing;
    }
    co_await from->write("end");
    EXPECT_EQ(co_await readText(to), "end") << "and nothing else";
}

TEST_P(StreamWriteSequenceTest, thePartsArriveInOrder) {
    run([](Reactor& reactor) -> Task<> {
        StreamPair pair(reactor);
        co_await expectInOrder(&pair.near, &pair.far);
    });
}

TEST_P(StreamWriteSequenceTest, thePartsArriveInOrderOverTls) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await secureBoth(&pair);
        co_await expectInOrder(&pair.server, &pair.client);
    });
}

TEST_P(StreamWriteSequenceTest, longPartsGoOutBehindWhatWasGivenAwayBefore) {
    run([](Reactor& reactor) -> Task<> {
        StreamPair pair(reactor);
        Parts parts({60000, 60000});
        Bytes first = Bytes::copyOf(pattern(40000));
        co_await pair.near.write(std::move(first));
        auto writing = start(writeParts(&pair.near, &parts));
        std::string got = co_await readExactText(&pair.far, 160000);
        EXPECT_TRUE(got == pattern(40000) + parts.whole);
        co_await writing;
    });
}

TEST_P(StreamWriteSequenceTest, longPartsAreContinuedWhereASlowPeerHasLeftOff) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, smallBuffers);
        Parts parts = muchMore();
        auto writing = start(writeParts(&ends.near, &parts));
        co_await turns(reactor);
        EXPECT_FALSE(writing.called());
        std::string got = co_await receiveText(reactor, &ends.far, parts.whole.size());
        EXPECT_TRUE(got == parts.whole);
        co_await writing;
    });
}

TEST_P(StreamWriteSequenceTest, cancelledWhileItWaitsPartOfItHasBeenSent) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, smallBuffers);
        Parts parts = muchMore();
        auto writing = start(writeParts(&ends.near, &parts));
        co_await turns(reactor);
        writing.cancel();
        auto written = co_await outcome(writing);
        EXPECT_TRUE(!written && written.error().check<CancelledError>());
        std::string got = co_await receiveText(reactor, &ends.far, 1);
        co_await turns(reactor);
        got += ends.far.receive();
        EXPECT_LT(got.size(), parts.whole.size());
        EXPECT_TRUE(parts.whole.compare(0, got.size(), got) == 0);
        co_await ends.near.write("after");
        EXPECT_EQ(co_await receiveText(reactor, &ends.far, 5), "after");
    });
}

TEST_P(StreamWriteSequenceTest, cancelledAfterItsEndItHasSentAll) {
    run([](Reactor& reactor) -> Task<> {
        StreamPair pair(reactor);
        Parts parts({30000, 30000});
        auto writing = start(writeParts(&pair.near, &parts));
        std::string got = co_await readExactText(&pair.far, 60000);
        co_await until(reactor, [&] { return writing.called(); });
        writing.cancel();
        co_await writing;
        EXPECT_TRUE(got == parts.whole);
    });
}

TEST_P(StreamWriteSequenceTest, aPeerThatResetsEndsIt) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, smallBuffers);
        Parts parts = muchMore();
        auto writing = start(writeParts(&ends.near, &parts));
        co_await turns(reactor);
        ends.far.reset();
        auto written = co_await outcome(writing);
        EXPECT_TRUE(!written && written.error().check<ConnectionLost>());
    });
}

TEST_P(StreamWriteSequenceTest, closingTheStreamEndsIt) {
    run([](Reactor& reactor) -> Task<> {
        StreamAndPeer ends(reactor, smallBuffers);
        Parts parts = muchMore();
        auto writing = start(writeParts(&ends.near, &parts));
        co_await turns(reactor);
        co_await ends.near.close();
        auto written = co_await outcome(writing);
        EXPECT_TRUE(!written && written.error().check<ConnectionLost>());
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, StreamWriteSequenceTest, ::testing::ValuesIn(allDrivers()),
                         nameOf);

}  // namespace
}  // namespace wring
