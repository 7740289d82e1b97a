#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/net/transport.hpp>
#include <wring/runtime/unique_function.hpp>

#include <optional>
#include <span>
#include <string>

namespace wring {

/// Sends what a file holds to a consumer, a piece at a time, as a pull producer: the next piece is
/// read when the one before has been taken. One transfer at a time.
///
/// Lifetime  stays until the Deferred has fired; destroyed before, it leaves the consumer and the
///           Deferred fails with CancelledError. A callback of the Deferred may destroy it.
/// Source    Twisted: protocols.basic.FileSender.
class WRING_API FileSender final : public IProducer {
 public:
    /// The last byte that was sent; none if the file was empty.
    using LastByte = std::optional<std::byte>;
    /// Reads into the span, which is not empty, and gives how much; 0 at the end of the file.
    using Reader = UniqueFunction<std::size_t(std::span<std::byte>)>;
    /// What to send in place of a piece that was read.
    using Transform = UniqueFunction<std::string(BytesView)>;

    /// How much is read at once. Twisted: CHUNK_SIZE.
    static constexpr std::size_t chunkBytes = 16384;

    FileSender() noexcept = default;
    FileSender(const FileSender&) = delete;
    FileSender& operator=(const FileSender&) = delete;
    ~FileSender() override;

    /// Begins to send; gives the last byte sent when the end of the file is found, which is when
    /// the consumer asks for more after the last piece. What `transform` makes nothing of is passed
    /// over. The consumer is without a producer by then; the file stays open.
    ///
    /// Errors    ConsumerStoppedError when the consumer wants no more; what reading, `transform`
    /// and
    ///           the consumer's write() throw. Throws UsageError while a transfer runs, or if the
    ///           consumer has a producer.
    /// Cancel    nothing more is read and sent; the consumer is without a producer.
    /// Lifetime  the consumer stays until then, or until it has called stopProducing().
    Deferred<LastByte> beginFileTransfer(Reader file, IConsumer& consumer,
                                         Transform transform = nullptr);
    /// Likewise from where the open descriptor `fd` stands, by read(2), which may block: for files.
    Deferred<LastByte> beginFileTransfer(int fd, IConsumer& consumer,
                                         Transform transform = nullptr);

    /// For the consumer.
    void resumeProducing() override;
    void stopProducing() override;

 private:
    bool sendPiece();
    void leave();
    std::optional<Deferred<LastByte>> finish();

    Reader file_;
    Transform transform_;
    IConsumer* consumer_ = nullptr;
    std::optional<Deferred<LastByte>> sending_;
    LastByte last_;
};

}  // namespace wring
