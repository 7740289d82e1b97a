#pragma once

#include <wring/endpoints/interfaces.hpp>

#include <optional>

namespace wring::detail {

/// One side of a forwarded connection. From the moment that both are connected each knows the
/// other; whichever is lost first makes the other forget it.
class Proxy : public Protocol, public IHalfCloseableProtocol {
 public:
    void dataReceived(BytesView data) override;
    void connectionLost(const Failure& reason) override;
    void readConnectionLost() override;
    void writeConnectionLost() override {}

 protected:
    /// Lets both sides know, and slow down, each other.
    void join(Proxy& peer);

 private:
    /// A side's reading as what writes to the other side's transport.
    class Reading final : public IProducer {
     public:
        explicit Reading(Proxy& owner) noexcept : owner_(owner) {}
        void pauseProducing() override { owner_.transport().pauseProducing(); }
        void resumeProducing() override { owner_.transport().resumeProducing(); }
        void stopProducing() override { owner_.transport().loseConnection(); }

     private:
        Proxy& owner_;
    };

    Ref<Proxy> peer_;
    Reading reading_{*this};
    bool hasReadEnded_ = false;
};

/// The side that was accepted.
class ProxyServer final : public Proxy {
 public:
    explicit ProxyServer(Ref<IStreamClientEndpoint> target) : target_(std::move(target)) {}
    void connectionMade() override;
    void connectionLost(const Failure& reason) override;

 private:
    friend class ProxyClient;
    Ref<IStreamClientEndpoint> target_;
    std::optional<Deferred<>> connecting_;
};

/// The side that was made.
class ProxyClient final : public Proxy {
 public:
    explicit ProxyClient(Ref<ProxyServer> server) : server_(std::move(server)) {}
    void connectionMade() override;

 private:
    Ref<ProxyServer> server_;
};

}  // namespace wring::detail
