#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace wring::detail {

/// A socket address taken apart: which host, and which port or path there.
struct SimAddress {
    int family = 0;
    std::string host;  // the bytes of the address, of 4 or 16; a path
    std::uint16_t port = 0;

    /// Nothing for a family or size that no socket has.
    static std::optional<SimAddress> from(const void* data, std::size_t bytes);
    /// Copies it as a sockaddr of at most `bytes`, and tells how long it is.
    void copyTo(void* into, std::size_t& bytes) const noexcept;

    bool isUnix() const noexcept;
    /// A path, not a name of the abstract namespace.
    bool isFile() const noexcept;
    bool isAny() const noexcept;
    bool isLoopback() const noexcept;
    bool operator==(const SimAddress&) const = default;
};

}  // namespace wring::detail
