#pragma once

#include <wring/runtime/api.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

struct sockaddr;

namespace wring {

/// What kind of socket an IPv4Address or IPv6Address belongs to: Twisted's "TCP" and "UDP".
enum class AddressType : std::uint8_t { tcp, udp };

/// What an Address holds.
enum class AddressFamily : std::uint8_t { none, ipv4, ipv6, unixSocket };

/// The numeric end of an IPv4 connection as applications see it; equal when all fields are.
///
/// Shape     `host` is taken as written; only `Address` checks and normalises.
/// Source    Twisted: IPv4Address(type, host, port).
class WRING_API IPv4Address {
 public:
    /// Keeps the three fields as they are given.
    IPv4Address(AddressType type, std::string host, std::uint16_t port);

    /// Whether this is an end of a stream or of a datagram socket.
    AddressType type() const noexcept { return type_; }
    /// The dotted quad.
    const std::string& host() const noexcept { return host_; }
    /// The port in host byte order.
    std::uint16_t port() const noexcept { return port_; }

    /// Compares every field, the host as text.
    bool operator==(const IPv4Address&) const = default;

 private:
    AddressType type_;
    std::uint16_t port_;
    std::string host_;
};

/// The numeric end of an IPv6 connection as applications see it; equal when all fields are.
///
/// Shape     `host` is taken as written and may carry `%scope`.
/// Source    Twisted: IPv6Address(type, host, port, flowInfo=0, scopeID=0).
class WRING_API IPv6Address {
 public:
    /// Keeps the five fields as they are given.
    IPv6Address(AddressType type, std::string host, std::uint16_t port, std::uint32_t flowInfo = 0,
                std::uint32_t scopeId = 0);

    /// Whether this is an end of a stream or of a datagram socket.
    AddressType type() const noexcept { return type_; }
    /// The numeric text without brackets.
    const std::string& host() const noexcept { return host_; }
    /// The port in host byte order.
    std::uint16_t port() const noexcept { return port_; }
    /// Traffic class and flow label in host byte order.
    std::uint32_t flowInfo() const noexcept { return flowInfo_; }
    /// The index of the interface a link-local address is valid on, 0 for none.
    std::uint32_t scopeId() const noexcept { return scopeId_; }

    /// Compares every field, the host as text.
    bool operator==(const IPv6Address&) const = default;

 private:
    AddressType type_;
    std::uint16_t port_;
    std::uint32_t flowInfo_;
    std::uint32_t scopeId_;
    std::string host_;
};

/// A socket address in the kernel's form, or none: what the library passes around.
///
/// Shape     32 bytes; the name of a UNIX socket lies on the heap, shared by all copies. Equal
///           addresses have equal bytes.
/// Thread    a value; copies may go to any thread.
/// Source    sockaddr_in, sockaddr_in6, sockaddr_un of ip(7), ipv6(7) and unix(7).
class WRING_API Address {
 public:
    /// Holds no address.
    Address() noexcept = default;
    Address(const Address& other) noexcept : raw_(other.raw_), size_(other.size_) {
        if (isShared()) retain();
    }
    Address(Address&& other) noexcept : raw_(other.raw_), size_(std::exchange(other.size_, 0)) {
        other.raw_ = {};
    }
    Address& operator=(Address other) noexcept {
        std::swap(raw_, other.raw_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~Address() {
        if (isShared()) release();
    }

    /// Takes over what accept, getsockname or recvmsg wrote; none if it is too short, of a family
    /// that `AddressFamily` does not list, or if there is no memory for the name of a UNIX socket.
    static Address fromSockaddr(const void* data, std::size_t size) noexcept;

    /// Reads a numeric address, never a name of a host.
    ///
    /// Shape     IPv4: four decimal parts 0 .. 255 without leading zeros. IPv6: no brackets; may
    /// end
    ///           in `%` and an interface, by number or, if it exists now, by name.
    /// Errors    nothing if the text is anything else.
    /// Source    inet_pton(3), if_nametoindex(3).
    static std::optional<Address> parse(std::string_view host, std::uint16_t port) noexcept;

    /// Reads back the kernel's form; nothing if the host is no IPv4 literal.
    static std::optional<Address> from(const IPv4Address& address) noexcept;
    /// Reads back the kernel's form; nothing if the host is no IPv6 literal. A scope in the host
    /// counts before `scopeId()`.
    static std::optional<Address> from(const IPv6Address& address) noexcept;

    /// How long the path of a UNIX socket may be, in bytes; behind the NUL of an abstract name.
    static constexpr std::size_t pathBytesMax = 107;
    /// The UNIX socket at `path`, or of the name behind it in Linux's abstract namespace if the
    /// first byte is a NUL.
    ///
    /// Errors    nothing if that is empty, too long, or a path with a NUL in it.
    static std::optional<Address> fromPath(std::string_view path) noexcept;

    /// 0.0.0.0, every IPv4 interface of this host.
    static Address any4(std::uint16_t port) noexcept;
    /// 127.0.0.1.
    static Address loopback4(std::uint16_t port) noexcept;
    /// `::`, every interface of this host.
    static Address any6(std::uint16_t port) noexcept;
    /// `::1`.
    static Address loopback6(std::uint16_t port) noexcept;

    /// Tells what this holds.
    AddressFamily family() const noexcept;
    /// The numeric host without brackets, with `%scope` where the address has one: the interface's
    /// name if it exists now, else its number. Empty for the other families.
    std::string host() const;
    /// The port in host byte order, 0 for the other families.
    std::uint16_t port() const noexcept;
    /// Where a UNIX socket is bound, see fromPath(); empty if nowhere, and for other families.
    std::string path() const;
    /// The same host with another port; what has no port stays as it is.
    Address withPort(std::uint16_t port) const noexcept;

    /// Writes it as people do: "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80", "unix:/run/sock",
    /// "unix:@abstract", "unix:" for a UNIX socket that is bound nowhere, "none".
    std::string format() const;

    /// Points to the bytes a system call wants; valid as long as this object.
    const ::sockaddr* sockaddrData() const noexcept;
    /// How many bytes `sockaddrData` points to, 0 for none.
    std::uint32_t sockaddrSize() const noexcept { return size_ & ~sharedFlag; }

    /// The address as an application sees it, nothing unless it is IPv4.
    std::optional<IPv4Address> ipv4(AddressType type = AddressType::tcp) const;
    /// The address as an application sees it, nothing unless it is IPv6.
    std::optional<IPv6Address> ipv6(AddressType type = AddressType::tcp) const;

    /// Compares family, host and port, for IPv6 also flow information and scope; for UNIX the
    /// names, as text.
    bool operator==(const Address& other) const noexcept;

 private:
    struct Name;
    static constexpr std::uint32_t sharedFlag = std::uint32_t{1} << 31;

    Address(const void* data, std::size_t size) noexcept;
    static Address fromUnixName(std::string_view name) noexcept;
    bool isShared() const noexcept { return (size_ & sharedFlag) != 0; }
    Name* name() const noexcept;
    void retain() const noexcept;
    void release() noexcept;

    // Only the fields the kernel looks at are ever copied in, so that comparing bytes is right; or
    // the pointer to a Name, and the flag in the size.
    alignas(8) std::array<unsigned char, 28> raw_{};
    std::uint32_t size_ = 0;
};

/// Tells whether the text is a numeric address of the family; an IPv6 `%scope` is not looked at.
///
/// Source    Twisted: isIPAddress(addr, family=AF_INET).
WRING_API bool isIPAddress(std::string_view text,
                           AddressFamily family = AddressFamily::ipv4) noexcept;

/// Tells whether the text is a numeric IPv6 address, whatever follows a `%`.
WRING_API bool isIPv6Address(std::string_view text) noexcept;

}  // namespace wring

/// Hashes every field.
template <>
struct WRING_API std::hash<wring::IPv4Address> {
    /// Hashes every field.
    std::size_t operator()(const wring::IPv4Address& address) const noexcept;
};

/// Hashes every field.
template <>
struct WRING_API std::hash<wring::IPv6Address> {
    /// Hashes every field.
    std::size_t operator()(const wring::IPv6Address& address) const noexcept;
};

/// Hashes the kernel's form.
template <>
struct WRING_API std::hash<wring::Address> {
    /// Hashes the kernel's form.
    std::size_t operator()(const wring::Address& address) const noexcept;
};
