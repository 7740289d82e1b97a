#include <wring/net/hostname.hpp>

#include <wring/net/detail/quoted_bytes.hpp>

#include <idn2.h>
#include <algorithm>
#include <array>
#include <memory>

namespace wring {

WRING_DEFINE_ERROR(InvalidHostnameError, DNSLookupError, "Invalid hostname", false);

namespace {

constexpr std::size_t nameBytesMax = 253;
constexpr std::size_t labelBytesMax = 63;

/// The scripts of which letters look like those of others, as ranges of code points. Whatever is in
/// none of them may stand beside anything.
enum class Script : unsigned char {
    none,
    latin,
    greek,
    cyrillic,
    armenian,
    hebrew,
    arabic,
    georgian,
    cherokee
};
struct Range {
    char32_t first;
    char32_t last;
    Script script;
};
constexpr std::array ranges{
    Range{U'A', U'Z', Script::latin},        Range{U'a', U'z', Script::latin},
    Range{0x00C0, 0x024F, Script::latin},    Range{0x0370, 0x03FF, Script::greek},
    Range{0x0400, 0x052F, Script::cyrillic}, Range{0x0531, 0x058F, Script::armenian},
    Range{0x0591, 0x05F4, Script::hebrew},   Range{0x0600, 0x077F, Script::arabic},
    Range{0x10A0, 0x10FF, Script::georgian}, Range{0x13A0, 0x13FF, Script::cherokee},
    Range{0x1C80, 0x1C8F, Script::cyrillic}, Range{0x1E00, 0x1EFF, Script::latin},
    Range{0x1F00, 0x1FFF, Script::greek},    Range{0x2DE0, 0x2DFF, Script::cyrillic},
    Range{0xA640, 0xA69F, Script::cyrillic}, Range{0xAB70, 0xABBF, Script::cherokee},
};

Script scriptOf(char32_t letter) {
    for (const Range& each : ranges) {
        if (letter >= each.first && letter <= each.last) return each.script;
    }
    return Script::none;
}

// The text is known to be well-formed.
char32_t takeCodePoint(std::string_view& text) {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    std::size_t size = byte(0) < 0x80 ? 1 : byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
    char32_t point = size == 1 ? byte(0) : byte(0) & (0x7Fu >> size);
    for (std::size_t i = 1; i < size && i < text.size(); ++i)
        point = point << 6 | (byte(i) & 0x3Fu);
    text.remove_prefix(std::min(size, text.size()));
    return point;
}

bool mixesScripts(std::string_view name) {
    Script seen = Script::none;
    while (!name.empty()) {
        char32_t point = takeCodePoint(name);
        if (point == U'.') seen = Script::none;
        Script script = scriptOf(point);
        if (script == Script::none) continue;
        if (seen != Script::none && seen != script) return true;
        seen = script;
    }
    return false;
}

bool isAscii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool isOfNames(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::string lowered(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

// What is wrong with an ASCII name in lower case, or null.
const char* complaint(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    if (name.empty()) return "it is empty";
    if (name.size() > nameBytesMax) return "it is longer than 253 bytes";
    while (true) {
        std::string_view label = name.substr(0, name.find('.'));
        if (label.empty()) return "a label is empty";
        if (label.size() > labelBytesMax) return "a label is longer than 63 bytes";
        if (!std::all_of(label.begin(), label.end(), isOfNames)) {
            return "a character that no name has";
        }
        if (label.size() == name.size()) return nullptr;
        name.remove_prefix(label.size() + 1);
    }
}

// Of libidn2: takes a text, gives another one that it has allocated.
using Conversion = int (*)(const char* text, char** made, int flags);

int toAscii(const char* text, char** made, int flags) {
    return ::idn2_to_ascii_8z(text, made, flags);
}
int toUnicode(const char* text, char** made, int flags) {
    return ::idn2_to_unicode_8z8z(text, made, flags);
}

// Gives what is wrong with the text, or null and the text converted.
const char* convert(Conversion conversion, std::string& text) {
    char* made = nullptr;
    int status = conversion(text.c_str(), &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    std::unique_ptr<char, void (*)(void*)> owner(made, &::idn2_free);
    if (status != IDN2_OK) return ::idn2_strerror(status);
    text = made;
    return nullptr;
}

const char* encode(std::string& name) {
    if (const char* why = convert(&toAscii, name)) return why;
    std::string shown = name;
    if (const char* why = convert(&toUnicode, shown)) return why;
    return mixesScripts(shown) ? "letters of several scripts in one label" : nullptr;
}

}  // namespace

Result<std::string> asciiHostname(std::string_view host) {
    std::string name = lowered(host);
    const char* why = nullptr;
    if (name.find('\0') != std::string::npos) {
        why = "a character that no name has";
    } else if (!isAscii(name)) {
        why = encode(name);
    } else if (name.find("xn--") != std::string::npos) {
        why = complaint(name);
        if (!why) why = encode(name);
    }
    if (!why) why = complaint(name);
    if (why) {
        return Failure(InvalidHostnameError(
            0, "resolve", detail::quotedBytes(asBytes(host)) + ": " + std::string(why)));
    }
    return name;
}

}  // namespace wring
