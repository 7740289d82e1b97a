#pragma once

#include <wring/net/detail/connection.hpp>
#include <wring/net/detail/stream_awaiters.hpp>
#include <wring/net/tls_context.hpp>

#include <memory>

namespace wring::detail {

/// The connection behind a Stream: hands chunks to the one who reads, keeps those nobody waits for
/// up to a budget, and sends for the one who writes.
class StreamConnection final : public RefCounted, public Connection, public Pooled {
 public:
    explicit StreamConnection(Socket socket);
    ~StreamConnection() override;

    /// What a read gives without waiting: a chunk, the end, or a failure. False: wait.
    bool tryRead(ReadAwaiter& reader) noexcept;
    void setReader(ReadAwaiter& reader) noexcept;
    void dropReader() noexcept { reader_ = nullptr; }
    void unread(Bytes bytes);

    /// Begins to send. False when that was all of it: nothing to wait for.
    bool setWriter(Writer& writer) noexcept;
    /// What a writer does when it is its turn.
    bool startWrite(Writer& writer) noexcept;
    void startSequence(::msghdr& parts) noexcept { sendMessageAndTell(parts); }
    void askWriterToEnd() noexcept;
    /// Why nothing can be sent any more; null while it can.
    const Failure* writeFailure() const noexcept;

    int shutdownSend() noexcept;
    /// Begins to secure it. Errors: ClearBytesError; UsageError while something is being written
    /// or secured; what the connection failed with.
    Ref<TlsLayer> startTLS(const Ref<TLSContext>& context, TLSRole role);
    /// Whether leave() may be called; false: after the next news(), ask again.
    bool mayLeave() noexcept { return mayRelease(); }
    /// Set when nothing is in flight any more, and when it is closed. Errors: std::bad_alloc.
    Event::Awaiter news();
    /// Gives the socket away, secured as it is, with what came and was not read.
    Socket leave();
    void close() noexcept { end(Ending::flush); }
    void abortNow() noexcept override { end(Ending::reset); }
    bool isUsable() const noexcept {
        return isOpen() && (!failure_ || isStillReadable_) && !hasReadEnded();
    }
    void reactorStopping() noexcept override;

 private:
    struct DropFailure {
        void operator()(Failure* failure) const noexcept;
    };
    void received(Bytes&& chunk) noexcept override;
    void readEnded(int error) noexcept override;
    void sent(int result) noexcept override;
    void connectionClosed() noexcept override;
    void failed(Failure failure) noexcept override { fail(std::move(failure)); }
    void becameQuiet() noexcept override {
        if (news_) news_->set();
    }
    /// The same bytes in memory of their own, if their buffer had better go back.
    Bytes keepable(Bytes chunk) const;
    void end(Ending ending) noexcept;
    int shutWhenSent() noexcept;
    void fail(Failure failure) noexcept;
    void noteFailure(Failure failure) noexcept;
    void setFailure(Failure failure) noexcept;
    void failWaiters() noexcept;
    void endWrite(const Failure* failure) noexcept;

    // At first and as bits, to lie where the base has room.
    bool isStopped_ : 1 = false;  // over budget
    bool isWriteCancelled_ : 1 = false;
    bool isWriterQueued_ : 1 = false;  // behind what an earlier write left
    bool isSendShut_ : 1 = false;
    bool isShutQueued_ : 1 = false;
    bool isBroken_ : 1 = false;         // in both directions, as a send has found out
    bool isStillReadable_ : 1 = false;  // the failure is of the sending side alone
    ReadAwaiter* reader_ = nullptr;
    Writer* writer_ = nullptr;
    Inbox inbox_;
    std::unique_ptr<Failure, DropFailure> failure_;  // what everything fails with, once it does
    std::unique_ptr<Event> news_;                    // once somebody has waited for it
};

}  // namespace wring::detail
