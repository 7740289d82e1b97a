#pragma once

#include <wring/net/wrapping_factory.hpp>
#include <wring/runtime/reactor_time.hpp>

namespace wring {

/// Closes connections on which nothing was received or written for a while, whatever their
/// protocols do.
///
/// Source    Twisted: protocols.policies.TimeoutFactory, TimeoutProtocol.
class WRING_API TimeoutFactory : public WrappingFactory {
 public:
    /// Takes the time of the running reactor, or of `time`, which lives as long as connections do.
    explicit TimeoutFactory(Ref<IFactory> wrapped,
                            Duration timeoutPeriod = std::chrono::minutes(30),
                            IReactorTime* time = nullptr);

    /// The period is over for a connection: loses it in order, which waits for a peer that takes
    /// nothing. Override it to abort, for example. Twisted: TimeoutProtocol.timeoutFunc.
    virtual void timeoutConnection(ProtocolWrapper& connection) { connection.loseConnection(); }

 protected:
    Ref<ProtocolWrapper> wrap(Ref<IProtocol> protocol) override;

 private:
    class Timed;
    Duration timeoutPeriod_;
    IReactorTime* time_;
};

}  // namespace wring
