#pragma once

#include <wring/endpoints/interfaces.hpp>
#include <wring/net/connector.hpp>
#include <wring/runtime/reactor_time.hpp>

namespace wring::detail {

/// Connects by an endpoint. An attempt, and the connection that comes of it, keep the connector;
/// it refers to the latest attempt as long as that is the one that counts.
class EndpointConnector final : public IConnector {
 public:
    EndpointConnector(IReactorTime& time, Ref<IStreamClientEndpoint> endpoint,
                      Destination destination, Ref<ClientFactory> factory, Duration timeout);
    ~EndpointConnector() override;

    void connect() override;
    void stopConnecting() override;
    void disconnect() override;
    State state() const noexcept override { return state_; }
    const Destination& getDestination() const noexcept override { return destination_; }

 private:
    class Attempt;
    class Watched;
    using Notification = void (ClientFactory::*)(IConnector&, const Failure&);

    void startFactory();
    void stopFactory() noexcept;
    void abandoned() noexcept;
    void end(Attempt& attempt, Notification notification, const Failure& reason) noexcept;

    IReactorTime& time_;
    Ref<IStreamClientEndpoint> endpoint_;
    Destination destination_;
    Ref<ClientFactory> factory_;
    Duration timeout_;
    Attempt* attempt_ = nullptr;
    State state_ = State::disconnected;
    bool isFactoryStarted_ = false;
};

}  // namespace wring::detail
