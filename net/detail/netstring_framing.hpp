#pragma once

#include <wring/net/detail/frame.hpp>
#include <wring/runtime/bytes.hpp>

namespace wring::detail {

/// Netstrings: the length in decimal digits, a colon, the payload, a comma.
///
/// Source    https://cr.yp.to/proto/netstrings.txt
class WRING_API NetstringFraming {
 public:
    explicit NetstringFraming(std::size_t payloadMax) noexcept : payloadMax_(payloadMax) {}

    /// Looks at `bytes` from their beginning, which costs the few digits of the length. A wrong
    /// byte, and a length over the limit, are seen as soon as they are there. `seen` is unused.
    Frame scan(BytesView bytes, std::size_t& seen) const noexcept;

    std::size_t payloadMax() const noexcept { return payloadMax_; }
    void setPayloadMax(std::size_t bytes) noexcept { payloadMax_ = bytes; }

 private:
    std::size_t payloadMax_;
};

}  // namespace wring::detail
