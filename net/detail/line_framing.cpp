#include <wring/net/detail/line_framing.hpp>

#include <wring/runtime/assert.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace wring::detail {

LineFraming::LineFraming(std::string delimiter, std::size_t payloadMax) : payloadMax_(payloadMax) {
    setDelimiter(std::move(delimiter));
}

void LineFraming::setDelimiter(std::string delimiter) {
    WRING_ASSERT(!delimiter.empty(), "a delimiter is not empty");
    delimiter_ = std::move(delimiter);
}

Frame LineFraming::scan(BytesView bytes, std::size_t& seen) const noexcept {
    Frame frame;
    std::size_t width = delimiter_.size();
    std::size_t window = bytes.size();
    bool isFull = payloadMax_ <= std::numeric_limits<std::size_t>::max() - width &&
                  window >= payloadMax_ + width;
    if (isFull) window = payloadMax_ + width;
    std::size_t at = asText(bytes).substr(0, window).find(delimiter_, std::min(seen, window));
    if (at != std::string_view::npos) {
        frame.state = Frame::State::complete;
        frame.payload = at;
        frame.suffix = width;
    } else if (isFull) {
        frame.state = Frame::State::tooLong;
    } else {
        seen = window - std::min(window, width - 1);
    }
    return frame;
}

}  // namespace wring::detail
