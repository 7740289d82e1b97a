#pragma once

#include <wring/tests/simulation/trial.hpp>

namespace wring::testing {

/// Other programs of the server's machine, which take all descriptors that are left, for a while,
/// again and again.
class ScarcityWorkload final : public Workload {
 public:
    void begin(Trial& trial) override;
    bool hasEnded() const override { return running_ == 0; }

 private:
    static Task<> run(Trial* trial, SimulatedHost* host);

    int running_ = 0;
};

}  // namespace wring::testing
