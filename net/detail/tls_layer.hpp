#pragma once

#include <wring/deferred/event.hpp>
#include <wring/net/detail/tls_session.hpp>
#include <wring/runtime/frame_pool.hpp>
#include <wring/runtime/timer.hpp>

#include <memory>

namespace wring::detail {

class Connection;

/// What makes a connection a secured one: stands between its socket and whoever uses it. From
/// below it gets ciphertext, above it behaves as the socket would.
///
/// Bounds    no more is encrypted while the kernel does not take what was, and nothing is
///           decrypted while nobody reads it (one record excepted) or while what has to be
///           answered to it does not go out.
/// Lifetime  the connection's, and as long as one of its functions runs.
class TlsLayer final : public RefCounted, public Pooled {
 public:
    TlsLayer(const Ref<TLSContext>& context, TLSRole role, Ref<TlsLayer> below);
    ~TlsLayer() override;

    /// The one next to the socket.
    TlsLayer& bottom() noexcept { return below_ ? below_->bottom() : *this; }
    const TlsSession& session() const noexcept { return session_; }
    /// Bytes in clear that go out first.
    void sendClearFirst(BytesView bytes) { session_.output().append(bytes); }

    /// Begins to work for `connection`, or goes on. `owesSent`: what is on its way in clear has to
    /// be told as sent().
    void attach(Connection& connection, bool owesSent);
    /// Whether it does so for that one, which is there then.
    bool worksFor(const Connection& connection) const noexcept {
        return connection_ == &connection;
    }
    /// The connection takes the socket elsewhere, or is closed.
    void detach() noexcept;
    /// Set when the handshake is over, well or not, or the connection closed.
    Event& settled() noexcept { return settled_; }
    bool isSecured() const noexcept { return session_.isReady(); }
    /// Takes back what came last and nobody took; it is delivered anew. Throws std::bad_alloc.
    void putBack(BytesView bytes);

    /// As Connection's members of these names.
    void startReading() noexcept;
    void stopReading() noexcept { wants_ = false; }
    bool wantsReading() const noexcept { return wants_; }
    bool isSending() const noexcept;
    std::size_t keptBytes() const noexcept;
    bool send(BytesView bytes, Bytes& owner) noexcept;
    /// Takes bytes to be sent by the end of the turn, if they are worth it: many, in answer to
    /// what is being delivered, and nothing is on its way.
    bool take(BytesView bytes) noexcept;
    void sendAndTell(BytesView bytes) noexcept;
    void tellWhenSent() noexcept;
    void cancelSend() noexcept;
    /// Tells the peer that nothing more will be sent; the socket stays open in both directions.
    int shutdownSend() noexcept;

    /// What happens below.
    void arrived(Bytes chunk) noexcept;
    void inputEnded(int error) noexcept;
    void outputSent(int result) noexcept;
    void turnEnded() noexcept;
    /// What the peer is to get before an orderly end, kept in here; nothing if there is nothing to
    /// be said any more. While nothing is being sent.
    Bytes& lastWords() noexcept;

 private:
    /// The time that a handshake may take.
    struct Deadline : Timer, Pooled {
        explicit Deadline(TlsLayer& owner) noexcept : Timer(&TlsLayer::onDeadline), layer(owner) {}
        TlsLayer& layer;
    };
    static void onDeadline(Timer& timer) noexcept;
    void endDeadline() noexcept;
    void forgetInput() noexcept;
    bool isLive() const noexcept;
    bool isClogged() const noexcept;
    void pump() noexcept;
    bool advance() noexcept;
    bool shakeHands() noexcept;
    void tellEnd() noexcept;
    bool encrypt() noexcept;
    bool mayGather(BytesView bytes) const noexcept;
    void gather() noexcept;
    void flush() noexcept;
    void settle() noexcept;
    void regulate() noexcept;
    void failNow() noexcept;
    void deliver(Bytes chunk) noexcept;
    void tellSent(int result) noexcept;

    // The level below: another layer, or the socket.
    void startBelow() noexcept;
    void stopBelow() noexcept;
    bool isSendingBelow() const noexcept;
    bool sendBelow(BytesView bytes, Bytes& owner) noexcept;
    void sendAndTellBelow(BytesView bytes) noexcept;
    void tellWhenSentBelow() noexcept;

    TlsSession session_;
    Connection* connection_ = nullptr;
    TlsLayer* above_ = nullptr;
    Ref<TlsLayer> below_;
    BytesView plain_;  // to be encrypted; the connection keeps it until sent()
    Bytes cipher_;     // with the kernel
    Bytes ready_;      // decrypted, not taken
    std::unique_ptr<Deadline> deadline_;
    Event settled_;
    int endError_ = 0;
    bool wants_ = false;
    bool tellsSent_ = false;
    bool hasEnded_ = false;    // below
    bool hasToldEnd_ = false;  // above
    bool hasToldFailure_ = false;
    bool isPumping_ = false;
    bool isGathering_ = false;  // encrypted bytes go out at the end of the turn
};

}  // namespace wring::detail
