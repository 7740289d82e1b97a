#include <wring/net/int_string_receiver.hpp>

#include <array>

namespace wring {

void IntNStringReceiver::lengthLimitExceeded(std::size_t) {
    if (isOpen()) transport().loseConnection();
}

void IntNStringReceiver::sendString(BytesView string) {
    std::array<std::byte, 4> prefix = framing_.prefixFor(string.size());
    std::array<BytesView, 2> parts{BytesView(prefix).first(framing_.prefixBytes()), string};
    transport().writeSequence(parts);
}

bool IntNStringReceiver::step() {
    detail::Frame found = pending().scan(framing_);
    if (found.state == detail::Frame::State::complete) {
        stringReceived(pending().take(found.size()).subspan(found.prefix));
        return true;
    }
    if (found.state == detail::Frame::State::tooLong) lengthLimitExceeded(found.payload);
    return false;
}

}  // namespace wring
