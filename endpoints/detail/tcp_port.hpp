#pragma once

#include <wring/endpoints/listening_port.hpp>
#include <wring/net/detail/acceptor.hpp>
#include <wring/net/detail/connection.hpp>

#include <vector>

namespace wring::detail {

/// A TCP port: an acceptor while it listens, none otherwise.
class TcpPort final : public IListeningPort {
 public:
    TcpPort(Reactor& reactor, ListenOptions options, Ref<IFactory> factory);
    ~TcpPort() override;

    Address getHost() const override { return host_; }
    void startListening() override;
    Deferred<> stopListening() override;
    Deferred<> drain(Duration limit) override;
    std::size_t connections() const override { return group_->size(); }
    Event& stopped() noexcept override { return stopped_; }

 private:
    class Listening;
    int open();
    void closed(int error) noexcept;
    static Deferred<> drainPort(Ref<TcpPort> port, Duration limit);
    static Task<> waitFor(Ref<ConnectionGroup> group);

    Reactor& reactor_;
    ListenOptions options_;
    Ref<IFactory> factory_;
    Ref<ConnectionGroup> group_;
    Address host_;
    Listening* listening_ = nullptr;
    std::vector<Deferred<>> stopping_;
    Event stopped_;
};

}  // namespace wring::detail
