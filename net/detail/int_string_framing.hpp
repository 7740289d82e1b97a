#pragma once

#include <wring/net/detail/frame.hpp>
#include <wring/runtime/bytes.hpp>

#include <array>

namespace wring::detail {

/// Strings behind their length, an unsigned number of 1, 2 or 4 bytes, the highest first.
class WRING_API IntStringFraming {
 public:
    IntStringFraming(unsigned prefixBytes, std::size_t payloadMax) noexcept
        : payloadMax_(payloadMax), prefixBytes_(prefixBytes) {}

    /// Looks at `bytes`; too long is seen as soon as the length is there. `seen` is unused.
    Frame scan(BytesView bytes, std::size_t& seen) const noexcept;

    /// The prefix of a string of `length` bytes, in the first prefixBytes(). Throws
    /// StringTooLongError when it has no room for that.
    std::array<std::byte, 4> prefixFor(std::size_t length) const;

    unsigned prefixBytes() const noexcept { return prefixBytes_; }
    std::size_t payloadMax() const noexcept { return payloadMax_; }
    void setPayloadMax(std::size_t bytes) noexcept { payloadMax_ = bytes; }

 private:
    std::size_t payloadMax_;
    unsigned prefixBytes_;
};

}  // namespace wring::detail
