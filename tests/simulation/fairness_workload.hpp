#pragma once

#include <wring/net/stream_pair.hpp>
#include <wring/tests/simulation/trial.hpp>

#include <optional>

namespace wring::testing {

/// Looks, beside whatever else a host does, how soon it serves what is ready: a timer that is due,
/// and a connection with bytes to read. A few turns, unless the kernel or the wire held it back.
class FairnessWorkload final : public Workload {
 public:
    void begin(Trial& trial) override;
    bool hasEnded() const override { return running_ == 0; }

 private:
    /// Where a host was, and what had gone wrong in the world by then.
    struct Moment {
        std::uint64_t turn = 0;
        std::uint64_t faults = 0;
        std::uint64_t starvations = 0;
        bool operator==(const Moment&) const = default;
    };
    static Moment momentOf(Trial& trial, Reactor& reactor);
    static void checkTurns(Trial& trial, Reactor& reactor, Moment since, const char* late,
                           const char* path);

    static Task<> run(Trial* trial, SimulatedHost* host, FairnessWorkload* self);
    static Task<> ping(Trial* trial, Reactor* reactor, ConnectedStreams* ends, Moment since);

    int running_ = 0;
};

}  // namespace wring::testing
