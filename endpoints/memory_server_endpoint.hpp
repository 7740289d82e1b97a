#pragma once

#include <wring/endpoints/memory_port.hpp>

#include <optional>

namespace wring::testing {

/// Something to listen on that opens nothing and writes down who listened: for tests of what takes
/// an endpoint. listen() gives a MemoryPort, to which the test connects clients.
///
/// Thread    one; needs no reactor.
/// Source    Twisted: MemoryReactor.tcpServers, RaisingMemoryReactor.
class WRING_API MemoryServerEndpoint final : public IStreamServerEndpoint {
 public:
    /// Its ports say that they listen at `host`.
    explicit MemoryServerEndpoint(Address host = StringTransport::usualHost());

    /// Each listen() fails with that from now on, until succeed().
    void failWith(Failure failure) { failure_ = std::move(failure); }
    void succeed() { failure_.reset(); }

    /// The factory of each listen(), also of those that failed.
    const std::vector<Ref<IFactory>>& factories() const noexcept { return factories_; }
    /// The ports of those that did not, in order; stopped ones stay.
    const std::vector<Ref<MemoryPort>>& ports() const noexcept { return ports_; }

    Deferred<Ref<IListeningPort>> listen(Ref<IFactory> factory) override;

 private:
    Address host_;
    std::optional<Failure> failure_;
    std::vector<Ref<IFactory>> factories_;
    std::vector<Ref<MemoryPort>> ports_;
};

}  // namespace wring::testing
