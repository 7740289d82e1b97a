#pragma once

#include <stdexcept>
#include <string>

namespace wring::testing {

/// An input under which something does not hold that must hold of all. The fuzzer ends with it, a
/// test fails with it.
struct PropertyBroken : std::logic_error {
    using logic_error::logic_error;
};

inline void require(bool holds, const std::string& property) {
    if (!holds) throw PropertyBroken(property);
}

}  // namespace wring::testing
