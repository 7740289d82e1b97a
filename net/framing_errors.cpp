#include <wring/net/framing_errors.hpp>

#include <cctype>
#include <string>

namespace wring {

WRING_DEFINE_ERROR(StringTooLongError, UsageError, "The string is too long for its length prefix",
                   false);
WRING_DEFINE_ERROR(NetstringParseError, Error, "Not a netstring", false);
WRING_DEFINE_ERROR(ConsumerStoppedError, Error, "Consumer asked us to stop producing", false);

namespace {

std::string describe(std::byte wrong, std::size_t at) {
    constexpr char digits[] = "0123456789abcdef";
    auto value = std::to_integer<unsigned char>(wrong);
    std::string text = "byte 0x";
    text += digits[value >> 4];
    text += digits[value & 15];
    if (std::isgraph(value)) text += std::string(" ('") + static_cast<char>(value) + "')";
    return text + " at position " + std::to_string(at);
}

}  // namespace

NetstringParseError::NetstringParseError(std::byte wrong, std::size_t at)
    : Error(errorClass(), 0, "readNetstring", describe(wrong, at)), byte(wrong), position(at) {}

// Without the full stop that other texts end in: Twisted's has none.
ConsumerStoppedError::ConsumerStoppedError(int code, const char* operation)
    : Error(errorClass(), code, operation, {}, errorClass().message) {}

}  // namespace wring
