#pragma once

#include <wring/tests/simulation/trial.hpp>

#include <cstdint>

namespace wring::testing {

/// What simtest was asked to do.
struct BatchOptions {
    std::uint64_t first = 1;
    std::uint64_t seeds = 100;
    std::uint64_t events = 5000;
    unsigned jobs = 1;
    bool stopsAtFirst = false;  ///< at the first seed that fails
};

/// What came of many seeds, added up.
struct BatchResult {
    std::uint64_t seeds = 0;
    std::uint64_t events = 0;
    std::uint64_t digest = 0;    ///< of all digests, in the order of the seeds
    std::uint64_t repeated = 0;  ///< seeds that were run twice and gave the same
    std::uint64_t failures = 0;
    std::uint64_t firstFailure = 0;  ///< the lowest seed that failed
    std::string firstViolation;
    Faults::Counts faults{};
    std::map<std::string, std::uint64_t> reached;
};

/// Runs seeds first, first + 1, …, in as many processes as there are jobs; each hundredth is run
/// twice and must give the same.
BatchResult runBatch(const BatchOptions& options);

}  // namespace wring::testing
