#pragma once

#include <wring/runtime/api.hpp>

#include <source_location>
#include <string>

namespace wring::detail {

/// "FILE:LINE, FUNCTION" for a report; says so where the place is not known.
WRING_API std::string placeText(const std::source_location& place);

}  // namespace wring::detail
