#pragma once

#include <wring/net/factory.hpp>
#include <wring/net/tls_context.hpp>

namespace wring {

/// Secures each accepted connection, and only then hands it to another factory: for that one
/// there are no connections whose handshake has failed or goes on.
///
/// Errors    of a handshake are counted by the context, and one a second is logged.
/// Source    Twisted: TLSMemoryBIOFactory, which builds the protocol before the handshake.
class WRING_API TLSFactory final : public IFactory {
 public:
    /// Errors: UsageError if the context has no certificate.
    TLSFactory(Ref<TLSContext> context, Ref<IFactory> wrapped);

    void doStart() override;
    /// Passed on when the handshakes that go on have ended.
    void doStop() override;
    Ref<IProtocol> buildProtocol(const Address& address) override;
    void connectionAccepted(Socket socket) noexcept override;
    /// How many handshakes go on.
    std::size_t handshakes() const noexcept { return handshakes_; }

 private:
    static Task<> secure(Ref<TLSFactory> self, Stream stream);
    void refused(const Address& peer, const Failure& failure) noexcept;
    void handshakeEnded() noexcept;

    Ref<TLSContext> context_;
    Ref<IFactory> wrapped_;
    std::size_t handshakes_ = 0;
    unsigned owedStops_ = 0;
    Time nextLog_{};
    std::uint64_t unlogged_ = 0;
};

}  // namespace wring
