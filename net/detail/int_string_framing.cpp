#include <wring/net/detail/int_string_framing.hpp>

#include <wring/net/framing_errors.hpp>

#include <string>

namespace wring::detail {

Frame IntStringFraming::scan(BytesView bytes, std::size_t&) const noexcept {
    Frame frame;
    if (bytes.size() < prefixBytes_) return frame;
    frame.prefix = prefixBytes_;
    for (std::byte each : bytes.first(prefixBytes_)) {
        frame.payload = frame.payload << 8 | static_cast<std::size_t>(each);
    }
    if (frame.payload > payloadMax_) {
        frame.state = Frame::State::tooLong;
    } else if (bytes.size() - prefixBytes_ >= frame.payload) {
        frame.state = Frame::State::complete;
    }
    return frame;
}

std::array<std::byte, 4> IntStringFraming::prefixFor(std::size_t length) const {
    std::size_t most = (std::size_t{1} << (8 * prefixBytes_)) - 1;
    if (length > most) {
        throw StringTooLongError(
            0, "sendString",
            std::to_string(length) + " bytes, the prefix has room for " + std::to_string(most));
    }
    std::array<std::byte, 4> prefix{};
    for (unsigned i = 0; i < prefixBytes_; ++i) {
        prefix[i] = static_cast<std::byte>(length >> (8 * (prefixBytes_ - 1 - i)) & 0xff);
    }
    return prefix;
}

}  // namespace wring::detail
