#pragma once

#include <cstddef>
#include <cstdint>

namespace wring::detail {

/// Longest line and longest string unless the caller says otherwise.
constexpr std::size_t lineBytesMax = 16384;
constexpr std::size_t stringBytesMax = 99999;

/// What a framing finds at the front of bytes: prefix, payload, suffix, and whether all of it is
/// there.
struct Frame {
    enum class State : std::uint8_t {
        incomplete,  ///< more bytes are needed to say more
        complete,    ///< all of it is there
        tooLong,     ///< the payload is, or will be, longer than allowed
        malformed    ///< the byte at `badAt` cannot stand where it stands
    };

    State state = State::incomplete;
    std::size_t prefix = 0;
    std::size_t payload = 0;  ///< if too long: as long as the prefix says, 0 if there is none
    std::size_t suffix = 0;
    std::size_t badAt = 0;

    std::size_t size() const noexcept { return prefix + payload + suffix; }
};

}  // namespace wring::detail
