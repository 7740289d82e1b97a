#pragma once

#include <wring/net/address.hpp>

namespace wring {

/// Addresses that begin with the same bits, or all UNIX sockets.
class WRING_API AddressRange {
 public:
    /// Reads "10.0.0.0/8", "2001:db8::/32", a single address, or "unix".
    ///
    /// Errors    nothing for any other text, a prefix that is longer than an address, and bits that
    ///           are set behind the prefix.
    static std::optional<AddressRange> parse(std::string_view text) noexcept;

    /// Whether the address, whatever its port, is one of them. An IPv4 address that comes in IPv6's
    /// clothes (::ffff:10.0.0.1) is one of IPv4's.
    bool contains(const Address& address) const noexcept;

 private:
    AddressRange(Address first, unsigned bits) noexcept : first_(std::move(first)), bits_(bits) {}

    Address first_;
    unsigned bits_;
};

}  // namespace wring
