#pragma once

#include <wring/net/detail/frame.hpp>
#include <wring/runtime/bytes.hpp>

#include <string>

namespace wring::detail {

/// Lines that end in a delimiter.
class WRING_API LineFraming {
 public:
    /// `payloadMax` does not count the delimiter, which is not empty.
    LineFraming(std::string delimiter, std::size_t payloadMax);

    /// Looks at `bytes`, of which the first `seen` hold no beginning of a delimiter that was not
    /// complete; notes in `seen` how far that is known now, so that no byte is searched twice.
    /// Too long is what has more than the allowed bytes and as many as a delimiter after them.
    Frame scan(BytesView bytes, std::size_t& seen) const noexcept;

    const std::string& delimiter() const noexcept { return delimiter_; }
    void setDelimiter(std::string delimiter);
    std::size_t payloadMax() const noexcept { return payloadMax_; }
    void setPayloadMax(std::size_t bytes) noexcept { payloadMax_ = bytes; }

 private:
    std::string delimiter_;
    std::size_t payloadMax_;
};

}  // namespace wring::detail
