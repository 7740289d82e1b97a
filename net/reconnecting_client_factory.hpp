#pragma once

#include <wring/net/connector.hpp>
#include <wring/net/factory.hpp>
#include <wring/runtime/reactor_time.hpp>

#include <optional>

namespace wring {

/// How a ReconnectingClientFactory waits. Set by name on an object.
class WRING_API ReconnectOptions {
 public:
    ReconnectOptions() noexcept {}

    Duration initialDelay = std::chrono::seconds(1);  ///< what the first delay is made from
    Duration maxDelay = std::chrono::hours(1);        ///< of a delay before the jitter
    double factor = 2.718281828459045;                ///< each delay is that much longer
    double jitter = 0.119626565582;  ///< deviation of a delay from its mean, as a part of it; or 0
    std::optional<unsigned> maxRetries;  ///< none: for ever
    std::optional<std::uint64_t> seed;   ///< of the jitter; none: another one each time
    IReactorTime* clock = nullptr;       ///< null: the reactor that runs
};

/// A client factory that connects again, after a delay that grows, whenever an attempt failed or
/// the connection was lost. The first delay is initialDelay times factor, about 2.7 s. Whoever
/// finds that a connection is good calls resetDelay().
///
/// Lifetime  while it waits it is kept, with the connector.
/// Source    Twisted: protocol.ReconnectingClientFactory; its attributes are ReconnectOptions.
class WRING_API ReconnectingClientFactory : public ClientFactory {
 public:
    explicit ReconnectingClientFactory(ReconnectOptions options = {});
    ~ReconnectingClientFactory() override;

    /// Each remembers the connector; the two last ones call retry(), if it goes on trying.
    void startedConnecting(IConnector& connector) override;
    void clientConnectionFailed(IConnector& connector, const Failure& reason) override;
    void clientConnectionLost(IConnector& connector, const Failure& reason) override;

    /// Connects `connector`, or else the one remembered, after the next delay. No effect once
    /// stopTrying() was called, or when maxRetries are used up, which is logged. Throws UsageError
    /// when no connector is known, or it is gone.
    void retry(IConnector* connector = nullptr);
    /// Waits and connects no more; an attempt that is under way is stopped, a connection stays.
    void stopTrying();
    /// As from the beginning: the first delay, all retries, and it goes on trying. A delay that
    /// runs is left alone.
    void resetDelay() noexcept;

    /// How often it has tried again, how long the latest delay was, and whether it goes on.
    unsigned retries() const noexcept { return retries_; }
    Duration delay() const noexcept;
    bool continueTrying() const noexcept { return continueTrying_; }

 private:
    double nextDelay() noexcept;
    double normal() noexcept;
    double uniform() noexcept;

    ReconnectOptions options_;
    ConnectorWatch connector_;
    Ref<IDelayedCall> call_;
    std::uint64_t random_;
    double delaySeconds_;
    unsigned retries_ = 0;
    bool continueTrying_ = true;
};

}  // namespace wring
