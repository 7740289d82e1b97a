#include <wring/net/netstring_receiver.hpp>

#include <array>
#include <string>

namespace wring {

void NetstringReceiver::sendString(BytesView string) {
    std::string prefix = std::to_string(string.size()) + ":";
    std::array<BytesView, 3> parts{asBytes(prefix), string, asBytes(",")};
    transport().writeSequence(parts);
}

bool NetstringReceiver::step() {
    using State = detail::Frame::State;
    detail::Frame found;
    if (!isBroken_) found = pending().scan(framing_);
    if (found.state == State::complete) {
        stringReceived(pending().take(found.size()).subspan(found.prefix, found.payload));
        return true;
    }
    if (found.state != State::incomplete) isBroken_ = true;
    if (!isBroken_) return false;
    pending().clear();
    if (isOpen()) transport().loseConnection();
    return false;
}

}  // namespace wring
