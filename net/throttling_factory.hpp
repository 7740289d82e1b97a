#pragma once

#include <wring/net/wrapping_factory.hpp>
#include <wring/runtime/reactor_time.hpp>

#include <cstddef>
#include <limits>
#include <optional>

namespace wring {

/// The limits of a ThrottlingFactory. Set by name on an object.
class WRING_API ThrottleOptions {
 public:
    ThrottleOptions() noexcept {}

    /// Connections at the same time; those over it are closed at once.
    std::size_t maxConnectionCount = std::numeric_limits<std::size_t>::max();
    std::optional<std::size_t> readLimit;   ///< bytes a second, not 0, of all connections together
    std::optional<std::size_t> writeLimit;  ///< likewise
    IReactorTime* time = nullptr;           ///< null: the reactor that runs
};

/// Limits how much all its connections together read and write in a second. Each second, when it
/// was too much, reading stops, or producers are held back, for as long as brings the average down
/// to the limit. What is written without a producer is never held back, but counts.
///
/// A connection that its protocol has paused stays so when reading begins again, and connections
/// made meanwhile wait like the others; pull producers are not asked while writing is held back.
/// Twisted minds none of these three.
/// Source    Twisted: protocols.policies.ThrottlingFactory, ThrottlingProtocol.
class WRING_API ThrottlingFactory : public WrappingFactory {
 public:
    ThrottlingFactory(Ref<IFactory> wrapped, ThrottleOptions options);
    ~ThrottlingFactory() override;

    Ref<IProtocol> buildProtocol(const Address& address) override;

    /// How many connections there are.
    std::size_t connectionCount() const noexcept { return protocols().size(); }

 protected:
    Ref<ProtocolWrapper> wrap(Ref<IProtocol> protocol) override;
    void forgotten(ProtocolWrapper& wrapper) override;

 private:
    class Throttled;
    class Gate;

    /// One direction: what went through in this second, and whether it is held back.
    struct Direction {
        void (ThrottlingFactory::*tell)(bool holdBack) = nullptr;
        std::optional<std::size_t> limit;
        std::size_t bytes = 0;
        bool isHeldBack = false;
        Ref<IDelayedCall> check;
        Ref<IDelayedCall> release;
    };

    IReactorTime& time() const;
    void check(Direction& direction);
    void release(Direction& direction, Duration delay);
    void holdBack(Direction& direction, bool holdBack);
    void tellReaders(bool holdBack);
    void tellWriters(bool holdBack);
    static void stop(Direction& direction);

    ThrottleOptions options_;
    Direction reads_;
    Direction writes_;
};

}  // namespace wring
