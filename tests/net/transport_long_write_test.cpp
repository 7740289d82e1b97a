#include <wring/net/transport.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <sys/mman.h>
#include <algorithm>
#include <new>

// Writes so long that the kernel is given them at once: among short ones, in many parts, to a peer
// that does not read, by a pull producer, and when the connection ends.

namespace wring {
namespace {

using namespace testing;

using TransportLongWriteTest = ReactorTest;

constexpr std::size_t longBytes = 40'000;
constexpr std::size_t muchBytes = 4 << 20;  // more than the kernel takes of one who has this:
constexpr int smallBuffers = 16384;

TEST_P(TransportLongWriteTest, longAndShortOnesKeepTheirOrder) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        ITransport& transport = record.protocol->transport();
        std::string all;
        auto write = [&](std::size_t bytes) {
            std::string text = pattern(bytes);
            std::rotate(text.begin(), text.begin() + static_cast<long>(all.size() % bytes),
                        text.end());
            transport.write(text);
            all += text;
        };
        for (std::size_t bytes : {longBytes, longBytes, 5ul, longBytes, 16384ul, 16383ul})
            write(bytes);
        EXPECT_EQ(co_await receiveText(reactor, &far, all.size()) == all, true);
        for (std::size_t bytes : {7ul, longBytes}) write(bytes);
        co_await turns(reactor);
        for (std::size_t bytes : {longBytes, 7ul}) write(bytes);
        std::string rest = co_await receiveText(reactor, &far, 2 * (longBytes + 7));
        EXPECT_TRUE(all.ends_with(rest));
        EXPECT_EQ(transport.queuedBytes(), 0u);
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportLongWriteTest, aSequenceOfManyPartsIsWhole) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        const std::string text = pattern(40 * 1000);
        std::vector<BytesView> parts;
        for (std::size_t at = 0; at < text.size(); at += 1000) {
            parts.push_back(asBytes(std::string_view(text).substr(at, 1000)));
            parts.push_back({});
        }
        record.protocol->transport().writeSequence(parts);
        EXPECT_TRUE(co_await receiveText(reactor, &far, text.size()) == text);
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportLongWriteTest, whatTheKernelDoesNotTakeIsQueued) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record, smallBuffers);
        ITransport& transport = record.protocol->transport();
        const std::string text = pattern(muchBytes);
        BytesView parts[] = {asBytes(text), asBytes("the last words")};
        transport.writeSequence(parts);
        co_await turns(reactor);
        EXPECT_GT(transport.queuedBytes(), 0u);
        transport.write("!");
        EXPECT_TRUE(co_await receiveText(reactor, &far, text.size() + 15) ==
                    text + "the last words!");
        co_await until(reactor, [&] { return transport.queuedBytes() == 0; });
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportLongWriteTest, aPullProducerIsAskedAgainWhenAllIsOutAndNeverWithinItsWrite) {
    run([](Reactor& reactor) -> Task<> {
        struct Puller final : IProducer {
            void pauseProducing() override {}
            void resumeProducing() override {
                EXPECT_FALSE(isWriting);
                isWriting = true;
                if (++asked <= 20) to->write(asBytes(text));
                if (asked == 20) to->unregisterProducer();
                isWriting = false;
            }
            void stopProducing() override {}
            ITransport* to = nullptr;
            std::string text = pattern(longBytes);
            int asked = 0;
            bool isWriting = false;
        };
        Record record;
        Puller producer;
        Peer far = serveOne<Recorder>(reactor, record, smallBuffers);
        producer.to = &record.protocol->transport();
        producer.to->registerProducer(producer, false);
        std::string got = co_await receiveText(reactor, &far, 20 * longBytes);
        std::string wanted;
        for (int i = 0; i < 20; ++i) wanted += producer.text;
        EXPECT_TRUE(got == wanted);
        EXPECT_EQ(producer.asked, 20);
        co_await finish(reactor, &record);
    });
}

TEST_P(TransportLongWriteTest, itGoesOutBeforeTheConnectionIsLost) {
    run([](Reactor& reactor) -> Task<> {
        for (int buffers : {0, smallBuffers}) {
            Record record;
            Peer far = serveOne<Recorder>(reactor, record, buffers);
            const std::string text = pattern(10 * longBytes);
            record.protocol->transport().write(asBytes(text));
            record.protocol->transport().loseConnection();
            EXPECT_TRUE(co_await receiveText(reactor, &far, text.size()) == text);
            co_await until(reactor, [&] { return record.lost == 1; });
            EXPECT_TRUE(record.reason.starts_with("ConnectionDone")) << record.reason;
            far.receive();
            EXPECT_TRUE(far.sawEnd());
        }
    });
}

TEST_P(TransportLongWriteTest, anAbortEndsItWithAReset) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record, smallBuffers);
        record.protocol->transport().write(std::string(muchBytes, 'x'));
        record.protocol->transport().abortConnection();
        co_await until(reactor, [&] { return record.lost == 1; });
        EXPECT_TRUE(record.reason.starts_with("ConnectionAborted")) << record.reason;
        EXPECT_LT(far.receive().size(), muchBytes);
        EXPECT_EQ(far.error(), ECONNRESET);
    });
}

// More than a queue can hold, of which the kernel has taken a part by then.
TEST_P(TransportLongWriteTest, aPartIsNotTakenForAllWhenTheRestCannotBeKept) {
    run([](Reactor& reactor) -> Task<> {
        constexpr std::size_t tooManyBytes = std::size_t{3} << 30;
        void* zeros = ::mmap(nullptr, tooManyBytes, PROT_READ,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        EXPECT_NE(zeros, MAP_FAILED);
        if (zeros == MAP_FAILED) co_return;
        Record record;
        Peer far = serveOne<Recorder>(reactor, record, smallBuffers);
        BytesView huge(static_cast<const std::byte*>(zeros), tooManyBytes);
        EXPECT_THROW(record.protocol->transport().write(huge), std::bad_alloc);
        co_await until(reactor, [&] { return record.lost == 1; });
        EXPECT_TRUE(record.reason.starts_with("ConnectionAborted")) << record.reason;
        far.receive();
        EXPECT_EQ(far.error(), ECONNRESET);
        ::munmap(zeros, tooManyBytes);
    });
}

TEST_P(TransportLongWriteTest, theLossOfThePeerIsToldOnceAndNotWithinWrite) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        ITransport& transport = record.protocol->transport();
        transport.pauseProducing();
        co_await turns(reactor);
        far.reset();
        transport.write(std::string(longBytes, 'x'));
        transport.write(std::string(longBytes, 'y'));
        EXPECT_EQ(record.lost, 0);
        co_await until(reactor, [&] { return record.lost == 1; });
        EXPECT_TRUE(record.reason.starts_with("ConnectionLost")) << record.reason;
        EXPECT_EQ(record.error, ECONNRESET) << "which the write has met";
    });
}

TEST_P(TransportLongWriteTest, anAnswerToAChunkStaysBehindWhatWasWrittenBackOfIt) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        Peer far = serveOne<Recorder>(reactor, record);
        const std::string text = pattern(longBytes);
        record.onData = [&](Recorder& it, std::string_view data) {
            it.transport().write(asBytes(data));
            it.transport().write(asBytes(text));
            it.transport().write(asBytes(data));
        };
        far.send("abc");
        EXPECT_TRUE(co_await receiveText(reactor, &far, longBytes + 6) == "abc" + text + "abc");
        record.onData = [&](Recorder& it, std::string_view data) {
            it.transport().write(asBytes(text));
            it.transport().write(asBytes(data));
        };
        far.send("def");
        EXPECT_TRUE(co_await receiveText(reactor, &far, longBytes + 3) == text + "def");
        co_await finish(reactor, &record);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, TransportLongWriteTest, ::testing::ValuesIn(allDrivers()),
                         nameOf);

}  // namespace
}  // namespace wring
