#pragma once

#include <wring/deferred/event.hpp>
#include <wring/net/socket.hpp>
#include <wring/runtime/operation.hpp>
#include <wring/runtime/reactor_resource.hpp>
#include <wring/runtime/result.hpp>
#include <wring/runtime/timer.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace wring::detail {

class Connection;
class TlsLayer;

/// The connections that one listening port has accepted and that are still open.
class WRING_API ConnectionGroup : public RefCounted {
 public:
    std::size_t size() const noexcept { return size_; }
    /// Set while there are none.
    Event& idle() noexcept { return idle_; }
    ConnectionGroup() noexcept { idle_.set(); }
    /// Aborts each.
    void abortAll() noexcept;

 private:
    friend class Connection;
    friend class wring::Socket;
    void add(Connection& connection) noexcept;
    void remove(Connection& connection) noexcept;
    void removed() noexcept;

    Connection* first_ = nullptr;
    Connection* cursor_ = nullptr;  // the next one to be aborted
    std::size_t size_ = 0;
    Event idle_;
};

/// Bytes that came and were not taken yet, in order. Empty, it holds no memory.
class Inbox {
 public:
    bool empty() const noexcept { return !body_; }
    std::size_t bytes() const noexcept { return body_ ? body_->bytes : 0; }
    void push(Bytes chunk);
    void pushFront(Bytes chunk);
    Bytes pop() noexcept;
    void clear() noexcept { body_.reset(); }

 private:
    struct Body : Pooled {
        std::vector<Bytes> chunks;
        std::size_t first = 0;
        std::size_t bytes = 0;
    };
    Body& body();
    std::unique_ptr<Body> body_;
};

/// What a connection asks for, as bases of it: each finds back to the whole without a pointer.
struct ReceiveRequest : Operation {
    using Operation::Operation;
};
struct SendRequest : Operation {
    using Operation::Operation;
};

/// One connected socket, with at most one receive and one send in flight: what Stream and the
/// protocols' transport have in common. Knows how to begin and end, not what the bytes mean.
///
/// Life      open -> closing (shut down, cancelled, waiting for the operations' ends) -> closed.
/// Lifetime  the derived class keeps itself alive from construction to connectionClosed().
class WRING_API Connection : public ReactorResource, private ReceiveRequest, private SendRequest {
 public:
    explicit Connection(Socket socket);
    ~Connection() override;

    int fd() const noexcept { return fd_; }
    bool isOpen() const noexcept { return stage_ == Stage::open; }
    bool isClosed() const noexcept { return stage_ == Stage::closed; }
    /// As a proxy has told, if there is one.
    Address getHost() const noexcept;
    Address getPeer() const noexcept;
    /// Null without a proxy.
    const ProxyHeader* proxyHeader() const noexcept { return proxyHeader_.get(); }
    int setFlag(int level, int option, bool on) noexcept;
    bool getFlag(int level, int option) const noexcept;

    /// Ends it at once with a reset.
    virtual void abortNow() noexcept = 0;

    /// What makes it a secured one; null if it is not.
    TlsLayer* layer() const noexcept { return layer_.get(); }
    void turnEnded() noexcept override;

 protected:
    /// Prepares the next receive: of chunks until it is ended, or of one message, of which then
    /// takeMessage() makes a chunk or a failure, whatever has become of the connection meanwhile.
    virtual void prepareReceive(Operation& receive) noexcept { receive.prepareRecvMulti(fd_); }
    virtual void takeMessage(Completion&) noexcept {}
    /// A chunk came; none after the end of reading or once close has begun.
    virtual void received(Bytes&& chunk) noexcept = 0;
    /// Reading is over: 0 for the end of the stream, else an errno. Once.
    virtual void readEnded(int error) noexcept = 0;
    /// A send that had to be waited for has ended: 0, or a negative errno. Also when one that had
    /// not to be waited for failed in the end. Not once close has begun.
    virtual void sent(int result) noexcept = 0;
    /// A secured connection broke: nothing can be read or sent any more.
    virtual void failed(Failure failure) noexcept = 0;
    /// The handshake is over and went well; nothing that follows it was sent yet.
    virtual void secured() noexcept {}
    /// The descriptor is closed and nothing is in flight. Last call; `this` may go in it.
    virtual void connectionClosed() noexcept = 0;

    /// Arms receiving; armed, ended or closing: no effect.
    void startReading() noexcept;
    /// Stops receiving; what is on its way still comes.
    void stopReading() noexcept;
    bool hasReadEnded() const noexcept { return hasReadEnded_; }

    /// Whether something is on its way: the next send() has to wait for sent().
    bool isSending() const noexcept;
    /// How much of what send() said true of the kernel has refused so far.
    std::size_t keptBytes() const noexcept;
    /// Sends all of it, once at a time. True: nothing is to be waited for; the kernel has it, or
    /// what it takes later is kept in here (by `owner`, which holds the bytes, if it was taken).
    /// False: what `bytes` refers to stays until sent().
    bool send(BytesView bytes, Bytes& owner) noexcept;
    /// Has a copy of the bytes go out with what send() said true of last. True: as if send() had;
    /// false: they are not taken.
    bool sendMore(BytesView bytes) noexcept;
    /// The bytes, which have to wait and whose owner is lent: as a copy, which becomes the owner,
    /// if receive buffers are scarce.
    BytesView freed(BytesView bytes, Bytes& owner) const noexcept;
    /// Sends all of it and tells the end by sent().
    void sendAndTell(BytesView bytes) noexcept;
    /// Likewise a message, which stays until then and whose parts are used up on the way, its
    /// control part with the first byte. Not on a secured connection.
    void sendMessageAndTell(::msghdr& message) noexcept;
    /// A send in between has met a reset: nobody else will hear of it.
    void meetReset() noexcept { hasMetReset_ = true; }
    /// Asks for sent() at the end of a send that was not to be waited for and is still on its way.
    void tellWhenSent() noexcept;
    void cancelSend() noexcept;
    int shutdownSendNow() noexcept;

    /// Has everything that follows go through `layer`, on top of what it goes through already.
    /// `clear` goes out before that.
    void secureBy(Ref<TlsLayer> layer, BytesView clear);
    /// Takes the socket, secured as it is, to somebody else. Nothing is in flight and nothing was
    /// received that is not taken. connectionClosed() has run when this returns.
    Socket release() noexcept;
    /// Whether release() would do; asks for it to become so.
    bool mayRelease() noexcept;
    /// A receive or send has ended while mayRelease() was waited for.
    virtual void becameQuiet() noexcept {}

    /// How the end is reached.
    enum class Ending : std::uint8_t {
        flush,   ///< what send() said true of goes out first; then as `prompt`
        prompt,  ///< the peer gets what the kernel has, then the end of the stream
        reset,   ///< what the kernel has is dropped, and the peer sees a reset
    };
    /// Begins the end, or hurries it.
    void beginClose(Ending ending) noexcept;

 private:
    enum class Stage : std::uint8_t { open, closing, closed };
    /// What the kernel did not take at once of bytes kept in here.
    struct Rest : Pooled, Timer {
        Rest(Connection& owner, Bytes kept) noexcept;
        Rest(const Rest&) = delete;
        Rest& operator=(const Rest&) = delete;
        ~Rest();
        Connection& connection;
        Bytes bytes;
    };
    friend class ConnectionGroup;
    friend class TlsLayer;
    Operation& receiving() noexcept { return static_cast<ReceiveRequest&>(*this); }
    Operation& sending() noexcept { return static_cast<SendRequest&>(*this); }
    const Operation& sending() const noexcept { return static_cast<const SendRequest&>(*this); }
    void startReceiving() noexcept;
    void stopReceiving() noexcept;
    void endReading(int error) noexcept;
    bool sendRaw(BytesView bytes, Bytes& owner) noexcept;
    void sendRawAndTell(BytesView bytes) noexcept;
    void tellWhenRawSent() noexcept;
    void cancelRawSend() noexcept;
    std::size_t keptRawBytes() const noexcept { return rest_ ? sending().bytes().size() : 0; }
    void takeEnd(int error) noexcept;
    void sayLastWords() noexcept;
    void tellIfQuiet() noexcept;
    static void onReceived(Operation& operation, Completion& completion) noexcept;
    static void onSent(Operation& operation, Completion& completion) noexcept;
    bool maySendMore(int result) const noexcept;
    void messageEnded(::msghdr& message, int result) noexcept;
    void unconfirmedEnded(Completion& completion) noexcept;
    void goOnSending(BytesView left) noexcept;
    void goOnSending(::msghdr& left) noexcept;
    void limitRest() noexcept;
    void sendEnded(int result) noexcept;
    /// Whether bytes are on their way that send() has said true of.
    bool keepsBytes() const noexcept { return sending().inFlight() && isSendKept_; }
    void resetAtClose() noexcept;
    void finishClose() noexcept;

    Ref<ConnectionGroup> group_;
    Ref<ProxyHeader> proxyHeader_;
    Ref<TlsLayer> layer_;
    Connection* nextInGroup_ = nullptr;
    Connection* previousInGroup_ = nullptr;
    std::unique_ptr<Rest> rest_;
    int fd_;
    Stage stage_ = Stage::open;
    bool isSendKept_ : 1 = false;       // nobody but this keeps the bytes being sent
    bool isSendCancelled_ : 1 = false;  // what is left of them does not go out
    bool tellsSent_ : 1 = false;
    bool wantsReading_ : 1 = false;
    bool hasReadEnded_ : 1 = false;
    bool hasLostBytes_ : 1 = false;  // that send() had said true of
    bool hasMetReset_ : 1 = false;   // as a send, which takes it from the receive
    bool hasLastWords_ : 1 = false;  // they go out behind what is being sent
    bool areLastWords_ : 1 = false;  // what is being sent, or was sent last
    bool isLeaving_ : 1 = false;     // is to be released: receives no more
};

}  // namespace wring::detail
