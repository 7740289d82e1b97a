#pragma once

#include <wring/tests/simulation/batch.hpp>

namespace wring::testing {

/// Runs the programs with planted bugs, `all` of them or the one of that number, which lie beside
/// `self`, until the simulation finds each or the seeds are at an end. Gives the exit status.
int runMutants(const std::string& self, const std::string& which, const BatchOptions& options);

}  // namespace wring::testing
