#pragma once

#include <wring/net/stream.hpp>

#include <cstdint>
#include <string>

namespace wring::testing {

/// The bytes of one connection: each follows from the connection and its place, so that any loss,
/// repetition or mix-up shows.
class Pattern {
 public:
    explicit Pattern(std::uint32_t identity) noexcept : identity_(identity) {}

    static char at(std::uint32_t identity, std::uint64_t place) noexcept {
        std::uint64_t mixed = (place + identity * 7919ULL) * 0x9e3779b97f4a7c15;
        return static_cast<char>(mixed >> 56);
    }
    /// The next bytes of it.
    std::string next(std::size_t count) {
        std::string bytes(count, '\0');
        for (char& each : bytes) each = at(identity_, written_++);
        return bytes;
    }
    /// Whether `bytes` are what comes next to the reader.
    bool follows(BytesView bytes) noexcept {
        for (std::byte each : bytes) {
            if (static_cast<char>(each) != at(identity_, read_++)) return false;
        }
        return true;
    }
    std::uint64_t written() const noexcept { return written_; }
    std::uint64_t read() const noexcept { return read_; }
    std::uint32_t identity() const noexcept { return identity_; }

 private:
    std::uint32_t identity_;
    std::uint64_t written_ = 0;
    std::uint64_t read_ = 0;
};

}  // namespace wring::testing
