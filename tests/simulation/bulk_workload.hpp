#pragma once

#include <wring/net/stream.hpp>
#include <wring/tests/simulation/pattern.hpp>
#include <wring/tests/simulation/trial.hpp>

namespace wring::testing {

/// Both ends send their patterns at once, shut their sending side and read the other's to its end:
/// what came is the beginning of what was sent, and all of it when both found everything in order.
class BulkWorkload final : public Workload {
 public:
    void begin(Trial& trial) override;
    bool hasEnded() const override { return clients_ == 0; }

 private:
    static Task<> listenOn(Trial* trial, SimulatedHost* host, BulkWorkload* self);
    static Task<> serveOne(Stream stream, Trial* trial);
    static Task<> runClient(Trial* trial, SimulatedHost* host, BulkWorkload* self);
    static Task<> transfer(Stream* stream, Trial* trial, std::uint32_t sends,
                           std::uint32_t receives, std::uint64_t total);
    static Task<> sendAll(Stream* stream, Trial* trial, std::uint32_t identity,
                          std::uint64_t total);

    std::uint16_t port_ = 0;
    std::string server_;
    int clients_ = 0;
    int servers_ = 0;
};

}  // namespace wring::testing
