#include <wring/net/address_range.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <span>

namespace wring {

namespace {

using Bits = std::span<const unsigned char>;

// The bytes of the host, in the kernel's form of the address.
Bits bytesOf(const Address& address) noexcept {
    const auto* raw = reinterpret_cast<const unsigned char*>(address.sockaddrData());
    switch (address.family()) {
        case AddressFamily::ipv4:
            return {raw + offsetof(sockaddr_in, sin_addr), 4};
        case AddressFamily::ipv6:
            return {raw + offsetof(sockaddr_in6, sin6_addr), 16};
        default:
            return {};
    }
}

bool bitOf(Bits bytes, std::size_t at) noexcept { return bytes[at / 8] >> (7 - at % 8) & 1; }

bool isMapped(Bits bytes) noexcept {
    if (bytes.size() != 16) return false;
    for (std::size_t i = 0; i < 12; ++i) {
        if (bytes[i] != (i < 10 ? 0 : 0xff)) return false;
    }
    return true;
}

}  // namespace

std::optional<AddressRange> AddressRange::parse(std::string_view text) noexcept {
    if (text == "unix") {
        constexpr sa_family_t family = AF_UNIX;
        return AddressRange(Address::fromSockaddr(&family, sizeof family), 0);
    }
    std::size_t slash = text.find('/');
    auto first = Address::parse(text.substr(0, slash), 0);
    if (!first || text.substr(0, slash).find('%') != text.npos) return std::nullopt;
    Bits bytes = bytesOf(*first);
    auto bits = static_cast<unsigned>(bytes.size() * 8);
    if (slash == text.npos) return AddressRange(*first, bits);

    unsigned prefix = 0;
    const char* end = text.data() + text.size();
    auto [stop, error] = std::from_chars(text.data() + slash + 1, end, prefix);
    if (error != std::errc{} || stop != end || prefix > bits) return std::nullopt;
    for (std::size_t i = prefix; i < bits; ++i) {
        if (bitOf(bytes, i)) return std::nullopt;
    }
    return AddressRange(*first, prefix);
}

bool AddressRange::contains(const Address& address) const noexcept {
    if (first_.family() == AddressFamily::unixSocket) return address.family() == first_.family();
    Bits wanted = bytesOf(first_);
    Bits bytes = bytesOf(address);
    if (wanted.size() == 4 && isMapped(bytes)) bytes = bytes.subspan(12);
    if (bytes.size() != wanted.size()) return false;
    for (std::size_t i = 0; i < bits_; ++i) {
        if (bitOf(bytes, i) != bitOf(wanted, i)) return false;
    }
    return true;
}

}  // namespace wring
