#include <wring/net/line_only_receiver.hpp>

#include <array>
#include <limits>
#include <utility>

namespace wring {

// The framing looks for the end of a line however far it is: what is too long is told whole.
LineOnlyReceiver::LineOnlyReceiver(std::string delimiter, std::size_t maxLength)
    : framing_(std::move(delimiter), std::numeric_limits<std::size_t>::max()),
      maxLength_(maxLength) {}

void LineOnlyReceiver::lineLengthExceeded(std::string_view) {
    if (isOpen()) transport().loseConnection();
}

void LineOnlyReceiver::sendLine(std::string_view line) {
    std::array<BytesView, 2> parts{asBytes(line), asBytes(delimiter())};
    transport().writeSequence(parts);
}

void LineOnlyReceiver::setDelimiter(std::string delimiter) {
    framing_.setDelimiter(std::move(delimiter));
    pending().rescan();
}

bool LineOnlyReceiver::step() {
    detail::Frame line = pending().scan(framing_);
    if (line.state != detail::Frame::State::complete) {
        if (pending().size() > maxLength_) lineLengthExceeded(asText(pending().takeAll()));
        return false;
    }
    std::string_view text = asText(pending().take(line.size()).first(line.payload));
    if (line.payload <= maxLength_) {
        lineReceived(text);
        return true;
    }
    lineLengthExceeded(text);
    dropLines();
    return false;
}

void LineOnlyReceiver::dropLines() {
    for (;;) {
        pending().absorb();
        detail::Frame line = pending().scan(framing_);
        if (line.state != detail::Frame::State::complete) return;
        pending().take(line.size());
    }
}

}  // namespace wring
