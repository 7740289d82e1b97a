#pragma once

#include <wring/tests/simulation/trial.hpp>

namespace wring::testing {

/// Delayed calls, made, moved and cancelled at random: none early, none twice, none after its
/// cancel, those due together in the order they were made.
class TimerWorkload final : public Workload {
 public:
    void begin(Trial& trial) override;
    bool hasEnded() const override { return running_ == 0; }
    void check(Trial& trial) override;

 private:
    struct Call {
        Time due;
        std::uint64_t order;
        bool isPending = true;
        Ref<IDelayedCall> handle;
    };
    static Task<> run(Trial* trial, SimulatedHost* host, TimerWorkload* self);
    void make(Reactor& reactor);
    void called(std::size_t index);
    void change();

    Trial* trial_ = nullptr;
    std::vector<Call> calls_;
    Time lastDue_{};
    std::uint64_t lastOrder_ = 0;
    std::uint64_t order_ = 0;
    int running_ = 0;
};

}  // namespace wring::testing
