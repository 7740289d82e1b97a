#include <wring/net/detail/datagram_notes.hpp>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace wring::detail {

namespace {

template <class T>
std::optional<T> valueOf(BytesView bytes) noexcept {
    if (bytes.size() < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

void note(DatagramNotes& notes, const ::cmsghdr& header, BytesView value) noexcept {
    if (header.cmsg_level == SOL_SOCKET && header.cmsg_type == SO_RXQ_OVFL) {
        notes.dropped = valueOf<std::uint32_t>(value);
    } else if (header.cmsg_level == IPPROTO_UDP && header.cmsg_type == UDP_GRO) {
        int bytes = valueOf<int>(value).value_or(0);
        notes.segmentBytes = bytes > 0 ? static_cast<std::uint32_t>(bytes) : 0;
    }
}

}  // namespace

DatagramNotes readNotes(BytesView control) noexcept {
    DatagramNotes notes;
    while (control.size() >= sizeof(::cmsghdr)) {
        ::cmsghdr header;
        std::memcpy(&header, control.data(), sizeof header);
        if (header.cmsg_len < CMSG_LEN(0) || header.cmsg_len > control.size()) break;
        note(notes, header, control.subspan(CMSG_LEN(0), header.cmsg_len - CMSG_LEN(0)));
        control = control.subspan(std::min(CMSG_ALIGN(header.cmsg_len), control.size()));
    }
    return notes;
}

DatagramSplit::DatagramSplit(BytesView bytes, std::size_t segmentBytes, std::size_t bytesMax,
                             bool isCut) noexcept
    : left_(bytes),
      segmentBytes_(segmentBytes == 0 ? bytes.size() : segmentBytes),
      bytesMax_(bytesMax),
      isCut_(isCut),
      isOver_(false) {}

bool DatagramSplit::next() noexcept {
    if (isOver_) return false;
    current_ = left_.first(std::min(segmentBytes_, left_.size()));
    left_ = left_.subspan(current_.size());
    isOver_ = left_.empty();
    isTruncated_ = current_.size() > bytesMax_ || (isOver_ && isCut_);
    current_ = current_.first(std::min(current_.size(), bytesMax_));
    return true;
}

}  // namespace wring::detail
