#include <wring/tests/simulation/scarcity_workload.hpp>

namespace wring::testing {

using namespace std::chrono_literals;

namespace {

constexpr int plenty = 100'000;

/// As long as it lives, its host may open only so many more descriptors.
class Shortage {
 public:
    Shortage(SimulatedHost& host, int left) noexcept : host_(host) {
        host_.setDescriptorLimit(host_.openDescriptors() + left);
    }
    Shortage(const Shortage&) = delete;
    Shortage& operator=(const Shortage&) = delete;
    ~Shortage() { host_.setDescriptorLimit(plenty); }

 private:
    SimulatedHost& host_;
};

}  // namespace

void ScarcityWorkload::begin(Trial& trial) { trial.start(trial.server(), running_, run); }

Task<> ScarcityWorkload::run(Trial* trial, SimulatedHost* host) {
    while (!trial->isFinishing()) {
        co_await sleepFor(trial->pause());
        {
            Shortage shortage(*host, static_cast<int>(trial->choose(3)));
            trial->reached("descriptorShortage");
            co_await sleepFor(std::min<Duration>(trial->pause() + 1ms, 5s));
        }
        co_await sleepFor(1ms);
    }
}

}  // namespace wring::testing
