#pragma once

#include <wring/endpoints/memory_attempt.hpp>

#include <optional>
#include <vector>

namespace wring::testing {

/// Something to connect to that opens nothing and writes down who connected: for tests of what
/// takes an endpoint. Each connect() and connectStream() is a MemoryAttempt, of which the test
/// says what becomes; nothing connects by itself.
///
/// Cancel    of what connect() gave: ConnectingCancelledError, and the attempt knows.
/// Thread    one; needs no reactor.
/// Source    Twisted: MemoryReactor.tcpClients, RaisingMemoryReactor.
class WRING_API MemoryClientEndpoint final : public IStreamClientEndpoint {
 public:
    /// Its connections say that they go from `host` to `peer`.
    explicit MemoryClientEndpoint(Address peer = StringTransport::usualPeer(),
                                  Address host = StringTransport::usualHost());

    /// Each attempt fails at once with that from now on, until decide().
    void failWith(Failure failure) { failure_ = std::move(failure); }
    /// Each waits again for the test.
    void decide() { failure_.reset(); }

    /// All attempts, in order; those that are over stay.
    const std::vector<Ref<MemoryAttempt>>& attempts() const noexcept { return attempts_; }
    /// How many of them wait for the test.
    std::size_t pending() const noexcept;

    Deferred<Ref<IProtocol>> connect(Ref<IFactory> factory) override;
    Deferred<Stream> connectStream() override;

 private:
    Ref<MemoryAttempt> attempt(Ref<IFactory> factory, bool wantsStream);

    Address peer_;
    Address host_;
    std::optional<Failure> failure_;
    std::vector<Ref<MemoryAttempt>> attempts_;
};

}  // namespace wring::testing
