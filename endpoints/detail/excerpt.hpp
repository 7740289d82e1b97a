#pragma once

#include <string>
#include <string_view>

namespace wring::detail {

/// Makes text from outside fit for an error message: bytes that are not printable ASCII become
/// `\xNN`, and of a long text only the first 40 bytes are shown, followed by "...".
std::string excerpt(std::string_view text);

}  // namespace wring::detail
