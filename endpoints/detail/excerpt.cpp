#include <wring/endpoints/detail/excerpt.hpp>

namespace wring::detail {

std::string excerpt(std::string_view text) {
    constexpr std::size_t shownBytesMax = 40;
    constexpr char digits[] = "0123456789abcdef";

    std::string shown;
    for (const char c : text.substr(0, shownBytesMax)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f) {
            shown += c;
        } else {
            shown.append("\\x").append({digits[byte >> 4], digits[byte & 15]});
        }
    }
    if (text.size() > shownBytesMax) shown += "...";
    return shown;
}

}  // namespace wring::detail
