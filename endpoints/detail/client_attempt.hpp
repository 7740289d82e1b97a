#pragma once

#include <wring/endpoints/interfaces.hpp>

#include <optional>

namespace wring::detail {

class ClientMachine;

/// One attempt of a ClientService, and the connection that comes of it: the factory that the
/// endpoint sees. Kept by what is going on; over when all of that has ended.
class ClientAttempt final : public IFactory {
 public:
    ClientAttempt(Ref<ClientMachine> machine, Ref<IFactory> factory);
    ~ClientAttempt() override;

    void begin(IStreamClientEndpoint& endpoint);
    /// Asks whatever goes on to end.
    void end() noexcept;
    /// What the factory built.
    const Ref<IProtocol>& protocol() const noexcept { return protocol_; }

    void doStart() override { factory_->doStart(); }
    void doStop() override { factory_->doStop(); }
    Ref<IProtocol> buildProtocol(const Address& address) override;

 private:
    class Watched;
    void connected(const Result<Ref<IProtocol>>& result);
    void prepared(const Result<void>& result);
    void lost(const Failure& reason);
    void lose();
    void over(const Failure& reason);

    Ref<ClientMachine> machine_;
    Ref<IFactory> factory_;
    Ref<IProtocol> protocol_;
    Ref<ITransport> transport_;  // until it is lost
    std::optional<Deferred<Ref<IProtocol>>> connecting_;
    std::optional<Deferred<>> preparing_;
    std::optional<Failure> lost_;
    bool isToEnd_ = false;
};

}  // namespace wring::detail
