#include <wring/endpoints/detail/proxy.hpp>

#include <wring/endpoints/connect_protocol.hpp>
#include <wring/runtime/log.hpp>

namespace wring::detail {

void Proxy::join(Proxy& peer) {
    peer_ = Ref<Proxy>(&peer);
    peer.peer_ = Ref<Proxy>(this);
    transport().registerProducer(peer.reading_, true);
    peer.transport().registerProducer(reading_, true);
}

void Proxy::dataReceived(BytesView data) {
    if (peer_) peer_->transport().write(data);
}

// The other transport must not refer to this one's reading any longer.
void Proxy::connectionLost(const Failure&) {
    Ref<Proxy> peer = std::move(peer_);
    if (!peer) return;
    peer->peer_ = nullptr;
    transport().unregisterProducer();
    peer->transport().unregisterProducer();
    peer->transport().loseConnection();
}

void Proxy::readConnectionLost() {
    hasReadEnded_ = true;
    if (!peer_) return transport().loseConnection();
    if (!peer_->hasReadEnded_) return peer_->transport().loseWriteConnection();
    transport().loseConnection();
    peer_->transport().loseConnection();
}

void ProxyServer::connectionMade() {
    transport().pauseProducing();
    Ref<ProxyServer> self(this);
    Deferred<> connecting =
        connectProtocol(target_, makeRef<ProxyClient>(self))
            .addCallback([](const Ref<ProxyClient>&) {})
            .addErrback([self](const Failure& failure) {
                log(LogLevel::info, "port forward: " + failure.getErrorMessage());
                self->transport().loseConnection();
            })
            .addBoth([self](const Result<void>&) { self->connecting_.reset(); });
    if (!connecting.called()) connecting_ = connecting;
}

void ProxyServer::connectionLost(const Failure& reason) {
    if (auto connecting = std::exchange(connecting_, {})) connecting->cancel();
    Proxy::connectionLost(reason);
}

// The accepted side may be gone by now.
void ProxyClient::connectionMade() {
    Ref<ProxyServer> server = std::move(server_);
    if (!server->connected() || server->transport().disconnecting()) {
        return transport().loseConnection();
    }
    join(*server);
    server->transport().resumeProducing();
}

}  // namespace wring::detail
