#pragma once

#include <wring/endpoints/detail/stop_waiters.hpp>
#include <wring/endpoints/interfaces.hpp>
#include <wring/endpoints/service.hpp>

#include <optional>

namespace wring {

/// Listens on an endpoint while it runs. The start with privileges listens, or else startService().
///
/// Errors    a listen that fails is logged, and the service counts as running; stop it to have the
///           next start listen again. See raiseSynchronously().
/// Lifetime  destroyed, it stops listening.
/// Source    Twisted: internet.StreamServerEndpointService, which listens once only.
class WRING_API StreamServerEndpointService final : public Service {
 public:
    StreamServerEndpointService(Ref<IStreamServerEndpoint> endpoint, Ref<IFactory> factory);
    ~StreamServerEndpointService() override;

    /// From now on a start throws what its listen fails with, if that is known at once; then the
    /// next start listens again. What is known later only is logged.
    void raiseSynchronously(bool on = true) noexcept { raises_ = on; }
    /// The port while it listens, else null.
    const Ref<IListeningPort>& port() const noexcept { return port_; }

    /// Listens. No effect when it does already, or has failed to. While it is being stopped: when
    /// that is done.
    void privilegedStartService() override;
    /// Likewise.
    void startService() override;
    /// Stops listening, or gives up a listen that is under way. Fires when that is done, as does
    /// each further one meanwhile; until then it counts as running. Fails with what stopListening()
    /// does. Accepted connections go on.
    Deferred<> stopService() override;

 private:
    enum class State : std::uint8_t { idle, opening, open, failed, stopping };
    void listen(bool raises);
    void listened(Result<Ref<IListeningPort>> result);
    void closePort(Ref<IListeningPort> port);
    void ended(const Result<void>& result);

    Ref<IStreamServerEndpoint> endpoint_;
    Ref<IFactory> factory_;
    Ref<IListeningPort> port_;
    detail::StopWaiters waiters_;
    std::optional<Deferred<>> opening_;
    std::optional<Failure> raised_;
    State state_ = State::idle;
    bool raises_ = false;
    bool isInListen_ = false;  // and is to throw
    bool startsAgain_ = false;
};

}  // namespace wring
