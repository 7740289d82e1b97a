#include <wring/net/line_receiver.hpp>

#include <array>
#include <utility>

namespace wring {

LineReceiver::LineReceiver(std::string delimiter, std::size_t maxLength)
    : framing_(std::move(delimiter), maxLength) {}

void LineReceiver::rawDataReceived(BytesView) {
    throw UsageError(0, "rawDataReceived", "a LineReceiver in raw mode does not override it");
}

void LineReceiver::lineLengthExceeded(BytesView) {
    if (isOpen()) transport().loseConnection();
}

void LineReceiver::setLineMode(BytesView extra) {
    isLineMode_ = true;
    if (!extra.empty()) dataReceived(extra);
}

void LineReceiver::sendLine(std::string_view line) {
    std::array<BytesView, 2> parts{asBytes(line), asBytes(delimiter())};
    transport().writeSequence(parts);
}

void LineReceiver::setDelimiter(std::string delimiter) {
    framing_.setDelimiter(std::move(delimiter));
    pending().rescan();
}

bool LineReceiver::step() {
    if (!isLineMode_) {
        rawDataReceived(pending().takeAll());
        return true;
    }
    detail::Frame line = pending().scan(framing_);
    switch (line.state) {
        case detail::Frame::State::complete:
            lineReceived(asText(pending().take(line.size()).first(line.payload)));
            return true;
        case detail::Frame::State::tooLong:
            lineLengthExceeded(pending().takeAll());
            return false;
        default:
            return false;
    }
}

}  // namespace wring
