#include <wring/endpoints/backoff_policy.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

namespace wring {

namespace {

using Seconds = std::chrono::duration<double>;

/// Less than a second, each length as likely.
class AnyPartOfASecond {
 public:
    Duration operator()() {
        return toDelay(Seconds(std::generate_canonical<double, 32>(generator_)));
    }

 private:
    std::minstd_rand generator_{std::random_device{}()};
};

}  // namespace

RetryPolicy backoffPolicy(Duration initialDelay, Duration maxDelay, double factor,
                          UniqueFunction<Duration()> jitter) {
    if (!jitter) jitter = AnyPartOfASecond();
    return [=, jitter = std::move(jitter)](unsigned failures) mutable {
        double power = std::pow(factor, std::min(failures, 100u));
        double delay = Seconds(initialDelay).count() * power;
        double most = Seconds(maxDelay).count();
        // Infinity times zero is neither less nor more.
        return toDelay(Seconds(delay < most ? delay : most)) + jitter();
    };
}

}  // namespace wring
