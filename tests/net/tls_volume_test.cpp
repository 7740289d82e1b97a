// A lot of bytes through TLS: whole, in bounded memory, in sends that are worth it.
#include <wring/net/detail/transport_connection.hpp>

#include <wring/tests/support/tls.hpp>

#include <malloc.h>
#include <openssl/evp.h>
#include <algorithm>

namespace wring {
namespace {

using namespace testing;
using TlsVolumeTest = ReactorTest;

/// The SHA-256 of what is told, piece by piece.
class Hash {
 public:
    Hash() : state_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(state_.get(), EVP_sha256(), nullptr); }
    void add(std::string_view bytes) {
        EVP_DigestUpdate(state_.get(), bytes.data(), bytes.size());
        bytes_ += bytes.size();
    }
    std::size_t bytes() const { return bytes_; }
    std::string value() {
        std::string all(EVP_MAX_MD_SIZE, '\0');
        EVP_DigestFinal_ex(state_.get(), reinterpret_cast<unsigned char*>(all.data()), nullptr);
        return all;
    }

 private:
    std::unique_ptr<EVP_MD_CTX, detail::FreeBy<EVP_MD_CTX_free>> state_;
    std::size_t bytes_ = 0;
};

/// Numbers that are the same in each run.
class Numbers {
 public:
    std::size_t below(std::size_t limit) {
        state_ = state_ * 1664525 + 1013904223;
        return (state_ >> 8) % limit;
    }

 private:
    std::uint32_t state_ = 7;
};

/// A server that takes all in, holding back now and then.
struct Taker {
    Taker(Reactor& reactor, Socket socket) {
        context = contextOf(testAuthority().server());
        record.onMade = [this](Recorder& made) { made.transport().startTLS(context); };
        record.onData = [this, &reactor](Recorder& it, std::string_view data) {
            got.add(data);
            it.record().received.clear();
            heapBytesMax = std::max(heapBytesMax, heapBytes());
            if (numbers.below(16) > 0) return;
            ++pauses;
            it.transport().pauseProducing();
            reactor.callLater(Duration::zero(), [&it] { it.transport().resumeProducing(); });
        };
        detail::connectTransport(std::move(socket), Address(), makeRef<Recorder>(&record));
    }
    // Nothing where a sanitizer has taken the heap over.
    static std::size_t heapBytes() {
        auto heap = ::mallinfo2();
        return heap.uordblks + heap.hblkhd;
    }

    Ref<TLSContext> context;
    Record record;
    Hash got;
    Numbers numbers;
    std::size_t heapBytesMax = 0;
    int pauses = 0;
};

/// Writes so many bytes in pieces of all sizes, resting now and then; gives their hash.
Task<std::string> writeMuch(Reactor& reactor, Stream* stream, std::size_t bytes) {
    const std::string source = pattern(1 << 20);
    Hash sent;
    Numbers numbers;
    while (sent.bytes() < bytes) {
        std::size_t size = std::min(1 + numbers.below(300'000), bytes - sent.bytes());
        std::string_view piece(source.data() + numbers.below(source.size() - size), size);
        sent.add(piece);
        co_await stream->write(asBytes(piece));
        if (numbers.below(16) == 0) co_await turns(reactor, 3);
    }
    co_return sent.value();
}

TEST_P(TlsVolumeTest, muchGoesThroughWholeAndInBoundedMemoryWithPausesOnBothSidesSlow) {
    run([](Reactor& reactor) -> Task<> {
        constexpr std::size_t volume = 64 << 20;
        PeerPair ends;
        Taker taker(reactor, Socket(reactor, ends.near.release()));
        Stream client(Socket(reactor, ends.far.release()));
        auto context = contextOf(testAuthority().client());
        co_await client.startTLS(context, TLSRole::client);
        std::size_t before = Taker::heapBytes();
        std::string sent = co_await writeMuch(reactor, &client, volume);
        co_await client.close();
        co_await until(reactor, [&] { return taker.record.lost > 0; });
        EXPECT_EQ(taker.record.reason, "ConnectionDone: Connection was closed cleanly.");
        EXPECT_EQ(taker.got.bytes(), volume);
        EXPECT_TRUE(taker.got.value() == sent);
        EXPECT_GT(taker.pauses, 0);
        EXPECT_LT(taker.heapBytesMax, before + (8 << 20));
    });
}

/// A protocol that sends back what it gets, and what its transport says it has queued.
struct Echoing {
    Echoing(Reactor& reactor, PeerPair ends) : stream(Socket(reactor, ends.far.release())) {
        context = contextOf(testAuthority().server());
        record.onMade = [this](Recorder& made) { made.transport().startTLS(context); };
        record.onData = [this](Recorder& it, std::string_view data) {
            it.transport().write(data);
            queued = it.transport().queuedBytes();
            if (onEcho) onEcho(it.transport());
        };
        detail::connectTransport(Socket(reactor, ends.near.release()), Address(),
                                 makeRef<Recorder>(&record));
    }
    Task<> secure() {
        auto client = contextOf(testAuthority().client());
        co_await stream.startTLS(client, TLSRole::client);
    }

    Ref<TLSContext> context;
    Record record;
    Stream stream;
    std::size_t queued = 0;
    std::function<void(ITransport&)> onEcho;
};

TEST_P(TlsVolumeTest, whatAProtocolAnswersLeavesByTheEndOfTheTurnWhateverItsSize) {
    run([](Reactor& reactor) -> Task<> {
        Echoing echo(reactor, PeerPair());
        co_await echo.secure();
        for (std::size_t size : {1, 8'191, 8'192, 16'384, 16'385, 65'536, 300'000}) {
            std::string sent = pattern(size);
            auto writing = start(writeText(&echo.stream, sent));
            EXPECT_TRUE(co_await readExactText(&echo.stream, size) == sent) << size;
            co_await writing;
            EXPECT_TRUE(echo.queued > 0 || size >= 65'536) << size;
        }
        co_await finish(reactor, &echo.record);
    });
}

/// What the client gets when the server does `last` behind a large answer.
Task<std::string> afterALargeAnswer(Reactor& reactor, std::function<void(ITransport&)> last) {
    Echoing echo(reactor, PeerPair());
    co_await echo.secure();
    echo.onEcho = last;
    co_await echo.stream.write(pattern(16'384));
    std::string got;
    for (;;) {
        auto chunk = co_await outcome(echo.stream.read());
        if (!chunk || !*chunk) break;
        got += chunk->text();
    }
    co_await until(reactor, [&] { return echo.record.lost > 0; });
    co_return got + "; " + echo.record.reason;
}

TEST_P(TlsVolumeTest, anEndComesBehindALargeAnswerAndAnAbortTakesItsPlace) {
    run([](Reactor& reactor) -> Task<> {
        auto lose = [](ITransport& it) { it.loseConnection(); };
        auto loseMore = [](ITransport& it) {
            it.write("more");
            it.loseConnection();
        };
        auto abort = [](ITransport& it) { it.abortConnection(); };
        std::string clean = "; ConnectionDone: Connection was closed cleanly.";
        EXPECT_EQ(co_await afterALargeAnswer(reactor, lose), pattern(16'384) + clean);
        EXPECT_EQ(co_await afterALargeAnswer(reactor, loseMore), pattern(16'384) + "more" + clean);
        std::string aborted = co_await afterALargeAnswer(reactor, abort);
        EXPECT_TRUE(aborted.starts_with("; ConnectionAborted:")) << aborted;
    });
}

/// Sends one chunk back and does not wait for more.
Task<> answerAndClose(Stream* stream) {
    Bytes chunk = co_await stream->read();
    co_await stream->write(std::move(chunk));
    co_await stream->close();
}

TEST_P(TlsVolumeTest, closingAStreamSendsALargeAnswerFirst) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        co_await secureBoth(&pair);
        auto answering = start(answerAndClose(&pair.server));
        co_await pair.client.write(pattern(16'384));
        EXPECT_TRUE(co_await readAll(&pair.client) == pattern(16'384));
        co_await answering;
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, TlsVolumeTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
