#pragma once

#include <wring/tests/simulation/trial.hpp>

namespace wring::testing {

/// Protocols that echo, with producers, pauses and half-closes; every event of each protocol is
/// held against the order in which they may come.
class ProtocolWorkload final : public Workload {
 public:
    explicit ProtocolWorkload(bool isSecured = false) : isSecured_(isSecured) {}
    void begin(Trial& trial) override;
    bool hasEnded() const override { return clients_ == 0; }
    void check(Trial& trial) override;

    /// Protocols that exist, of either side; each must have been told of its end in the end.
    int open = 0;

 private:
    static Task<> listenOn(Trial* trial, SimulatedHost* host, ProtocolWorkload* self);
    static Task<> runClient(Trial* trial, SimulatedHost* host, ProtocolWorkload* self);

    bool isSecured_;  // everything goes through TLS
    std::uint16_t port_ = 0;
    std::string server_;
    int clients_ = 0;
    int servers_ = 0;
};

}  // namespace wring::testing
