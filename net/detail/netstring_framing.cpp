#include <wring/net/detail/netstring_framing.hpp>

namespace wring::detail {

namespace {

Frame malformed(std::size_t at) noexcept {
    Frame frame;
    frame.state = Frame::State::malformed;
    frame.badAt = at;
    return frame;
}

// The rest of a netstring whose prefix has been read.
Frame scanPayload(BytesView bytes, Frame frame) noexcept {
    BytesView rest = bytes.subspan(frame.prefix);
    if (rest.size() <= frame.payload) return frame;
    if (rest[frame.payload] != std::byte{','}) return malformed(frame.prefix + frame.payload);
    frame.suffix = 1;
    frame.state = Frame::State::complete;
    return frame;
}

}  // namespace

Frame NetstringFraming::scan(BytesView bytes, std::size_t&) const noexcept {
    Frame frame;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        char c = static_cast<char>(bytes[i]);
        if (c == ':' && i > 0) {
            frame.prefix = i + 1;
            return scanPayload(bytes, frame);
        }
        bool isLeadingZero = i > 0 && frame.payload == 0;
        if (c < '0' || c > '9' || isLeadingZero) return malformed(i);
        auto digit = static_cast<std::size_t>(c - '0');
        bool isOver = frame.payload > payloadMax_ / 10 || digit > payloadMax_ - frame.payload * 10;
        if (isOver) {
            frame.state = Frame::State::tooLong;
            return frame;
        }
        frame.payload = frame.payload * 10 + digit;
    }
    return frame;
}

}  // namespace wring::detail
