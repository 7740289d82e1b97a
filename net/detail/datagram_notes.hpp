#pragma once

#include <wring/runtime/bytes.hpp>

#include <optional>

namespace wring::detail {

/// What a kernel says of datagrams besides their bytes.
struct DatagramNotes {
    std::optional<std::uint32_t> dropped;  ///< for lack of room since the socket was opened
    std::uint32_t segmentBytes = 0;        ///< of all but the last of several; 0: it is only one
};

/// Reads the control part of a message; what is cut off or unknown counts for nothing.
///
/// Source    SO_RXQ_OVFL of socket(7), UDP_GRO of udp(7), cmsg(3).
DatagramNotes readNotes(BytesView control) noexcept;

/// Takes a run of bytes that the kernel has put together to the datagrams that it was.
class DatagramSplit {
 public:
    DatagramSplit() noexcept = default;
    /// Of `segmentBytes` each, the last one perhaps shorter; 0: it is one, and may be empty. Of
    /// each there are `bytesMax` at most; `isCut`: the last one's end is lost already.
    DatagramSplit(BytesView bytes, std::size_t segmentBytes, std::size_t bytesMax,
                  bool isCut) noexcept;

    /// Goes on to the next one, of which the two below tell; false: that was the last.
    bool next() noexcept;
    bool empty() const noexcept { return isOver_; }
    BytesView data() const noexcept { return current_; }
    bool isTruncated() const noexcept { return isTruncated_; }

 private:
    BytesView left_;
    BytesView current_;
    std::size_t segmentBytes_ = 0;
    std::size_t bytesMax_ = 0;
    bool isCut_ = false;
    bool isOver_ = true;
    bool isTruncated_ = false;
};

}  // namespace wring::detail
