#pragma once

#include <wring/runtime/bytes.hpp>

#include <string>

namespace wring::detail {

/// Bytes for people: in single quotes, those that cannot be printed as `\n`, `\r`, `\t` or `\xNN`.
std::string quotedBytes(BytesView bytes);

}  // namespace wring::detail
