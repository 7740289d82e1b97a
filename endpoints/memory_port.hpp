#pragma once

#include <wring/endpoints/interfaces.hpp>
#include <wring/net/memory_connection.hpp>

#include <vector>

namespace wring::testing {

/// A port that nobody can reach: the test says who connects. Made by a MemoryServerEndpoint.
///
/// Thread    one; needs no reactor.
/// Source    Twisted: what MemoryReactor.listenTCP gives.
class WRING_API MemoryPort final : public IListeningPort {
 public:
    MemoryPort(Address host, Ref<IFactory> factory);
    ~MemoryPort() override;

    /// Who serves the connections.
    const Ref<IFactory>& factory() const noexcept { return factory_; }
    /// Whether it listens, and how often it was told not to.
    bool isListening() const noexcept { return isListening_; }
    int stops() const noexcept { return stops_; }

    /// A client connects: gives its connection, made, with the protocol that the factory built;
    /// null if it built none. Throws UsageError unless it listens, and what buildProtocol() or
    /// connectionMade() threw; a real port logs that.
    Ref<MemoryConnection> accept(Address peer = StringTransport::usualPeer(),
                                 Reactor* reactor = nullptr);
    /// Likewise with a real connection, such as one end of a socketPair(), for a factory that
    /// serves by coroutines. It is not among accepted(), nor counted.
    void accept(Socket socket);
    /// All that accept() has given, in order.
    const std::vector<Ref<MemoryConnection>>& accepted() const noexcept { return accepted_; }

    /// From now on stopListening() goes on only when finishStopping() is called, as a real one
    /// does in a later turn. Without, it fires at once.
    void holdStopping() noexcept { isStoppingHeld_ = true; }
    void finishStopping();

    Address getHost() const override { return host_; }
    void startListening() override;
    Deferred<> stopListening() override;
    /// There is no time here: `limit` is written down only, the test ends the connections, or
    /// aborts them as the end of the limit would, with abortConnections().
    Deferred<> drain(Duration limit) override;
    std::size_t connections() const override;
    Event& stopped() noexcept override { return stopped_; }

    /// What the latest drain() was given; zero if there was none.
    Duration drainLimit() const noexcept { return drainLimit_; }
    /// Each that is open is lost with ConnectionAborted.
    void abortConnections();

 private:
    struct Open;
    static Deferred<> drainPort(Ref<MemoryPort> port);

    Address host_;
    Ref<IFactory> factory_;
    Ref<Open> open_;
    std::vector<Ref<MemoryConnection>> accepted_;
    std::vector<Deferred<>> stopping_;
    Event stopped_;
    Duration drainLimit_{};
    int stops_ = 0;
    bool isListening_ = false;
    bool isStoppingHeld_ = false;
};

}  // namespace wring::testing
