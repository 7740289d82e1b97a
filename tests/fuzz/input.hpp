#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace wring::testing {

/// The bytes of a fuzzer, taken from the front. What is asked for behind their end is 0 or empty.
class Input {
 public:
    Input(const std::uint8_t* data, std::size_t size)
        : left_(reinterpret_cast<const char*>(data), size) {}

    std::uint8_t byte() {
        std::string_view one = text(1);
        return one.empty() ? 0 : static_cast<std::uint8_t>(one.front());
    }
    std::string_view text(std::size_t size) {
        std::string_view taken = left_.substr(0, size);
        left_.remove_prefix(taken.size());
        return taken;
    }
    /// Up to the end of the line, which is taken, too; no further than a NUL.
    std::string line() {
        std::string_view taken = text(left_.find('\n'));
        text(1);
        return std::string(taken.substr(0, taken.find('\0')));
    }
    bool empty() const { return left_.empty(); }
    std::string_view rest() const { return left_; }

 private:
    std::string_view left_;
};

/// A way to cut the text: byte by byte for 0, into pieces of random sizes for the others.
inline std::vector<std::string_view> cut(std::string_view text, std::uint8_t way) {
    std::vector<std::string_view> pieces;
    std::uint32_t state = way;
    while (!text.empty()) {
        state = state * 1664525 + 1013904223;
        pieces.push_back(text.substr(0, 1 + (way == 0 ? 0 : (state >> 24) % (1 + way % 32))));
        text.remove_prefix(pieces.back().size());
    }
    return pieces;
}

}  // namespace wring::testing
