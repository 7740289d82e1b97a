#include <wring/net/detail/quoted_bytes.hpp>

namespace wring::detail {

namespace {

void append(std::string& text, unsigned char byte) {
    constexpr std::string_view digits = "0123456789abcdef";
    switch (byte) {
        case '\n':
            text += "\\n";
            return;
        case '\r':
            text += "\\r";
            return;
        case '\t':
            text += "\\t";
            return;
        case '\'':
            text += "\\'";
            return;
        case '\\':
            text += "\\\\";
            return;
        default:
            break;
    }
    if (byte >= 0x20 && byte < 0x7f) {
        text += static_cast<char>(byte);
    } else {
        text += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    }
}

}  // namespace

std::string quotedBytes(BytesView bytes) {
    std::string text = "'";
    for (std::byte each : bytes) append(text, static_cast<unsigned char>(each));
    return text += "'";
}

}  // namespace wring::detail
