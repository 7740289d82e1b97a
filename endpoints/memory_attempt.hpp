#pragma once

#include <wring/endpoints/interfaces.hpp>
#include <wring/net/memory_connection.hpp>

#include <optional>

namespace wring::testing {

/// One attempt to connect, of which the test says what becomes. Made by a MemoryClientEndpoint.
///
/// Errors    succeed() and fail() throw UsageError for an attempt that is over, succeed() also for
///           one of the other kind.
/// Thread    one; needs no reactor.
/// Source    Twisted: MemoryReactor.tcpClients, iosim.ConnectionCompleter.
class WRING_API MemoryAttempt final : public RefCounted {
 public:
    /// `factory` is that of connect(), null for connectStream().
    MemoryAttempt(Address host, Address peer, Ref<IFactory> factory);
    ~MemoryAttempt() override;

    /// Who connects; null if a stream is wanted.
    const Ref<IFactory>& factory() const noexcept;
    /// Whether it is not over, and whether it was cancelled.
    bool isPending() const noexcept;
    bool isCancelled() const noexcept;

    /// The connection comes about: the factory builds its protocol, connectionMade() runs, then
    /// who waits goes on. Null if that went wrong: who waits was told NoProtocol, or what was
    /// thrown. `reactor`, borrowed, is for protocols that ask their transport for it.
    Ref<MemoryConnection> succeed(Reactor* reactor = nullptr);
    /// Likewise for connectStream(): gives `stream`, such as one end of a streamPair().
    void succeed(Stream stream);
    /// It fails.
    void fail(Failure failure = Failure::of<ConnectionRefusedError>());

 private:
    friend class MemoryClientEndpoint;
    struct State;
    template <class T>
    Deferred<T> deferred() const;
    void begin(bool wantsStream);
    void end(bool isOfThatKind);

    Address host_;
    Address peer_;
    Ref<State> state_;
    std::optional<Deferred<Ref<IProtocol>>> protocol_;  // who waits, as long as it is pending
    std::optional<Deferred<Stream>> stream_;
};

}  // namespace wring::testing
