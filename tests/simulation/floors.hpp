#pragma once

#include <wring/tests/simulation/batch.hpp>

namespace wring::testing {

/// Whether a batch was large enough to say anything, and if so whether every kind of fault has
/// struck often enough and every path that is rarely taken was taken. Prints what is missing.
bool checkFloors(const BatchResult& result);

}  // namespace wring::testing
