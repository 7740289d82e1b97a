#pragma once

#include <wring/deferred/detail/invoke.hpp>
#include <wring/endpoints/backoff_policy.hpp>
#include <wring/endpoints/interfaces.hpp>
#include <wring/endpoints/service.hpp>
#include <wring/runtime/reactor_time.hpp>

#include <optional>

namespace wring {

namespace detail {
class ClientMachine;
}

/// Keeps one connection alive while it runs: connects, and when an attempt has failed or the
/// connection was lost, connects again after a while. A success starts the count of failures anew.
///
/// A factory that builds no protocol, or throws, makes the attempt fail.
/// Errors    what ends attempts and connections is told to nobody but whenConnected() with a limit.
/// Lifetime  destroyed, it stops: the connection is closed in order.
/// Source    Twisted: internet.ClientService.
class WRING_API ClientService final : public Service {
 public:
    using PrepareConnection = UniqueFunction<Deferred<>(Ref<IProtocol>)>;

    /// Connects what `factory` builds by `endpoint`, which is not a factory for coroutines.
    ClientService(Ref<IStreamClientEndpoint> endpoint, Ref<IFactory> factory,
                  RetryPolicy retryPolicy = backoffPolicy());
    ~ClientService() override;

    /// Another source of time than the current reactor, for the next start. Twisted: `clock`.
    void setClock(IReactorTime& clock) noexcept;
    /// Calls `function(protocol)` with each connection that was made, and waits for what it
    /// returns, a Deferred or a Task. Until then the service counts as connecting. When that fails,
    /// so does the attempt, and the connection is closed; Twisted leaves it open, and gives a proxy
    /// of the protocol where this gives the protocol. Cancelled by a stop, and by the loss of the
    /// connection, which makes the attempt fail.
    template <class F>
    requires std::invocable<F&, Ref<IProtocol>>
    void setPrepareConnection(F function) {
        setPreparation([function = std::move(function)](Ref<IProtocol> protocol) mutable {
            auto done = detail::invoke(function, std::move(protocol));
            if constexpr (std::is_same_v<decltype(done), Deferred<>>) {
                return done;
            } else {
                return done.addCallback([](const auto&) {});
            }
        });
    }

    /// Connects. Logs when it runs already, and does nothing else; while a stop is under way, when
    /// the old connection is gone, and then without delay.
    void startService() override;
    /// Gives up whatever it does; fires when an attempt, a preparation and the connection have
    /// ended, at once if there is none. It does not count as running from now on.
    Deferred<> stopService() override;

    /// The protocol that the factory built: at once while there is a connection, else when there is
    /// the next one. Those who wait go on in the order in which they came.
    ///
    /// Errors    with `failAfterFailures` that of the attempt that is the so manieth to fail from
    ///           now on, 0 being 1. CancelledError when the service is, or gets, stopped.
    /// Cancel    leaves the service alone.
    Deferred<Ref<IProtocol>> whenConnected(std::optional<unsigned> failAfterFailures = {});

 private:
    void setPreparation(PrepareConnection function);
    Ref<detail::ClientMachine> machine_;
};

}  // namespace wring
