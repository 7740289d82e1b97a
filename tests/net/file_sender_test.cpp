#include <wring/net/file_sender.hpp>

#include <wring/net/framing_errors.hpp>
#include <wring/tests/deferred/ends.hpp>
#include <wring/tests/deferred/support.hpp>
#include <wring/tests/net/cuts.hpp>
#include <wring/tests/net/exchange.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace wring {
namespace {

using namespace testing;
using LastByte = FileSender::LastByte;

// A file in memory that notes how it is read.
struct Text {
    std::string left;
    Strings* reads;
    std::size_t operator()(std::span<std::byte> into) {
        std::size_t count = std::min(into.size(), left.size());
        std::copy_n(asBytes(left).begin(), count, into.begin());
        left.erase(0, count);
        reads->push_back(std::to_string(count));
        return count;
    }
};

class FileSenderTest : public QuietTest {
 protected:
    Text text(std::string content) { return Text{std::move(content), &reads_}; }
    // Lets the consumer ask for more until it has been left.
    void pull() {
        while (IProducer* producer = transport_->producer()) producer->resumeProducing();
    }

    Strings reads_;
    Ref<StringTransport> transport_ = makeRef<StringTransport>();
    std::unique_ptr<FileSender> sender_ = std::make_unique<FileSender>();
};

struct SendCase {
    std::string name;
    std::string content;
    Strings reads;
};
void PrintTo(const SendCase& each, std::ostream* out) { *out << each.name; }

class FileSenderContentTest : public FileSenderTest,
                              public ::testing::WithParamInterface<SendCase> {};
TEST_P(FileSenderContentTest, allOfItIsSentInPiecesAndTheLastByteGiven) {
    const std::string& content = GetParam().content;
    auto sent = sender_->beginFileTransfer(text(content), *transport_);
    EXPECT_FALSE(transport_->streaming());
    EXPECT_FALSE(sent.called());
    pull();
    EXPECT_EQ(transport_->value(), content);
    EXPECT_EQ(reads_, GetParam().reads);
    LastByte last;
    sent.addCallback([&](LastByte byte) { last = byte; });
    EXPECT_EQ(last, content.empty() ? LastByte() : LastByte(std::byte(content.back())));
}
INSTANTIATE_TEST_SUITE_P(
    Contents, FileSenderContentTest,
    ::testing::Values(SendCase{"nothing", "", {"0"}}, SendCase{"oneByte", "x", {"1", "0"}},
                      SendCase{"onePiece", pattern(16384), {"16384", "0"}},
                      SendCase{"oneMore", pattern(16385), {"16384", "1", "0"}},
                      SendCase{"threePieces", pattern(40000), {"16384", "16384", "7232", "0"}}),
    NameOf());

TEST_F(FileSenderTest, eachAskOfTheConsumerReadsOnePiece) {
    auto sent = sender_->beginFileTransfer(text(pattern(40000)), *transport_);
    EXPECT_EQ(transport_->producer(), sender_.get());
    EXPECT_EQ(transport_->value().size(), 0u);
    sender_->resumeProducing();
    EXPECT_EQ(transport_->value().size(), FileSender::chunkBytes);
    sender_->resumeProducing();
    EXPECT_EQ(transport_->value().size(), 2 * FileSender::chunkBytes);
    EXPECT_FALSE(sent.called());
    sent.cancel();
    EXPECT_EQ(endOf(sent), "CancelledError");
}

TEST_F(FileSenderTest, theTransformedBytesAreSentAndTheLastOfThemGiven) {
    auto sent = sender_->beginFileTransfer(text("abc"), *transport_, [](BytesView piece) {
        return "<" + std::string(asText(piece)) + ">";
    });
    pull();
    EXPECT_EQ(transport_->value(), "<abc>");
    LastByte last;
    sent.addCallback([&](LastByte byte) { last = byte; });
    EXPECT_EQ(last, LastByte(std::byte{'>'}));
}

TEST_F(FileSenderTest, aPieceThatIsTransformedToNothingIsPassedOver) {
    bool isFirst = true;
    auto sent = sender_->beginFileTransfer(text(pattern(20000)), *transport_, [&](BytesView) {
        return std::exchange(isFirst, false) ? std::string() : "rest";
    });
    sender_->resumeProducing();
    EXPECT_EQ(transport_->value(), "rest");
    pull();
    EXPECT_EQ(endOf(sent), "value");
}

TEST_F(FileSenderTest, aConsumerThatStopsItFailsTheTransfer) {
    auto sent = sender_->beginFileTransfer(text("abc"), *transport_);
    sender_->stopProducing();
    std::string message;
    sent.addErrback([&](const Failure& failure) -> Failure {
        message = failure.getErrorMessage();
        return failure;
    });
    EXPECT_EQ(message, "Consumer asked us to stop producing");
    EXPECT_EQ(endOf(sent), "ConsumerStoppedError");
    sender_->stopProducing();
    sender_->resumeProducing();
    EXPECT_TRUE(reads_.empty());
}

TEST_F(FileSenderTest, aCancelledTransferLeavesTheConsumerAndReadsNoMore) {
    auto sent = sender_->beginFileTransfer(text("abc"), *transport_);
    sent.cancel();
    EXPECT_EQ(endOf(sent), "CancelledError");
    EXPECT_EQ(transport_->producer(), nullptr);
    sender_->resumeProducing();
    EXPECT_TRUE(reads_.empty());
}

TEST_F(FileSenderTest, aCancelAfterTheEndChangesNothing) {
    auto sent = sender_->beginFileTransfer(text("abc"), *transport_);
    pull();
    sent.cancel();
    EXPECT_EQ(endOf(sent), "value");
}

TEST_F(FileSenderTest, aCancelFromWithinTheReaderEndsItThere) {
    Deferred<LastByte> sent;
    sent = sender_->beginFileTransfer(
        [&sent](std::span<std::byte> into) {
            sent.cancel();
            return into.size();
        },
        *transport_);
    sender_->resumeProducing();
    EXPECT_EQ(endOf(sent), "CancelledError");
    EXPECT_EQ(transport_->writes(), 0);
}

TEST_F(FileSenderTest, whatTheReaderThrowsFailsTheTransferAndLeavesTheConsumer) {
    auto sent = sender_->beginFileTransfer(
        [](std::span<std::byte>) -> std::size_t { throw Error(EIO, "read"); }, *transport_);
    EXPECT_NO_THROW(sender_->resumeProducing());
    EXPECT_EQ(transport_->producer(), nullptr);
    EXPECT_EQ(endOf(sent), "Error");
}

TEST_F(FileSenderTest, aDescriptorThatCannotBeReadFailsTheTransferWithItsErrno) {
    auto sent = sender_->beginFileTransfer(-1, *transport_);
    pull();
    int number = 0;
    sent.addErrback([&](const Failure& failure) -> LastByte {
        number = failure.number();
        return {};
    });
    EXPECT_EQ(number, EBADF);
}

TEST_F(FileSenderTest, oneTransferRunsAtATimeAndThenAnother) {
    auto first = sender_->beginFileTransfer(text("one"), *transport_);
    EXPECT_THROW(sender_->beginFileTransfer(text("two"), *transport_), UsageError);
    pull();
    auto second = sender_->beginFileTransfer(text("two"), *transport_);
    pull();
    EXPECT_EQ(transport_->value(), "onetwo");
    EXPECT_EQ(endOf(first) + endOf(second), "valuevalue");
}

TEST_F(FileSenderTest, aConsumerWithAnotherProducerIsRefusedAndTheSenderIsFree) {
    FileSender other;
    auto running = other.beginFileTransfer(text("one"), *transport_);
    EXPECT_THROW(sender_->beginFileTransfer(text("two"), *transport_), UsageError);
    pull();
    auto second = sender_->beginFileTransfer(text("two"), *transport_);
    pull();
    EXPECT_EQ(endOf(running) + endOf(second), "valuevalue");
}

TEST_F(FileSenderTest, destroyedWhileItSendsItLeavesTheConsumerAndTheTransferIsCancelled) {
    auto sent = sender_->beginFileTransfer(text("abc"), *transport_);
    sender_.reset();
    EXPECT_EQ(transport_->producer(), nullptr);
    EXPECT_EQ(endOf(sent), "CancelledError");
}

TEST_F(FileSenderTest, whoeverIsToldOfTheEndMayDestroyTheSender) {
    auto sent = sender_->beginFileTransfer(text("abc"), *transport_);
    sent.addCallback([&](LastByte byte) {
        sender_.reset();
        return byte;
    });
    pull();
    EXPECT_EQ(sender_, nullptr);
    EXPECT_EQ(endOf(sent), "value");
}

// Sends a file as soon as there is a connection, and then closes.
class Sending final : public Protocol {
 public:
    Sending(int fd, Strings* events) : fd_(fd), events_(events) {}
    void connectionMade() override {
        sender_.beginFileTransfer(fd_, transport()).addBoth([this](Result<LastByte> result) {
            events_->push_back(result ? "sent" : result.error().className());
            transport().loseConnection();
        });
    }

 private:
    int fd_;
    Strings* events_;
    FileSender sender_;
};

using FileSenderSocketTest = ReactorTest;
TEST_P(FileSenderSocketTest, aFileOfManyPiecesArrivesWhole) {
    std::string content = pattern(300000);
    std::FILE* file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    ASSERT_EQ(std::fwrite(content.data(), 1, content.size(), file), content.size());
    std::rewind(file);
    run(
        [](Reactor& reactor, int fd, const std::string* wanted) -> Task<> {
            Strings events;
            PeerPair ends;
            auto sending = makeRef<Sending>(fd, &events);
            Socket socket(reactor, ends.near.release());
            makeRef<OneProtocol>(sending)->connectionAccepted(std::move(socket));
            std::string got = co_await receiveText(reactor, &ends.far, wanted->size());
            EXPECT_TRUE(got == *wanted);
            co_await sending->lost().wait();
            EXPECT_EQ(events, Strings{"sent"});
        },
        fileno(file), &content);
    std::fclose(file);
}

TEST_P(FileSenderSocketTest, aLostConnectionFailsTheTransfer) {
    std::FILE* file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    ASSERT_EQ(::ftruncate(fileno(file), 64 << 20), 0);
    run(
        [](Reactor& reactor, int fd) -> Task<> {
            Strings events;
            PeerPair ends(16384);
            auto sending = makeRef<Sending>(fd, &events);
            Socket socket(reactor, ends.near.release());
            makeRef<OneProtocol>(sending)->connectionAccepted(std::move(socket));
            co_await turns(reactor);
            ends.far.reset();
            co_await sending->lost().wait();
            EXPECT_EQ(events, Strings{"ConsumerStoppedError"});
        },
        fileno(file));
    std::fclose(file);
}
INSTANTIATE_TEST_SUITE_P(Drivers, FileSenderSocketTest, ::testing::ValuesIn(bothDrivers()),
                         NameOf());

}  // namespace
}  // namespace wring
