#pragma once

#include <wring/endpoints/detail/port_source.hpp>
#include <wring/endpoints/listening_port.hpp>
#include <wring/net/detail/acceptor.hpp>
#include <wring/net/detail/connection.hpp>

#include <memory>
#include <vector>

namespace wring::detail {

/// A port for streams of any family: an acceptor while it listens, none otherwise.
class StreamPort final : public IListeningPort {
 public:
    StreamPort(Reactor& reactor, std::unique_ptr<PortSource> source, Ref<IFactory> factory);
    ~StreamPort() override;

    Address getHost() const override { return host_; }
    void startListening() override;
    Deferred<> stopListening() override;
    Deferred<> drain(Duration limit) override;
    std::size_t connections() const override { return group_->size(); }
    Event& stopped() noexcept override { return stopped_; }

 private:
    class Listening;
    void abandon(int fd) noexcept;
    void closed(int error) noexcept;
    static Deferred<> drainPort(Ref<StreamPort> port, Duration limit);
    static Task<> waitFor(Ref<ConnectionGroup> group);

    Reactor& reactor_;
    std::unique_ptr<PortSource> source_;
    Ref<IFactory> factory_;
    Ref<ConnectionGroup> group_;
    Address host_;
    Listening* listening_ = nullptr;
    std::vector<Deferred<>> stopping_;
    Event stopped_;
};

/// A port that listens on what `source` opens. Throws CannotListenError.
Ref<IListeningPort> listenOn(Reactor& reactor, std::unique_ptr<PortSource> source,
                             Ref<IFactory> factory);

/// The same as what an endpoint's listen() gives: what is thrown is its failure.
Deferred<Ref<IListeningPort>> tryListenOn(Reactor& reactor, std::unique_ptr<PortSource> source,
                                          Ref<IFactory> factory);

}  // namespace wring::detail
