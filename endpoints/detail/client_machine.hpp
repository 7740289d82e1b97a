#pragma once

#include <wring/endpoints/client_service.hpp>
#include <wring/endpoints/detail/client_attempt.hpp>
#include <wring/endpoints/detail/stop_waiters.hpp>

#include <vector>

namespace wring::detail {

/// What a ClientService does, which goes on until it has ended, with or without the service.
///
/// | state         | start      | stop          | connected | attempt failed, or lost | timer |
/// |---------------|------------|---------------|-----------|-------------------------|------------|
/// | idle          | connecting | stopped       |           |                         | | |
/// connecting    |            | disconnecting | connected | waiting                 |            |
/// | waiting       |            | stopped       |           |                         | connecting
/// | | connected     |            | disconnecting |           | waiting                 | | |
/// disconnecting | restarting |               | closed    | stopped                 |            |
/// | restarting    |            | disconnecting | closed    | connecting              | | | stopped
/// | connecting |               |           |                         |            |
///
/// A connection that comes about while it is not wanted any more is closed, and its loss counts.
class ClientMachine final : public RefCounted {
 public:
    ClientMachine(Ref<IStreamClientEndpoint> endpoint, Ref<IFactory> factory, RetryPolicy policy);
    ~ClientMachine() override;

    void setClock(IReactorTime& clock) noexcept { wantedTime_ = &clock; }
    void setPreparation(ClientService::PrepareConnection function) noexcept {
        prepare_ = std::move(function);
    }
    void start();
    Deferred<> stop();
    Deferred<Ref<IProtocol>> whenConnected(std::optional<unsigned> failAfterFailures);

    /// For the attempt: what is to happen before anybody is told of the connection.
    Deferred<> prepare(Ref<IProtocol> protocol);
    /// It has succeeded, preparation included; it is over.
    void connected(ClientAttempt& attempt);
    void ended(ClientAttempt& attempt, const Failure& reason);

 private:
    enum class State : std::uint8_t {
        idle,
        connecting,
        waiting,
        connected,
        disconnecting,
        restarting,
        stopped
    };
    struct Waiter {
        Waiter(Deferred<Ref<IProtocol>> waiting, std::optional<unsigned> failures)
            : told(std::move(waiting)), failuresLeft(failures) {}
        Deferred<Ref<IProtocol>> told;
        std::optional<unsigned> failuresLeft;
    };

    void connect();
    Deferred<> disconnect();
    void waitToRetry();
    void finish();
    void countFailure(const Failure& reason);
    void tell(const Result<Ref<IProtocol>>& result);
    void leave(const Deferred<Ref<IProtocol>>& waiter) noexcept;
    Duration delay() noexcept;
    void stopWaiting();

    Ref<IStreamClientEndpoint> endpoint_;
    Ref<IFactory> factory_;
    RetryPolicy policy_;
    ClientService::PrepareConnection prepare_;
    IReactorTime* wantedTime_ = nullptr;
    IReactorTime* time_ = nullptr;
    ClientAttempt* attempt_ = nullptr;  // the one that counts; it keeps this
    std::vector<Waiter> waiters_;
    StopWaiters stopping_;
    Ref<IDelayedCall> retry_;
    unsigned failures_ = 0;
    State state_ = State::idle;
};

}  // namespace wring::detail
