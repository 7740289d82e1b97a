#pragma once

#include <wring/net/string_transport.hpp>
#include <wring/runtime/unique_function.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace wring::testing {

/// A connection without a network: a protocol on a StringTransport, and the test in place of the
/// peer. The protocol is called as a real transport calls it: nothing nests, nothing comes while
/// it has paused or after the end; what it writes after it has closed is dropped.
///
/// Nothing happens by itself: what the protocol asked for is carried out by who exchanges with it,
/// an IOPump or the test. TLS is not available.
/// Thread    one; needs no reactor.
/// Lifetime  may be destroyed in what it calls.
/// Source    Twisted: iosim.FakeTransport.
class WRING_API MemoryConnection final : public RefCounted {
 public:
    /// `reactor`, borrowed, is for protocols that ask their transport for it.
    explicit MemoryConnection(Ref<IProtocol> protocol, Address host = StringTransport::usualHost(),
                              Address peer = StringTransport::usualPeer(),
                              Reactor* reactor = nullptr);
    ~MemoryConnection() override;

    /// Calls makeConnection(), and lets what it throws pass, as the reason of connectionLost().
    void connect();

    /// The protocol; also when it has lost the connection.
    const Ref<IProtocol>& protocol() const noexcept { return protocol_; }
    /// What the protocol does to its side.
    StringTransport& transport() const noexcept;
    /// Whether it was made and is not lost; with what it was lost.
    bool isOpen() const noexcept { return isMade_ && !reason_; }
    const std::optional<Failure>& reason() const noexcept { return reason_; }

    /// Bytes come from the peer. They wait while the protocol has paused, until deliver().
    ///
    /// Errors    what dataReceived() throws is logged, and the connection is lost with it.
    void receive(std::string_view bytes);
    /// The peer sends nothing more, after all that came before. An IHalfCloseableProtocol is told;
    /// any other one is disconnecting from then on. True the first time.
    bool finish();
    /// Delivers what waited, if the protocol wants it now. True if something was delivered.
    bool deliver();
    /// Ends the connection, when the protocol has returned if that is what calls; no effect on one
    /// that has ended.
    void lose(const Failure& reason = Failure::of<ConnectionDone>());

    /// What the protocol has sent since it was last asked; a pull producer writes one piece first.
    std::string take();
    /// Whether all that goes out before loseConnection(), or loseWriteConnection(), is carried out
    /// was taken.
    bool mayClose() const noexcept;
    /// Carries out loseWriteConnection(): tells an IHalfCloseableProtocol. True the first time.
    bool shutWrite();

    /// Called after connectionLost(), before those who wait for it go on.
    void whenLost(UniqueFunction<void()> function) { whenLost_ = std::move(function); }

 private:
    class Transport;
    bool mayDeliver() const noexcept;
    void deliverEnd();
    void stopProducer() noexcept;
    void endIfLost() noexcept;
    template <class F>
    void call(const char* what, F function) noexcept;

    Ref<IProtocol> protocol_;
    Ref<Transport> transport_;
    UniqueFunction<void()> whenLost_;
    std::optional<Failure> reason_;
    std::string inbox_;
    bool isMade_ = false;
    bool isOver_ = false;
    bool isInside_ = false;
    bool hasPeerFinished_ = false;
    bool isEndPending_ = false;
};

}  // namespace wring::testing
